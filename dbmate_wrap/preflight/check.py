"""The input of a check, the run and the facts of the server, and its result."""

from dataclasses import dataclass
from typing import TypeVar

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.finding import CheckStatus
from dbmate_wrap.domain.ledger_access import LedgerAccess
from dbmate_wrap.domain.server_facts import ServerFacts, Unavailable
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.sql.requirements import Requirements

# Of a run at once: the one that all checks use, the advisory lock's, the watch and dbmate's own.
RUN_SESSIONS = 4
_Part = TypeVar("_Part")


@dataclass(frozen=True)
class PreflightContext:
    """The run, in plain values.

    `needs` is None where there is no SQL parser to read what the pending migrations need. `rollback`: a
    version is about to be taken back. `pg_dump_major` is None where no pg_dump was found.
    `own_statement_timeout`: the settings have one, which dbmate's session is given. `ledger` is None where
    there will be none, or it cannot be read. `role` is that of the settings, which the session has.
    """

    url: DatabaseUrl
    application_name: str
    history_schema: str
    history_table: str
    needs: Requirements | None
    require_tls: bool = False
    connect_timeout: float | None = 10.0
    rollback: bool = False
    dump_due: bool = False
    pg_dump_major: int | None = None
    own_statement_timeout: bool = False
    ledger: LedgerAccess | None = None
    role: str | None = None

    @property
    def account(self) -> str:
        """The role that migrates."""
        return self.role or self.url.user


@dataclass(frozen=True)
class CheckInput:
    """The session, the run and the facts that a check decides from."""

    session: Session
    context: PreflightContext
    facts: ServerFacts


class FactUnavailable(Exception):
    """A check cannot be made, for a reason that is not the server's state: the check is skipped."""


def fact(part: _Part | Unavailable) -> _Part:
    """The part that the server gave. Raises FactUnavailable where it gave none."""
    if isinstance(part, Unavailable):
        raise FactUnavailable(part.reason)
    return part


@dataclass(frozen=True)
class CheckResult:
    """The result of one check: status and reason, with a hint where it did not pass."""

    status: CheckStatus
    message: str
    hint: str | None = None


def passed(message: str) -> CheckResult:
    """The result of a check without objection; `message` says what was seen."""
    return CheckResult("pass", message)


def skipped(reason: str, hint: str | None = None) -> CheckResult:
    """The result of a check that has no subject here, or cannot be made."""
    return CheckResult("skip", reason, hint)


def warned(message: str, hint: str) -> CheckResult:
    """The result of a check after which the run goes on with a warning."""
    return CheckResult("warn", message, hint)


def failed(message: str, hint: str) -> CheckResult:
    """The result of a check that keeps the run from beginning."""
    return CheckResult("fail", message, hint)
