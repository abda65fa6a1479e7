"""Reads the state of a server before a migration in one round trip; one failing part hides no other."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from dbmate_wrap.domain.server_facts import (
    InvalidIndex,
    Lag,
    Migrating,
    Prepared,
    Privileges,
    Replication,
    ServerFacts,
    ServerMode,
    Slots,
    Transaction,
    Transactions,
    Unavailable,
)
from dbmate_wrap.errors import FailedError
from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.session import Session

_PARTS = (
    *("server", "privileges", "migrations", "transactions", "prepared"),
    *("indexes", "extensions", "slots", "replication"),
)
_NOT_ASKED: str | Unavailable = Unavailable("nobody asked for it")


@dataclass(frozen=True)
class Question:
    """The parameters of the queries.

    `ours` begins the names of this run's own sessions; `schemas` may hold `""` for the current one.
    """

    ours: str
    history_schema: str
    history_table: str
    schemas: Iterable[str] = ()
    extensions: Iterable[str] = ()

    def text(self) -> str:
        """Return the JSON that the queries read."""
        lists = {"schemas": sorted(self.schemas), "extensions": sorted(self.extensions)}
        names = {"history_schema": self.history_schema, "history_table": self.history_table}
        return json.dumps({"ours": self.ours, **names, **lists})


def read_facts(session: Session, question: Question, parts: Collection[str] = _PARTS) -> ServerFacts:
    """Read everything in one query; where that fails, in one query per part, so that one part hides no other.

    Parts that are not in `parts` are not asked for, and Unavailable. Raises UnreachableError.
    """
    answers = dict.fromkeys(_PARTS, _NOT_ASKED) | _read(session, parts, {"question": question.text()})
    return ServerFacts(
        server=_parse(answers["server"], lambda text: ServerMode(**json.loads(text))),
        privileges=_parse(answers["privileges"], _privileges),
        migrations=_parse(answers["migrations"], _migrations),
        transactions=_parse(answers["transactions"], _transactions),
        prepared=_parse(answers["prepared"], _prepared),
        invalid_indexes=_parse(answers["indexes"], _invalid),
        missing_extensions=_parse(answers["extensions"], lambda text: tuple(json.loads(text)["missing"])),
        slots=_parse(answers["slots"], lambda text: Slots(**json.loads(text))),
        replication=_parse(answers["replication"], _replication),
    )


def missing_extensions(session: Session, extensions: Collection[str]) -> tuple[str, ...]:
    """Return those of the named extensions that the server does not offer.

    Raises FailedError and UnreachableError.
    """
    question = json.dumps({"extensions": sorted(extensions)})
    [(text,)] = session.rows(_query("extensions"), {"question": question})
    return tuple(json.loads(str(text))["missing"])


def backend_pid(session: Session) -> int:
    """Return the process that serves the session now; `Session.backend_pid` is the one reported at login."""
    [(pid,)] = session.rows("select pg_catalog.pg_backend_pid()")
    return int(str(pid))


def _read(
    session: Session, parts: Collection[str], parameters: Mapping[str, str]
) -> dict[str, str | Unavailable]:
    columns = ",\n".join(f"(\n{_query(part)}\n)" for part in parts)
    try:
        [row] = session.rows(f"select {columns}", parameters)
    except FailedError:
        return {part: _read_alone(session, part, parameters) for part in parts}
    return {part: str(text) for part, text in zip(parts, row, strict=True)}


def _read_alone(session: Session, part: str, parameters: Mapping[str, str]) -> str | Unavailable:
    try:
        [(text,)] = session.rows(_query(part), parameters)
    except FailedError as error:
        return Unavailable(error.message)
    return str(text)


_T = TypeVar("_T")


def _parse(answer: str | Unavailable, make: Callable[[str], _T]) -> _T | Unavailable:
    if isinstance(answer, Unavailable):
        return answer
    try:
        return make(answer)
    except (ValueError, TypeError, KeyError) as error:
        return Unavailable(f"the server's answer was not understood: {error}")


def _privileges(text: str) -> Privileges:
    values = json.loads(text)
    values |= {key: tuple(values[key]) for key in ("closed_schemas", "history_missing")}
    return Privileges(**values)


def _migrations(text: str) -> tuple[Migrating, ...]:
    return tuple(Migrating(**item) for item in json.loads(text)["sessions"])


def _transactions(text: str) -> Transactions:
    values = json.loads(text)
    return Transactions(tuple(Transaction(**item) for item in values["transactions"]), values["hidden"])


def _prepared(text: str) -> tuple[Prepared, ...]:
    return tuple(Prepared(**item) for item in json.loads(text)["prepared"])


def _invalid(text: str) -> tuple[InvalidIndex, ...]:
    return tuple(InvalidIndex(**item) for item in json.loads(text)["invalid"])


def _replication(text: str) -> Replication:
    values = json.loads(text)
    lagging = tuple(Lag(**item) for item in values["lagging"])
    return Replication(lagging, tuple(Lag(**item) for item in values["inactive"]), values["hidden"])


@cache
def _query(part: str) -> str:
    return queries.load_query(f"preflight_{part}")
