"""Reads the state of a server before a migration in one round trip; one failing part hides no other."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, TypeVar

from dbmate_wrap.domain.masking import masked_query
from dbmate_wrap.domain.ownership import NotOwned
from dbmate_wrap.domain.server_facts import (
    InvalidIndex,
    Lag,
    Migrating,
    PendingDetach,
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
from dbmate_wrap.domain.session_limit import SessionLimit
from dbmate_wrap.errors import FailedError
from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.session import Session

_PARTS = (
    *("server", "privileges", "migrations", "transactions", "prepared"),
    *("indexes", "detaching", "extensions", "slots", "replication", "limits"),
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
    touched: Iterable[tuple[str, str, str]] = ()


def read_facts(session: Session, question: Question, parts: Collection[str] = _PARTS) -> ServerFacts:
    """Read everything in one query; where that fails, in one query per part, so that one part hides no other.

    Parts that are not in `parts` are not asked for, and Unavailable. Raises UnreachableError.
    """
    # Sets are not JSON.
    parameters = {"question": json.dumps(asdict(question), default=list)}
    answers = dict.fromkeys(_PARTS, _NOT_ASKED) | _read(session, parts, parameters)
    return ServerFacts(
        server=_parse(answers["server"], lambda found: ServerMode(**found)),
        privileges=_parse(answers["privileges"], _privileges),
        migrations=_parse(answers["migrations"], lambda found: _all(Migrating, found["sessions"])),
        transactions=_parse(
            answers["transactions"],
            lambda found: Transactions(tuple(map(_transaction, found["transactions"])), found["hidden"]),
        ),
        prepared=_parse(answers["prepared"], lambda found: _all(Prepared, found["prepared"])),
        invalid_indexes=_parse(answers["indexes"], lambda found: _all(InvalidIndex, found["invalid"])),
        detaching=_parse(answers["detaching"], lambda found: _all(PendingDetach, found["detaching"])),
        missing_extensions=_parse(answers["extensions"], lambda found: tuple(found["missing"])),
        untrusted_extensions=_parse(answers["extensions"], lambda found: tuple(found["untrusted"])),
        slots=_parse(answers["slots"], lambda found: Slots(**found)),
        replication=_parse(
            answers["replication"],
            lambda found: Replication(
                _all(Lag, found["lagging"]), _all(Lag, found["inactive"]), found["hidden"]
            ),
        ),
        limits=_parse(answers["limits"], lambda found: _all(SessionLimit, found["limits"])),
    )


def missing_extensions(session: Session, extensions: Collection[str]) -> tuple[str, ...]:
    """Return those of the named extensions that the server does not offer.

    Raises FailedError and UnreachableError.
    """
    question = json.dumps({"extensions": sorted(extensions)})
    [(text,)] = session.rows(_query("extensions"), {"question": question})
    return tuple(json.loads(str(text))["missing"])


def read_session_limits(session: Session) -> tuple[SessionLimit, ...]:
    """Return the limits that cut off long work of this account here. Raises UnreachableError."""
    try:
        [(text,)] = session.rows(_query("limits"))
    except FailedError:
        return ()
    return _all(SessionLimit, json.loads(str(text))["limits"])


def _read(
    session: Session, parts: Collection[str], parameters: Mapping[str, str]
) -> dict[str, str | Unavailable]:
    columns = ",\n".join(f"(\n{_query(part)}\n)" for part in parts)
    try:
        [row] = session.rows(f"select {columns}", parameters)
    except FailedError as error:
        if len(parts) == 1:
            return dict.fromkeys(parts, Unavailable(error.message))
        alone = [_read(session, [part], parameters) for part in parts]
        return {part: answer for answers in alone for part, answer in answers.items()}
    return {part: str(text) for part, text in zip(parts, row, strict=True)}


_T = TypeVar("_T")


def _parse(answer: str | Unavailable, make: Callable[[dict[str, Any]], _T]) -> _T | Unavailable:
    if isinstance(answer, Unavailable):
        return answer
    try:
        return make(json.loads(answer))
    except (ValueError, TypeError, KeyError) as error:
        return Unavailable(f"the server's answer was not understood: {error}")


def _all(make: Callable[..., _T], items: list[dict[str, Any]]) -> tuple[_T, ...]:
    return tuple(make(**item) for item in items)


def _transaction(found: dict[str, Any]) -> Transaction:
    return Transaction(**(found | {"query": masked_query(found["query"])}))


def _privileges(found: dict[str, Any]) -> Privileges:
    lists = {key: tuple(found[key]) for key in ("closed_schemas", "history_missing")}
    return Privileges(**(found | lists | {"not_owned": _all(NotOwned, found["not_owned"])}))


@cache
def _query(part: str) -> str:
    return queries.load_query(f"preflight_{part}")
