"""A migration file: its name, version and bytes, and the sections that dbmate sees in it."""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, field

# dbmate 2.37.0, pkg/dbmate/db.go: it skips any other name without a message.
FILE_NAME = re.compile(r"(\d+).*\.sql\Z", re.ASCII)

_DIGITS_OF_TIME = 10
_DATE = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", re.ASCII)


def version_of(name: str) -> str | None:
    """Return the version that dbmate takes from a file name; None for a name that it skips."""
    match = FILE_NAME.match(name)
    return match.group(1) if match else None


def is_same_version(version: str, typed: str) -> bool:
    """Return True where `typed` means `version`: it is the same, or the same number."""
    return version == typed or (version.isdecimal() and typed.isdecimal() and int(version) == int(typed))


def is_time(version: str) -> bool:
    """Return True for a version that is a time or a date, as `dbmate new` makes them: it has no next number.

    Nobody counts to a number of ten digits, which Unix time in seconds has too.
    """
    digits = version.lstrip("0")
    return len(digits) >= _DIGITS_OF_TIME or _DATE.fullmatch(digits) is not None


def is_sequential(numbering: str, versions: Collection[str]) -> bool:
    """Return True where the files count up; `numbering` is the setting: `auto` goes on as the newest does."""
    if numbering != "auto":
        return numbering == "sequential"
    return not versions or not is_time(max(versions, key=int))


def checksum(content: bytes) -> str:
    """Return the SHA-256 in hex of the bytes with line endings normalised: CRLF and lone CR count as LF.

    The same file checked out on two systems has one checksum (docs/formats.md has test vectors).
    """
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class MigrationFile:
    """One file of the migrations folder; `content` are the bytes that were read once and that will be run."""

    name: str
    version: str
    checksum: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Block:
    """The text that dbmate sends for one directive; `line` is the directive's own in the file, from 1."""

    sql: str = field(repr=False)
    line: int
    options: tuple[tuple[str, str], ...] = ()
    stray_options: tuple[str, ...] = ()

    @property
    def transaction(self) -> bool:
        """False only for exactly ``transaction:false``, as in dbmate."""
        return dict(self.options).get("transaction") != "false"


@dataclass(frozen=True)
class Section:
    """One ``migrate:up`` with its ``migrate:down``."""

    up: Block
    down: Block


@dataclass(frozen=True)
class ParsedMigration:
    """A file with its sections, in order; nearly always one."""

    file: MigrationFile
    sections: tuple[Section, ...]

    @property
    def transactional(self) -> bool:
        """True if its whole migrate:up runs in one transaction."""
        return len(self.sections) == 1 and self.sections[0].up.transaction
