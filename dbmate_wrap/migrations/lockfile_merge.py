"""Reads the lines of a lockfile that a merge has left broken, and gives lines other names and places."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dbmate_wrap.domain.history import Sealed, amend_command
from dbmate_wrap.domain.numbering import Renumbered
from dbmate_wrap.errors import HistoryError
from dbmate_wrap.migrations.lockfile import HEADER, parse_line, parse_lockfile

_MARKER = re.compile(rb"(<{7}|\|{7}|={7}|>{7})(?: .*)?")
# Which lines follow a marker: ours, those of the common ancestor, theirs, and those after the conflict.
_SIDES: Mapping[bytes, str] = {b"<" * 7: "ours", b"|" * 7: "ancestor", b"=" * 7: "theirs", b">" * 7: ""}
_BEFORE: Mapping[str, tuple[str, ...]] = {
    "ours": ("",),
    "ancestor": ("ours",),
    "theirs": ("ours", "ancestor"),
    "": ("theirs",),
}
_AMENDED = b"# amended "


@dataclass(frozen=True)
class LockText:
    """The bytes of one line of the lockfile, with the reasons above it; `sealed` is None for other text."""

    text: bytes
    sealed: Sealed | None = None

    def renamed(self, name: str) -> "LockText":
        """Return it for the file's new name: checksums, former ones and reasons are kept."""
        assert self.sealed is not None
        old, new = self.sealed.name.encode(), name.encode()
        lines = [
            line.replace(_AMENDED + old + b": ", _AMENDED + new + b": ", 1)
            if line.startswith(_AMENDED)
            else new + line.removeprefix(old)
            for line in self.text.splitlines(keepends=True)
        ]
        return replace(self, text=b"".join(lines), sealed=replace(self.sealed, name=name))


def read_merged(content: bytes) -> tuple[LockText, ...]:
    """Return the texts of a lockfile, of both sides of a conflict, without its markers.

    What both sides have is there once. Lines that cannot be read are other text.
    """
    found: list[LockText] = []
    reasons: list[bytes] = []
    side = ""
    for line in content.splitlines(keepends=True):
        bare = line.rstrip(b"\r\n")
        marker = _MARKER.fullmatch(bare)
        if marker is not None and side in _BEFORE[_SIDES[marker[1]]]:
            found += [LockText(each) for each in reasons]
            side, reasons = _SIDES[marker[1]], []
        elif side == "ancestor":
            continue
        elif bare.startswith(_AMENDED):
            reasons.append(line)
        else:
            sealed = parse_line(bare.decode("utf-8", "replace"))
            if sealed is not None:
                found.append(LockText(b"".join((*reasons, _ended(line))), sealed))
            else:
                found += [LockText(each) for each in (*reasons, line)]
            reasons = []
    found += [LockText(each) for each in reasons]
    return _once(found)


def renew(
    texts: Sequence[LockText],
    new_names: Mapping[str, str],
    gone: Collection[str],
    path: Path,
) -> bytes:
    """Return the lockfile whose lines of `new_names` have their new names and come last, in that order.

    Lines of `gone` are left out, all others stay byte for byte. Raises HistoryError where that cannot be read
    as a lockfile: a line may be there twice, with two checksums.
    """
    _raise_for_two_lines(texts, path)
    kept, moved = [], dict[str, bytes]()
    for each in texts:
        name = each.sealed.name if each.sealed is not None else None
        if name is not None and name in new_names:
            moved[new_names[name]] = each.renamed(new_names[name]).text
        elif name not in gone:
            kept.append(each.text)
    order = dict.fromkeys(new_names.values())
    content = b"".join([*kept, *(moved[name] for name in order if name in moved)]) or HEADER.encode()
    parse_lockfile(content, path)
    return content


def renumber_lines(
    content: bytes, plan: Sequence[Renumbered], present: Collection[str], path: Path
) -> bytes | None:
    """Return the lockfile in which the lines of the plan's files come last, with their new names.

    None where nothing changes, or nothing is sealed. A line without a file among those `present` is that of
    the file with its checksum: it was renamed, as by a run that was killed. Raises HistoryError as `renew`.
    """
    texts = read_merged(content)
    lines = [each.sealed for each in texts if each.sealed is not None]
    sealed = {line.name for line in lines}
    names: dict[str, str] = {}
    gone: list[str] = []
    for each in plan:
        sums = each.file.checksum
        lost = [
            line.name for line in lines if line.name not in present and sums in (line.checksum, *line.former)
        ]
        own = each.file.name if each.file.name in sealed else next(iter(lost), None)
        if own is not None:
            names[own] = each.new_name
        gone += [name for name in lost if name != own]
    renewed = renew(texts, names, gone, path)
    return renewed if content and renewed != content else None


def _raise_for_two_lines(texts: Sequence[LockText], path: Path) -> None:
    """Raise HistoryError where a merge kept two lines of one file: which one counts only a person knows."""
    names = [each.sealed.name for each in texts if each.sealed is not None]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise HistoryError(
            f"{path}: the lockfile is broken: it has two lines of {twice[0]}, which differ",
            hint="keep the one with the checksum of the file that is to stay, take the other out, and run the"
            f" command again; where both branches amended it: {amend_command(twice[0])}",
            migration=twice[0],
        )


def _once(texts: Sequence[LockText]) -> tuple[LockText, ...]:
    """Return the texts without lines that are there already, word for word."""
    seen: set[bytes] = set()
    found = []
    for each in texts:
        if each.sealed is not None and each.text in seen:
            continue
        seen.add(each.text)
        found.append(each)
    return tuple(found)


def _ended(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n"
