#!/usr/bin/env python3
"""Renew requirements/*.txt: all that pyproject.toml asks for, by hash, for every machine that we support.

Run by `make lock`; `scripts/lock.py --upgrade-package NAME` moves one package and keeps the others.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = (("linux", "Linux"), ("darwin", "Darwin"))
MACHINES = ("x86_64", "aarch64", "arm64")
HEADER = "# {what}, by version and hash. Written by `make lock`; installed by `make setup`. Do not edit.\n"
COMPILE = (
    *("--quiet", "--no-config", "--resolver=backtracking", "--generate-hashes", "--no-reuse-hashes"),
    *("--allow-unsafe", "--strip-extras", "--no-header", "--no-emit-options", "--no-emit-index-url"),
    *("--no-emit-trusted-host", "--no-emit-find-links"),
)
RESOLVE = (
    *("--quiet", "--dry-run", "--ignore-installed", "--no-deps"),
    *("--require-hashes", "--only-binary", ":all:"),
)
# Nothing that names a place may get into a lock.
ADDRESS = re.compile(r"://|--(?:index|extra-index|find-links|trusted-host)|^-[fi] ", re.MULTILINE)


@dataclass(frozen=True)
class Lock:
    """One file of requirements/: what it says of itself, what goes in, and which locks bind its versions."""

    name: str
    what: str
    requirements: tuple[str, ...]
    bound_by: tuple[str, ...] = ()


def main(arguments: Sequence[str]) -> None:
    """Write every lock, or none: they are moved into place when all of them have passed."""
    with tempfile.TemporaryDirectory() as folder:
        locks = list(wanted())
        for lock in locks:
            print(f"locking requirements/{lock.name}.txt ...", file=sys.stderr)
            (Path(folder) / f"{lock.name}.txt").write_text(compiled(lock, Path(folder), arguments))
        for lock in locks:
            missing = sorted(holes(Path(folder), lock))
            if missing:
                fail(f"requirements/{lock.name}.txt would lack " + "; ".join(missing))
        for lock in locks:
            os.replace(_beside(ROOT / "requirements", Path(folder) / f"{lock.name}.txt"), target(lock))


def wanted() -> Iterator[Lock]:
    """The locks that pyproject.toml asks for; a later one takes its versions from the earlier ones."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    image = tuple(project["project"]["dependencies"])
    runtime = (*image, *project["project"]["optional-dependencies"]["embedded"])
    yield Lock("build", "The build backend", tuple(project["build-system"]["requires"]))
    yield Lock("runtime", "What dbmate-wrap needs, with the extra `embedded`", runtime)
    yield Lock("image", "What dbmate-wrap needs, without extras", image, ("runtime",))
    development = (*runtime, *project["dependency-groups"]["dev"])
    yield Lock("dev", "Everything: runtime.txt and the development tools", development, ("runtime",))
    site = tuple(project["dependency-groups"]["docs"])
    yield Lock("docs", "What `make docs` needs beside dev.txt", site, ("runtime", "dev"))


def compiled(lock: Lock, folder: Path, arguments: Sequence[str]) -> str:
    """The text of one lock as pip-compile writes it, without any address, path or option in it."""
    source = folder / f"{lock.name}.in"
    constraints = "".join(f"-c {name}.txt\n" for name in lock.bound_by)
    source.write_text("\n".join(lock.requirements) + "\n" + constraints)
    output = folder / f"{lock.name}.out"
    if target(lock).exists():
        output.write_text(target(lock).read_text())
    files = ["--output-file", output.name, source.name]
    _run(
        [sys.executable, "-m", "piptools", "compile", *COMPILE, *(arguments or ["--upgrade"]), *files],
        cwd=folder,
    )
    text = HEADER.format(what=lock.what) + re.sub(r"-r \w+\.in", "pyproject.toml", output.read_text())
    text = re.sub(r"^ +#\s+-c \w+\.txt\n", "", text, flags=re.MULTILINE)
    if (found := ADDRESS.search(text)) is not None:
        fail(f"an address got into requirements/{lock.name}.txt: {found.group()!r}")
    return text


def holes(folder: Path, lock: Lock) -> Iterator[str]:
    """Packages that another supported machine would ask for and the lock does not have.

    pip-compile evaluates markers for the machine that it runs on; this looks at all the others.
    """
    report = folder / "report.json"
    files = ["--report", str(report), "-r", f"{lock.name}.txt"]
    _run([sys.executable, "-m", "pip", "install", *RESOLVE, *files], cwd=folder)
    found = [entry["metadata"] for entry in json.loads(report.read_text())["install"]]
    locked = {canonicalize_name(metadata["name"]) for metadata in found}
    asked = [(Requirement(text), "pyproject.toml") for text in lock.requirements]
    asked += [(Requirement(text), m["name"]) for m in found for text in m.get("requires_dist", [])]
    # Extras that a locked package was asked for with: psycopg[binary] has needs that psycopg has not.
    active = [want for want, _ in asked if applies_somewhere(want, {""})]
    extras = {(canonicalize_name(want.name), extra) for want in active for extra in want.extras}
    for want, by in asked:
        of_parent = {"", *(extra for name, extra in extras if name == canonicalize_name(by))}
        if canonicalize_name(want.name) not in locked and applies_somewhere(want, of_parent):
            yield f"{want} (asked for by {by})"


def applies_somewhere(requirement: Requirement, extras: Set[str]) -> bool:
    """Whether a requirement holds on any Python and system that we support, with any extra that is in use."""
    if requirement.marker is None:
        return True
    marker = requirement.marker
    return any(
        marker.evaluate(
            {"python_version": python, "python_full_version": f"{python}.0", "extra": extra}
            | {"sys_platform": platform, "platform_system": system, "platform_machine": machine}
            | {"os_name": "posix", "implementation_name": "cpython"}
            | {"platform_python_implementation": "CPython", "implementation_version": f"{python}.0"}
        )
        for python in PYTHONS
        for platform, system in SYSTEMS
        for machine in MACHINES
        for extra in extras
    )


def target(lock: Lock) -> Path:
    """Where the lock belongs."""
    return ROOT / "requirements" / f"{lock.name}.txt"


def child_environment() -> dict[str, str]:
    """pip's environment without the caller's extra sources.

    A wheel that lies on this machine must not put its hash into a file that other machines install from.
    The index itself (a company's mirror, say) and its certificates are kept, and are written nowhere.
    """
    env = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    for option in ("index-url", "cert", "client-cert", "proxy", "trusted-host"):
        if values := re.findall(rf"^(?:global|:env:)\.{option}='(.*)'$", asked.stdout, re.MULTILINE):
            env["PIP_" + option.replace("-", "_").upper()] = values[-1]
    return env | {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def _beside(folder: Path, made: Path) -> Path:
    # A rename is atomic only within one file system.
    copy = folder / f".{made.name}.new"
    copy.write_text(made.read_text())
    return copy


def _run(argv: Sequence[str], *, cwd: Path) -> None:
    done = subprocess.run(argv, cwd=cwd, env=child_environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        fail(f"{' '.join(argv[1:4])} failed:\n{done.stdout}{done.stderr}")


def fail(message: str) -> NoReturn:
    """Stop with a message; nothing in requirements/ has been changed."""
    sys.exit(f"scripts/lock.py: {message}\nNothing was written.")


if __name__ == "__main__":
    main(sys.argv[1:])
