"""Merges what the shards of a run have written: one result, as of one run over all targets."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import TypeAlias

from dbmate_wrap.domain.count import join_names
from dbmate_wrap.domain.fleet import Inventory
from dbmate_wrap.domain.fleet_end import TargetEnd
from dbmate_wrap.errors import ConfigError, ExitCode
from dbmate_wrap.fleet.documents import (
    FailedRun,
    LastDocument,
    NewerDocument,
    ReportOrigin,
    TargetDocument,
    Unread,
    read_documents,
)

# The name of a file as it was typed, and its lines.
ShardLines: TypeAlias = tuple[str, Iterable[bytes]]

_DIGITS = 12
_HINTS = {
    "command": "give the files of one command alone",
    "environment": "give the files of one environment alone",
    "fleet": "give the files of one fleet alone",
    "digest": "the list of databases was changed in between: run every shard again, from one list",
}
_NAMES = {"command": "command", "environment": "environment", "fleet": "fleet", "digest": "inventory"}


@dataclass(frozen=True)
class ShardFile:
    """What one file holds: `exit` is the code of its run, None where that was killed before its last word.

    `failure` is the message of a run that came to no target. `skipped` are lines that are no documents,
    `cut_off` those that hold a part of one.
    """

    name: str
    targets: int
    shard: str | None
    exit: ExitCode | None
    failure: str | None
    skipped: int
    cut_off: int


@dataclass(frozen=True)
class Merged:
    """All shards together: `names` are the targets that were selected, None where no file says which.

    `not_begun` and `stopped` are what the runs say that were stopped; of some a retried shard may tell more.
    """

    origin: ReportOrigin
    ends: tuple[TargetEnd, ...]
    names: tuple[str, ...] | None
    size: int
    where: tuple[str, ...]
    files: Mapping[str, str]
    shard_files: tuple[ShardFile, ...]
    not_begun: tuple[str, ...]
    stopped: str | None

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of the targets of which nothing is known."""
        known = {end.row.name for end in self.ends}.union(self.not_begun)
        return tuple(name for name in self.names or () if name not in known)

    def within(self, inventory: Inventory) -> "Merged":
        """Return the same with all targets of an inventory. Raises ConfigError where it is another one."""
        own = ReportOrigin(self.origin.command, inventory.environment, inventory.fleet, inventory.digest)
        _raise_unless_one({self.origin: ["the files"], own: ["the fleet as it is here"]})
        if self.names is not None:
            return self
        names = tuple(target.name for target in inventory.targets)
        return replace(self, names=names, size=len(names))


def merge(shards: Iterable[ShardLines]) -> Merged:
    """Return what the files say; of two documents about one target the one that began later counts.

    Only the ends of the targets are kept, so that ten thousand take little memory. Raises ConfigError where
    no file holds a document, and where they are not of one command, environment, fleet and inventory.
    """
    found = _Found()
    read = [found.read(name, lines) for name, lines in shards]
    if not found.origins:
        raise _nothing(read)
    _raise_unless_one(found.origins)
    return found.merged(read)


@dataclass
class _Found:
    """What was read so far; the inventories are by the labels that selected them."""

    origins: dict[ReportOrigin, list[str]] = field(default_factory=dict)
    ends: dict[str, tuple[tuple[bool, datetime], TargetEnd]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    inventories: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    not_begun: dict[str, None] = field(default_factory=dict)
    stopped: dict[str, None] = field(default_factory=dict)
    size: int = 0

    def read(self, name: str, lines: Iterable[bytes]) -> ShardFile:
        """Read one file, and return what it is. Raises ConfigError for what a later version has written."""
        targets: set[str] = set()
        unread: Counter[bool] = Counter()
        shard: str | None = None
        ended: LastDocument | FailedRun | None = None
        for document in read_documents(lines):
            match document:
                case TargetDocument():
                    self._note_target(document, name)
                    targets.add(document.end.row.name)
                    shard, ended = document.end.row.shard, None
                case LastDocument():
                    self._note_last(document, name)
                    shard, ended = document.shard, replace(document, inventory=())
                case FailedRun():
                    ended = document
                case NewerDocument():
                    raise _newer(name, document)
                case Unread():
                    unread[document.cut_off] += 1
        failure = ended.message if isinstance(ended, FailedRun) else None
        code = ended.exit if ended is not None else None
        return ShardFile(name, len(targets), shard, code, failure, unread[False], unread[True])

    def merged(self, read: Sequence[ShardFile]) -> Merged:
        """Return everything that was read, with the targets in the order of the inventory."""
        names = self._names()
        places = {name: number for number, name in enumerate(names or ())}
        ends = sorted((end for _, end in self.ends.values()), key=lambda end: places.get(end.row.name, 0))
        common = set.intersection(*map(set, self.inventories)) if self.inventories else set[str]()
        return Merged(
            origin=next(iter(self.origins)),
            ends=tuple(ends),
            names=names,
            size=self.size,
            where=tuple(sorted(common)),
            files=self.files,
            shard_files=tuple(read),
            not_begun=tuple(name for name in self.not_begun if name not in self.ends),
            stopped="; ".join(self.stopped) or None,
        )

    def _names(self) -> tuple[str, ...] | None:
        """Return the names of all that was selected; of canaries and of all databases it is all."""
        if not self.inventories:
            return None
        listed = sorted(self.inventories.values(), key=len, reverse=True)
        return tuple(dict.fromkeys(chain(*listed, self.ends)))

    def _note_target(self, document: TargetDocument, file: str) -> None:
        self._note_origin(document.origin, file)
        self.files |= document.files
        name = document.end.row.name
        # A run that was stopped before a target says nothing about what an earlier one found there.
        rank = document.end.was_begun, document.started_at
        known = self.ends.get(name)
        if known is None or rank >= known[0]:
            self.ends[name] = rank, document.end

    def _note_last(self, document: LastDocument, file: str) -> None:
        self._note_origin(document.origin, file)
        self.files |= document.files
        self.size = document.size
        self.inventories.setdefault(document.where, document.inventory)
        self.not_begun |= dict.fromkeys(document.not_begun)
        if document.stopped:
            self.stopped[document.stopped] = None

    def _note_origin(self, origin: ReportOrigin, file: str) -> None:
        files = self.origins.setdefault(origin, [])
        if file not in files[-1:]:
            files.append(file)


def _raise_unless_one(origins: Mapping[ReportOrigin, Sequence[str]]) -> None:
    for aspect, hint in _HINTS.items():
        values: dict[str, dict[str, None]] = {}
        for origin, files in origins.items():
            value = getattr(origin, aspect)
            values.setdefault(value[:_DIGITS] if aspect == "digest" else value, {}).update(
                dict.fromkeys(files)
            )
        if len(values) > 1:
            told = "; ".join(f"{value} in {join_names([*files])}" for value, files in values.items())
            raise ConfigError(f"the files are not of one {_NAMES[aspect]}: {told}", hint=hint)


def _nothing(read: Sequence[ShardFile]) -> ConfigError:
    failed = next((each for each in read if each.failure), None)
    if failed is not None:
        code = failed.exit or ExitCode.INTERNAL
        message = f"no run came to a database; the one of {failed.name} ended with {int(code)} ({code.label})"
        return ConfigError(f"{message}: {failed.failure}", hint="mend that, and run every shard again")
    names = join_names([each.name for each in read])
    hint = "give what `dbmate-wrap fleet up --format json` wrote to stdout"
    return ConfigError(f"no JSON lines of a run over a fleet in {names}", hint=hint)


def _newer(name: str, document: NewerDocument) -> ConfigError:
    message = f"{name} was written by a later dbmate-wrap (format_version {document.format_version})"
    return ConfigError(message, hint="report with the version that ran the shards")
