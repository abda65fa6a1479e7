"""Reads the JSON lines of a run over a fleet, whatever log stands around them."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, get_args

from dbmate_wrap.domain.fleet_end import TargetEnd, target_end
from dbmate_wrap.domain.fleet_result import FleetTargetRow, TargetState
from dbmate_wrap.errors import ErrorReport, ExitCode

# What is read here; a later version may have keys that mean something else.
_FORMAT_VERSION = 1
# A log may have a time before the document, and what was cut off may have the next one behind it.
_BEGIN = re.compile(r'\{\s*"format_version"\s*:')
_CODES = {int(code): code for code in ExitCode}
_Json: TypeAlias = Mapping[str, object]


@dataclass(frozen=True)
class ReportOrigin:
    """What all documents of one report have in common; `command` is ``fleet up``."""

    command: str
    environment: str
    fleet: str
    digest: str


@dataclass(frozen=True)
class TargetDocument:
    """The document of a target; `files` are those names of migration files, by version, that it has."""

    origin: ReportOrigin
    end: TargetEnd
    started_at: datetime
    files: Mapping[str, str]


@dataclass(frozen=True)
class LastDocument:
    """The last document of a run: `inventory` are the names that `where` selects, of all shards."""

    origin: ReportOrigin
    exit: ExitCode
    size: int
    shard: str | None
    where: tuple[str, ...]
    inventory: tuple[str, ...]
    not_begun: tuple[str, ...]
    stopped: str | None
    files: Mapping[str, str]


@dataclass(frozen=True)
class FailedRun:
    """The only document of a run that came to no target: of wrong settings, for example."""

    exit: ExitCode
    message: str


@dataclass(frozen=True)
class NewerDocument:
    """A document in a format of a later version."""

    format_version: int


@dataclass(frozen=True)
class Unread:
    """A line that is no document, or holds one that was cut off."""

    cut_off: bool


Document: TypeAlias = TargetDocument | LastDocument | FailedRun | NewerDocument | Unread


def read_documents(lines: Iterable[bytes]) -> Iterator[Document]:
    """Yield what each line is or holds; empty lines are left out."""
    for line in lines:
        text = line.decode("utf-8", "replace").strip("\ufeff \t\r\n")
        if text:
            yield from _read_line(text)


def _read_line(text: str) -> Iterator[Document]:
    places = [0] if text.startswith("{") else []
    places += [found.start() for found in _BEGIN.finditer(text) if found.start()]
    end, unread = 0, not places
    for place in places:
        if place < end:
            continue
        try:
            value, end = json.JSONDecoder().raw_decode(text, place)
            found = _document(value)
        except (ValueError, KeyError, TypeError, RecursionError):
            unread = True
            continue
        yield found
    if unread:
        yield Unread(cut_off=_BEGIN.search(text) is not None)


def _document(value: object) -> Document:
    """Return the document. Raises ValueError, KeyError or TypeError for what is none of a fleet."""
    document = _mapping(value)
    version = _number(document["format_version"])
    if version != _FORMAT_VERSION:
        return NewerDocument(version)
    command = _word(document["command"])
    if command.partition(" ")[0] != "fleet":
        raise ValueError(command)
    code = _CODES[_number(_mapping(document["exit"])["code"])]
    if "fleet_target" in document:
        return _target(document, command, code)
    if "fleet" in document:
        return _last(document, command, code)
    return FailedRun(code, _text(_mapping(document["error"])["message"]))


def _target(document: _Json, command: str, code: ExitCode) -> TargetDocument:
    row = _mapping(document["fleet_target"])
    state = next((state for state in get_args(TargetState) if state == row["state"]), None)
    if state is None:
        raise ValueError(row["state"])
    found = FleetTargetRow(
        fleet=_word(row["fleet"]),
        name=_text(row["name"]),
        labels=tuple(map(sys.intern, _texts(row["labels"]))),
        shard=_word_or_none(row["shard"]),
        digest=_word(row["digest"]),
        state=state,
        version=_word_or_none(row["version"]),
        pending=_number(row["pending"]),
    )
    origin = ReportOrigin(command, _word(document["environment"]), found.fleet, found.digest)
    started_at = datetime.fromisoformat(_text(document["started_at"]))
    if started_at.tzinfo is None:
        raise ValueError(started_at)
    end = target_end(found, code, _error(document["error"]), _number(document["duration_ms"]))
    return TargetDocument(origin, end, started_at, _files(document["migrations"]))


def _last(document: _Json, command: str, code: ExitCode) -> LastDocument:
    fleet = _mapping(document["fleet"])
    return LastDocument(
        origin=ReportOrigin(
            command, _word(document["environment"]), _word(fleet["name"]), _word(fleet["digest"])
        ),
        exit=code,
        size=_number(fleet["size"]),
        shard=_word_or_none(fleet["shard"]),
        where=_texts(fleet["where"]),
        inventory=_texts(fleet["inventory"]),
        not_begun=_texts(fleet["not_begun"]),
        stopped=_text_or_none(fleet["stopped"]),
        files=_files(fleet["versions"]),
    )


def _error(value: object) -> ErrorReport | None:
    if value is None:
        return None
    error = _mapping(value)
    line = error["line"]
    return ErrorReport(
        message=_text(error["message"]),
        hint=_text_or_none(error["hint"]),
        sqlstate=_word_or_none(error["sqlstate"]),
        migration=_word_or_none(error["migration"]),
        line=None if line is None else _number(line),
    )


def _files(value: object) -> dict[str, str]:
    """Return the names of files by version, from rows that have both."""
    rows = [_mapping(row) for row in _list(value)]
    return {_word(row["version"]): _word(row["file"]) for row in rows if row["version"] and row["file"]}


def _mapping(value: object) -> _Json:
    if not isinstance(value, dict):
        raise TypeError(value)
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(_text, _list(value)))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _word(value: object) -> str:
    # The same word in ten thousand documents is kept once.
    return sys.intern(_text(value))


def _word_or_none(value: object) -> str | None:
    return None if value is None else _word(value)


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(value)
    return value
