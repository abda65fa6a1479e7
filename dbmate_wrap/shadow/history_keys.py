"""Names histories: a key for every prefix of the migrations, from their exact bytes."""

from collections.abc import Sequence
from hashlib import sha256

from dbmate_wrap.domain.migration import MigrationFile

# Counted up when the same files make another database than before because of this program.
FORMAT = 1


def keys(files: Sequence[MigrationFile], *, major: int, pin: str, migrations_table: str) -> tuple[str, ...]:
    """For each file, 64 hex digits that stand for the history from the first file to it.

    Two histories with one key make one database: key n is the SHA-256 of key n-1, the name and the content,
    each after its length; before the first stands what else decides (`pin`: which dbmate).
    """
    last = _digest(b"", str(FORMAT).encode(), str(major).encode(), pin.encode(), migrations_table.encode())
    found = []
    for file in files:
        last = _digest(last, file.name.encode("utf-8", "surrogateescape"), file.content)
        found.append(last.hex())
    return tuple(found)


def _digest(*parts: bytes) -> bytes:
    digest = sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
