"""Asks the other environments' databases how long the same migrations took there."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from dbmate_wrap.domain.count import count, join_names
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.live_relation import Durations, Took
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.errors import FailedError, WrapError
from dbmate_wrap.postgres import ledger
from dbmate_wrap.postgres.live_relations import read_sizes
from dbmate_wrap.workspace import database
from dbmate_wrap.workspace.at_once import ask_at_once
from dbmate_wrap.workspace.context import Context

# A duration is good to know, and nobody waits long for it: not for a host that a firewall hides, either.
_PATIENCE_SECONDS = 3.0
_NOTHING: Mapping[str, Collection[str]] = MappingProxyType({})


@dataclass(frozen=True)
class _Answer:
    """The seconds by checksum, and the bytes of those relations that are there."""

    seconds: Mapping[str, float]
    sizes: Mapping[str, int]


def read_durations(
    context: Context,
    migrations: Sequence[ParsedMigration],
    relations: Mapping[str, Collection[str]] = _NOTHING,
) -> Durations:
    """Return how long the same bytes took in each other environment that has a URL and can be reached.

    All are asked at once, within `connect_timeout` and three seconds; none is written to. `relations` are
    those that each version works on, as people read them: their size there is given too. An environment
    that cannot be asked is named in a note, and is no error.
    """
    checksums = {each.file.version: each.file.checksum for each in migrations}
    others, unasked = _find_others(context) if checksums else ([], [])
    names = {name for listed in relations.values() for name in listed}
    answers = ask_at_once(
        {
            there.environment.name: partial(_ask, there, url, tuple(checksums.values()), names)
            for there, url in others
        },
        seconds=min(
            max((there.environment.values.connect_timeout for there, _ in others), default=0),
            _PATIENCE_SECONDS,
        ),
    )
    unasked += [name for name, answer in answers.items() if isinstance(answer, WrapError)]
    asked = {name: answer for name, answer in answers.items() if not isinstance(answer, WrapError)}
    took = {
        version: tuple(
            Took(name, _bytes(answer, relations.get(version, ())), answer.seconds[checksum])
            for name, answer in asked.items()
            if checksum in answer.seconds
        )
        for version, checksum in checksums.items()
    }
    return Durations({version: found for version, found in took.items() if found}, _notes(unasked))


def _find_others(context: Context) -> tuple[list[tuple[Context, DatabaseUrl]], list[str]]:
    """Return the other environments that have a URL, and the names of those whose URL cannot be used.

    Not in threads: it may run a command, learns secrets, and writes to the console.
    """
    found: list[tuple[Context, DatabaseUrl]] = []
    unusable: list[str] = []
    for environment in context.project.environments.values():
        if environment.name == context.environment.name or environment.url_source() is None:
            continue
        there = replace(context, environment=environment)
        try:
            found.append((there, database.resolve_url(there)))
        except WrapError:
            unusable.append(environment.name)
    return found, unusable


def _ask(context: Context, url: DatabaseUrl, checksums: Collection[str], names: Collection[str]) -> _Answer:
    with database.open_session(context, url) as session:
        seconds = ledger.durations(session, context.environment.name, checksums)
        try:
            sizes = read_sizes(session, names) if seconds else {}
        except FailedError:
            sizes = {}
    return _Answer(seconds, sizes)


def _bytes(answer: _Answer, relations: Collection[str]) -> int | None:
    found = [answer.sizes[name] for name in relations if name in answer.sizes]
    return sum(found) if found else None


def _notes(unasked: Sequence[str]) -> tuple[str, ...]:
    if not unasked:
        return ()
    number = count(len(unasked), "other environment")
    return (f"{number} could not be asked how long these migrations took there: {join_names(unasked)}",)
