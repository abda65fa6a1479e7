"""The lockfile: one line a migration, append only, written by rename."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from dbmate_wrap.atomic import write_by_rename
from dbmate_wrap.domain.history import Sealed, amend_command
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.errors import HistoryError

HEADER = (
    "# Sealed migrations, in order: append only. Written by `dbmate-wrap seal`; a conflict here means that\n"
    "# two branches added a migration: `dbmate-wrap renumber FILE` gives the later one the next number.\n"
)
# The rule `file-name` refuses most of the names that fit here, but a team can turn that rule off.
_NAME = r"\d+(?:(?! sha256:)[^/\\\x00-\x1f\x7f\ud800-\udfff])*\.sql"
_LINE = re.compile(
    rf"(?P<name>{_NAME}) sha256:(?P<hex>[0-9a-f]{{64}})(?P<former>(?: was sha256:[0-9a-f]{{64}})*)", re.ASCII
)
_FORMER = " was sha256:"
# Of the line below it: so a comment that a merge has moved is not taken for the reason of another line.
_REASON = "# amended {}: "
# `git checkout --` refuses what is in conflict, and which side is "ours" differs between merge and rebase.
# `check` knows the base, and names the file.
_CONFLICT_HINT = (
    "`dbmate-wrap renumber FILE`, FILE being your own new migration, gives yours the next numbers and puts"
    " the lines in order; where you have none, keep the lines of the main branch"
)


def read_lockfile(path: Path) -> tuple[Sealed, ...]:
    """Read the sealed lines in order; none without a lockfile. Raises HistoryError naming the broken line."""
    return parse_lockfile(_content(path) or b"", path)


def parse_lockfile(content: bytes, path: Path) -> tuple[Sealed, ...]:
    """Parse the bytes of a lockfile; `path` is for the HistoryError that names the broken line."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        raise _broken(path, "it is not UTF-8 text", before.count(b"\n") + 1) from None
    sealed: list[Sealed] = []
    above = ""
    # Not splitlines(), to which more characters than these end a line. A checkout may have made CRLF of LF.
    for number, line in enumerate(text.split("\n"), 1):
        comment, above = above, line
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.rstrip())
        if match is None:
            reason, hint = _malformed(line)
            raise _broken(path, reason, number, hint)
        name = match["name"]
        if sealed and name <= sealed[-1].name:
            raise _misplaced(path, match, sealed, number)
        former = tuple(match["former"].split(_FORMER)[1:])
        sealed.append(Sealed(name, match["hex"], number, former, _reason(comment, name)))
    return tuple(sealed)


def parse_line(line: str) -> Sealed | None:
    """Return the sealed line, without its number and reason; None for any other text."""
    match = _LINE.fullmatch(line.rstrip())
    if match is None:
        return None
    return Sealed(match["name"], match["hex"], 0, tuple(match["former"].split(_FORMER)[1:]))


def read_content(path: Path) -> bytes:
    """Return the bytes of the lockfile; none without one. Raises HistoryError."""
    return _content(path) or b""


def write_content(path: Path, content: bytes) -> None:
    """Write the whole lockfile."""
    write_by_rename(path, content)


def _reason(comment: str, name: str) -> str | None:
    head = _REASON.format(name)
    return (comment.removeprefix(head).strip() or None) if comment.startswith(head) else None


def _misplaced(path: Path, match: re.Match[str], sealed: Sequence[Sealed], number: int) -> HistoryError:
    """Return the error for a line that is out of order, or there twice."""
    name = match["name"]
    first = next((line for line in sealed if line.name == name), None)
    # A union merge (.gitattributes) makes no conflict.
    reason = f"does not come after {sealed[-1].name}" if first is None else "is there twice"
    hint = f"{_restoring(path)}; where a merge made it so, {_CONFLICT_HINT}"
    if first is not None and (first.former or match["former"]):
        hint = (
            f"a merge kept two lines of {name}. Where one branch amended it, keep the line with `was` and the"
            " comment above it, and take the other out; where both did, keep the main branch's, with its text"
            f" of the file, and amend that again: {amend_command(name)}"
        )
    return _broken(path, f"{name} {reason}", number, hint)


def append_lines(path: Path, present: Sequence[Sealed], new: Sequence[MigrationFile]) -> None:
    """Append one line for each of `new`; existing lines stay byte for byte.

    Raises HistoryError for a file that does not come after those sealed already, or whose name no line can
    hold, and writes nothing then: what is written can be read again.
    """
    last = present[-1].name if present else ""
    for file in new:
        if file.name <= last:
            raise HistoryError(
                f"{file.name} cannot be sealed: it does not come after {last}, which is",
                hint=f"give it a number after {last}",
                migration=file.name,
            )
        if not _LINE.fullmatch(_line(file)):
            raise HistoryError(
                f"{file.name!r} cannot be sealed: the lockfile has no way to write that name",
                hint="rename the file: NNN_name.sql",
            )
        last = file.name
    before = _content(path) or HEADER.encode()
    end = b"\r\n" if b"\r\n" in before else b"\n"
    if not before.endswith(b"\n"):
        before += end
    write_by_rename(path, before + b"".join(_line(file).encode() + end for file in new))


def amend_line(path: Path, line: Sealed, file: MigrationFile, reason: str) -> None:
    """Give the line of `file` its checksum, with the former ones after it and the reason above it.

    All other lines stay byte for byte. `line` is as it was read, `reason` one line of printable text.
    """
    content = _content(path) or b""
    lines = content.split(b"\n")
    comment_end = b"\r" if b"\r\n" in content else b""
    line_end = b"\r" if lines[line.line - 1].endswith(b"\r") else b""
    former = [each for each in dict.fromkeys((*line.former, line.checksum)) if each != file.checksum]
    text = _line(file) + "".join(f"{_FORMER}{each}" for each in former)
    comment = _REASON.format(file.name) + reason
    lines[line.line - 1 : line.line] = [comment.encode() + comment_end, text.encode() + line_end]
    write_by_rename(path, b"\n".join(lines))


def seal_again(path: Path, present: Sequence[Sealed], files: Sequence[MigrationFile]) -> None:
    """Give the line of each of `files` its checksum alone, without former ones and their reasons.

    All other lines stay byte for byte. `present` are the lines as they were read.
    """
    content = (_content(path) or b"").split(b"\n")
    by_name = {file.name: file for file in files}
    # From the end: the numbers of the lines before stay true.
    for line in reversed([each for each in present if each.name in by_name]):
        index = line.line - 1
        line_end = b"\r" if content[index].endswith(b"\r") else b""
        content[index] = _line(by_name[line.name]).encode() + line_end
        head = _REASON.format(line.name).encode()
        while index and content[index - 1].startswith(head):
            index -= 1
            del content[index]
    write_by_rename(path, b"\n".join(content))


def _line(file: MigrationFile) -> str:
    return f"{file.name} sha256:{file.checksum}"


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = f"it cannot be read: {error.strerror}"
        raise _broken(path, reason, hint=f"look at what lies there: ls -ld {path}") from None


def _malformed(line: str) -> tuple[str, str | None]:
    """Return what is wrong with a line that cannot be read, and the hint for it if it is a special one."""
    if line.startswith(("<<<<<<<", "=======", ">>>>>>>", "|||||||")):
        return "a merge conflict is left in it", _CONFLICT_HINT
    if line.startswith("\ufeff"):
        return "it begins with a byte order mark", None
    return "this line is not of the form `NNN_name.sql sha256:<64 hex digits>`", None


def _broken(path: Path, reason: str, line: int | None = None, hint: str | None = None) -> HistoryError:
    return HistoryError(
        f"{os.fspath(path)}{f':{line}' if line else ''}: the lockfile is broken: {reason}",
        hint=hint or f"{_restoring(path)}; then run `dbmate-wrap seal`",
        line=line,
    )


def _restoring(path: Path) -> str:
    return f"restore it from version control: git checkout -- {os.fspath(path)}"
