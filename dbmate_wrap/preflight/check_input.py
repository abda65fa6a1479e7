"""The input of a check: the run in plain values, and the facts of the server."""

from dataclasses import dataclass
from typing import TypeVar

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.server_facts import ServerFacts, Unavailable
from dbmate_wrap.postgres.session import Session


@dataclass(frozen=True)
class PreflightContext:
    """The run, in plain values.

    `schemas` to `changes_privileges` are what the pending migrations need, `schemas` and
    `extensions` None where there is no SQL parser. `rollback`: a version is about to be taken back.
    `pg_dump_major` is None where no pg_dump was found.
    """

    url: DatabaseUrl
    application_name: str
    history_schema: str
    history_table: str
    require_tls: bool = False
    connect_timeout: float | None = 10.0
    schemas: frozenset[str] | None = frozenset()
    extensions: frozenset[str] | None = frozenset()
    indexes: frozenset[tuple[str, str]] = frozenset()
    makes_schema: bool = False
    changes_privileges: bool = False
    rollback: bool = False
    dump_due: bool = False
    pg_dump_major: int | None = None


@dataclass(frozen=True)
class CheckInput:
    """The session, the run and the facts that a check decides from."""

    session: Session
    context: PreflightContext
    facts: ServerFacts


class FactUnavailable(Exception):
    """A check cannot be made, for a reason that is not the server's state: the check is skipped."""


_Part = TypeVar("_Part")


def fact(part: _Part | Unavailable) -> _Part:
    """The part that the server gave. Raises FactUnavailable where it gave none."""
    if isinstance(part, Unavailable):
        raise FactUnavailable(part.reason)
    return part
