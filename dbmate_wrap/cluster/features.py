"""Tells what an installed PostgreSQL has, from its files alone: extensions, ICU, TLS; nothing is started."""

import mmap
from functools import cache
from pathlib import Path

from dbmate_wrap.cluster.binaries import Binaries

# What the server says where it was built without. The text is in its program then, and in no other.
_WITHOUT_ICU = b"ICU is not supported in this build"
_WITHOUT_TLS = b"SSL is not supported by this build"
# Seen from the folder above `bin`; `{}` is the major. Every PostgreSQL has plpgsql.
_SHARE = ("share", "share/postgresql", "share/pgsql", "share/postgresql@{}", "share/postgresql/{}")
_DEBIAN = "/usr/share/postgresql/{}"
_EVERYWHERE = "plpgsql.control"


def has_extension(binaries: Binaries, name: str) -> bool:
    """Return whether the installation offers the extension."""
    folder = extension_folder(binaries)
    return "/" not in name and folder is not None and (folder / f"{name}.control").is_file()


def extensions_of(binaries: Binaries) -> frozenset[str]:
    """Return the names of the extensions that the installation offers."""
    folder = extension_folder(binaries)
    return frozenset(path.stem for path in folder.glob("*.control")) if folder else frozenset()


@cache
def extension_folder(binaries: Binaries) -> Path | None:
    """Return the folder of the control files; None where it is at no known place."""
    above = binaries.bin_dir.parent
    shares = [*(above / each.format(binaries.major) for each in _SHARE), Path(_DEBIAN.format(binaries.major))]
    for folder in (share / "extension" for share in shares):
        if (folder / _EVERYWHERE).is_file():
            return folder
    return _asked_folder(binaries)


def has_icu(binaries: Binaries) -> bool:
    """Return whether the server was built with ICU: else it makes no database and no collation of ICU."""
    return not _says(binaries, _WITHOUT_ICU)


def has_tls(binaries: Binaries) -> bool:
    """Return whether the server was built with OpenSSL."""
    return not _says(binaries, _WITHOUT_TLS)


def _says(binaries: Binaries, text: bytes) -> bool:
    with (binaries.bin_dir / "postgres").open("rb") as file:
        try:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as program:
                return program.find(text) >= 0
        except ValueError:  # It is empty.
            return False


def _asked_folder(binaries: Binaries) -> Path | None:
    program = binaries.bin_dir / "pg_config"
    if not program.is_file():
        return None
    from dbmate_wrap import process

    try:
        asked = process.run(process.Command((str(program), "--sharedir"), {"LC_ALL": "C"}), timeout=10)
    except OSError:
        return None
    folder = Path(asked.stdout.strip(), "extension")
    return folder if (folder / _EVERYWHERE).is_file() else None
