#!/usr/bin/env python3
"""Say what a release under a tag lacks, before anything is built: `scripts/release_ready.py v0.1.0`.

Exit code: 0 nothing, 1 something, 2 usage.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str], tree: Path = ROOT) -> int:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(prog="scripts/release_ready.py", description=__doc__)
    parser.add_argument("tag", help="such as v0.1.0")
    faults = lacking(tree, parser.parse_args(arguments).tag)
    for fault in faults:
        print(f"scripts/release_ready.py: {fault}", file=sys.stderr)
    return 1 if faults else 0


def lacking(tree: Path, tag: str) -> list[str]:
    """A line for everything that the project in this folder lacks for a release under this tag."""
    code = (tree / "dbmate_wrap" / "__init__.py").read_text("utf-8")
    version = re.search(r'^__version__ = "(.+)"$', code, re.MULTILINE)
    wanted = f"v{version[1]}" if version else ""
    heading = re.compile(rf"^## {re.escape(tag.removeprefix('v'))}(?: |$)", re.MULTILINE)
    project = tomllib.loads((tree / "pyproject.toml").read_text("utf-8"))["project"]
    faults = [] if tag == wanted else [f"{tag} is not the tag of dbmate_wrap/__init__.py, which is {wanted}"]
    if not heading.search((tree / "CHANGELOG.md").read_text("utf-8")):
        faults.append(f"CHANGELOG.md has no heading for {tag.removeprefix('v')}")
    if "urls" not in project:
        faults.append("pyproject.toml has no [project.urls]: say there where the repository is published")
    return faults


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
