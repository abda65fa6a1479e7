"""The signature of cache files: a branch may bring files of the same names, and none of those is believed."""

import contextlib
import hmac
import os
import secrets
import stat
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from dbmate_wrap.atomic import write_by_rename
from dbmate_wrap.errors import ConfigError

_NAME = "signing-key"
_BYTES = 32


def read_signing_key(folder: Path, *, make: bool) -> bytes | None:
    """Return the secret key of the cache in `folder`; None where there is none, or none can be made.

    It depends on the file's inode and change time, which no checkout, archive or copy can choose: a key file
    that a branch brings makes another key than the one that its author has signed with.
    """
    path = folder / _NAME
    found = _read(path)
    if found is not None or not make:
        return found
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_bytes(_BYTES))
    return _read(path)


def _read(path: Path) -> bytes | None:
    try:
        with open(path, "rb", opener=_open_no_link) as file:
            found, content = os.fstat(file.fileno()), file.read(_BYTES)
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode) or len(content) != _BYTES:
        return None
    return sha256(f"{found.st_ino} {found.st_ctime_ns} ".encode() + content).digest()


def _open_no_link(name: str, flags: int) -> int:
    # A link could lead to a file that is known, and a pipe would wait for a writer.
    return os.open(name, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def sign(key: bytes, parts: Iterable[str]) -> str:
    """Return the signature of these texts in this order."""
    encoded = [part.encode("utf-8", "surrogateescape") for part in parts]
    text = b"".join(len(part).to_bytes(8, "big") + part for part in encoded)
    return hmac.digest(key, text, "sha256").hex()


def read_signed(path: Path) -> str:
    """Return the text of a file after the line of its signature; empty where that is not ours."""
    key = read_signing_key(path.parent, make=False)
    try:
        signature, _, text = path.read_text("utf-8").partition("\n")
    except (OSError, ValueError):
        return ""
    return text if key is not None and is_signed(key, (path.name, text), signature) else ""


def write_signed(path: Path, text: str) -> None:
    """Write a file for `read_signed`; nothing where it cannot be written, or no key can be made."""
    key = read_signing_key(path.parent, make=True)
    if key is not None:
        with contextlib.suppress(ConfigError, OSError):
            write_by_rename(path, f"{sign(key, (path.name, text))}\n{text}".encode())


def is_signed(key: bytes, parts: Iterable[str], found: str) -> bool:
    """Return True where `found` is the signature of these texts."""
    return hmac.compare_digest(sign(key, parts).encode(), found.encode("utf-8", "replace"))
