"""Keys of histories: one for every prefix of the migrations, from their exact bytes."""

from collections.abc import Sequence
from hashlib import sha256

from dbmate_wrap.domain.migration import MigrationFile

# Increased when this program makes another database of the same files than before.
_FORMAT = 1


def history_keys(
    files: Sequence[MigrationFile], *, major: int, pin: str, migrations_table: str
) -> tuple[str, ...]:
    """Return for each file 64 hex digits that identify the history from the first file to this one.

    Two histories with one key make the same database: key n is the SHA-256 of key n-1, the name and the
    content, each after its length. The first key starts from all else that matters (`pin`: dbmate's version).
    """
    last = _digest(b"", str(_FORMAT).encode(), str(major).encode(), pin.encode(), migrations_table.encode())
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
