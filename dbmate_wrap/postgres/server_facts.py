"""Reads the state of a server before a migration: everything in one round trip, in parts that fail alone."""

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
    Server,
    ServerFacts,
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
    """What the queries are asked about.

    `ours` is how the names of this run's own sessions begin; `schemas` may hold `""` for the current one.
    """

    ours: str
    history_schema: str
    history_table: str
    schemas: Iterable[str] = ()
    extensions: Iterable[str] = ()

    def text(self) -> str:
        """As the JSON that the queries take apart."""
        lists = {"schemas": sorted(self.schemas), "extensions": sorted(self.extensions)}
        names = {"history_schema": self.history_schema, "history_table": self.history_table}
        return json.dumps({"ours": self.ours, **names, **lists})


def read_facts(session: Session, question: Question, parts: Collection[str] = _PARTS) -> ServerFacts:
    """Everything in one query; where that fails, in one query per part, so that one part hides no other.

    Parts that are not in `parts` are not asked for, and Untold. Raises UnreachableError.
    """
    told = dict.fromkeys(_PARTS, _NOT_ASKED) | _read(session, parts, {"question": question.text()})
    return ServerFacts(
        server=_made(told["server"], lambda text: Server(**json.loads(text))),
        privileges=_made(told["privileges"], _privileges),
        migrations=_made(told["migrations"], _migrations),
        transactions=_made(told["transactions"], _transactions),
        prepared=_made(told["prepared"], _prepared),
        invalid_indexes=_made(told["indexes"], _invalid),
        missing_extensions=_made(told["extensions"], lambda text: tuple(json.loads(text)["missing"])),
        slots=_made(told["slots"], lambda text: Slots(**json.loads(text))),
        replication=_made(told["replication"], _replication),
    )


def invalid_indexes(session: Session) -> frozenset[str]:
    """The quoted names (``schema.index``) of indexes that are unusable and that nobody is building.

    Raises FailedError and UnreachableError.
    """
    [(text,)] = session.rows(_query("indexes"), {})
    return frozenset(index.quoted for index in _invalid(str(text)))


def missing_extensions(session: Session, extensions: Collection[str]) -> tuple[str, ...]:
    """Those of the named extensions that the server does not offer.

    Raises FailedError and UnreachableError.
    """
    question = json.dumps({"extensions": sorted(extensions)})
    [(text,)] = session.rows(_query("extensions"), {"question": question})
    return tuple(json.loads(str(text))["missing"])


def backend_pid(session: Session) -> int:
    """The process that serves the session now; `Session.backend_pid` is the one promised at login."""
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


def _made(told: str | Unavailable, make: Callable[[str], _T]) -> _T | Unavailable:
    if isinstance(told, Unavailable):
        return told
    try:
        return make(told)
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
    return queries.query(f"preflight_{part}")
