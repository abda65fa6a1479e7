"""How the checks of a server are reported, and the error for those that failed."""

from types import SimpleNamespace
from typing import cast

import pytest

from dbmate_wrap import preflight
from dbmate_wrap.domain.database_url import parse
from dbmate_wrap.domain.finding import Check
from dbmate_wrap.domain.ledger import Ledger
from dbmate_wrap.domain.ledger_access import LedgerAccess
from dbmate_wrap.errors import ExitCode, PreflightError
from dbmate_wrap.execution import readiness
from dbmate_wrap.execution.readiness import raise_for_failed, run_preflight
from dbmate_wrap.postgres import schema
from dbmate_wrap.preflight import PreflightContext
from dbmate_wrap.sql.requirements import requirements_of
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.history import History

URL = parse("postgres://app@db.example.org/crm", os_user="nobody")
DATABASE = cast(
    Database,
    SimpleNamespace(
        url=URL,
        session="the session",
        server=SimpleNamespace(major=17, history=SimpleNamespace(schema="ops", table="history")),
    ),
)


def with_values(**values: object) -> Context:
    """A context with these settings."""
    return cast(
        Context,
        SimpleNamespace(
            environment=SimpleNamespace(values=SimpleNamespace(**values)),
            invocation=SimpleNamespace(application_name="dbmate-wrap/1"),
        ),
    )


def test_the_error_lists_every_failure_and_no_warning() -> None:
    checks = (
        Check("primary", "fail", "a standby", "name the primary"),
        Check("replication", "warn", "it lags", "wait"),
        Check("pooler", "fail", "a pooler", "use the direct URL"),
    )
    said: list[str] = []
    with pytest.raises(PreflightError) as raised:
        raise_for_failed(checks, said.append)
    error = raised.value
    assert said == ["warning: it lags [replication]; wait"]
    assert error.code is ExitCode.PREFLIGHT
    assert error.message == "the server cannot take the migration now: primary: a standby; pooler: a pooler"
    assert error.hint == "name the primary; use the direct URL"
    raise_for_failed(checks[1:2], said.append)
    assert len(said) == 2
    raise_for_failed([Check("replication", "warn", "it lags")], said.append)
    assert said[-1] == "warning: it lags [replication]"


def asked_of(
    monkeypatch: pytest.MonkeyPatch, context: Context, found: History, texts: list[str], *, rollback: bool
) -> tuple[object, PreflightContext]:
    """The session and the run that the checks are given."""
    given: list[tuple[object, PreflightContext]] = []

    def check(session: object, run: PreflightContext) -> tuple[Check, ...]:
        given.append((session, run))
        return ()

    monkeypatch.setattr(preflight, "check_server", check)
    monkeypatch.setattr(readiness, "pg_dump_candidates", lambda context, url: (url,))
    monkeypatch.setattr(
        schema,
        "find_pg_dump",
        lambda paths, major: SimpleNamespace(major=(*paths, major) == (URL, 17) and 18),
    )
    more = {"rollback": True} if rollback else {}
    assert run_preflight(context, DATABASE, found, texts, **more) == ()
    [asked] = given
    return asked


def test_what_the_settings_want_is_asked_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    context = with_values(
        require_tls=True, connect_timeout=7.0, statement_timeout=2.0, dump_schema=True, role="r"
    )
    access = cast(LedgerAccess, "the access")
    found, texts = History((), (), Ledger(None, None, None, {}, access)), ["create extension x;"]
    assert asked_of(monkeypatch, context, found, texts, rollback=True) == (
        "the session",
        PreflightContext(
            url=URL,
            application_name="dbmate-wrap/1",
            history_schema="ops",
            history_table="history",
            needs=requirements_of(texts),
            require_tls=True,
            connect_timeout=7.0,
            rollback=True,
            dump_due=True,
            pg_dump_major=18,
            own_statement_timeout=True,
            ledger=access,
            role="r",
        ),
    )


def test_what_they_do_not_want_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    context = with_values(
        require_tls=False, connect_timeout=None, statement_timeout=None, dump_schema=False, role=None
    )
    _, run = asked_of(monkeypatch, context, History((), ()), [], rollback=False)
    assert run == PreflightContext(
        URL, "dbmate-wrap/1", "ops", "history", requirements_of([]), connect_timeout=None
    )
