"""Pending migrations are traced on real servers: statement by statement, as dbmate applies them."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from dbmate_wrap import settings
from dbmate_wrap.domain.invocation import Invocation
from dbmate_wrap.domain.statement_trace import LockMode, RelationLock, TracedStatement, Until, Work
from dbmate_wrap.errors import PreflightError
from dbmate_wrap.policy.configuration import Policy
from dbmate_wrap.redact import Secrets
from dbmate_wrap.review.replay_means import make_means
from dbmate_wrap.review.trace import Trace, trace_pending
from dbmate_wrap.workspace import project_files
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.replay_setup import ReplaySetup
from dbmate_wrap.workspace.shadow_server import ANYTHING
from tests.support.consoles import RecordedConsole
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.servers import Database, TcpServer
from tests.support.shadows import drop_shadow_databases
from tests.support.traces import trace

pytestmark = pytest.mark.integration

TABLES = """
    create schema shop;
    create table shop.orders (id int primary key, amount int);
    create table shop.lines (id int primary key);
    create function shop.sweep() returns void language sql as 'delete from shop.lines';
    create procedure shop.tidy() language plpgsql as 'begin commit; end';
"""
ORDERS, LINES = "shop.orders", "shop.lines"
ALL = LockMode.ACCESS_EXCLUSIVE


def seen(statement: TracedStatement) -> tuple[dict[str, LockMode], dict[str, Work]]:
    """The locks and works of a statement by relations."""
    return (
        {each.relation: each.mode for each in statement.locks},
        {each.relation: each.work for each in statement.works},
    )


def test_a_migration_is_applied_and_each_statement_is_seen_under_the_locks_before_it(
    embedded_database: Database,
) -> None:
    embedded_database.execute(TABLES)
    found = trace(
        embedded_database,
        "alter table shop.orders add c int;\n"
        "set client_min_messages = error;\n"
        "update shop.orders set c = 1;\n"
        "comment on table shop.lines is 'x';\n"
        "alter table shop.orders alter c set not null;\n"
        "create table shop.fresh (id int);\n"
        "create index on shop.fresh (id);",
    )
    assert found.failure is None
    assert [each.line for each in found.statements] == [2, 3, 4, 5, 6, 7, 8]
    assert [seen(each) for each in found.statements] == [
        ({ORDERS: ALL}, {}),
        ({}, {}),
        ({ORDERS: ALL}, {ORDERS: Work.DATA}),
        ({LINES: LockMode.SHARE_UPDATE_EXCLUSIVE}, {}),
        ({ORDERS: ALL}, {ORDERS: Work.SCAN}),
        ({}, {}),
        ({}, {}),
    ]
    assert [each.makes for each in found.statements[-2:]] == [("shop.fresh",), ("shop.fresh_id_idx",)]
    assert {lock.until for each in found.statements for lock in each.locks} == {Until.COMMIT}
    assert embedded_database.execute("select count(c) from shop.orders") == [(0,)]


@pytest.mark.parametrize(
    ("sql", "reason", "locks", "works"),
    [
        ("select shop.sweep()", "it calls shop.sweep()", {LINES: LockMode.ROW_EXCLUSIVE}, {}),
        (
            "do $$ begin if exists (select from shop.orders) then drop table shop.lines; end if; end $$",
            "it depends on data: the DO block reads shop.orders",
            {ORDERS: LockMode.ACCESS_SHARE},
            {},
        ),
        (
            "do $$ begin execute format('alter table shop.%I add c int', 'lines'); end $$",
            "puts together",
            {LINES: ALL},
            {},
        ),
        ("call shop.tidy()", "CALL runs outside a transaction only", {}, {}),
        ("vacuum (index_cleanup off)", "VACUUM runs outside a transaction only", {}, {}),
        ("reindex schema concurrently shop", "names no relation", None, {}),
        (
            "create index concurrently if not exists orders_pkey on shop.orders (amount)",
            "ended before its locks could be read",
            {},
            {},
        ),
    ],
)
def test_what_cannot_be_told_for_sure_is_not_judged(
    embedded_database: Database,
    sql: str,
    reason: str,
    locks: dict[str, LockMode] | None,
    works: dict[str, Work],
) -> None:
    embedded_database.execute(TABLES)
    found = trace(embedded_database, sql, transaction=False)
    [statement] = found.statements
    assert reason in (statement.not_judged or "")
    assert seen(statement) == (locks, works) or locks is None
    assert {lock.until for lock in statement.locks} <= {Until.STATEMENT}


def test_a_concurrent_statement_is_seen_while_it_waits(embedded_database: Database) -> None:
    embedded_database.execute(TABLES)
    found = trace(embedded_database, "create index concurrently i on shop.orders (amount)", transaction=False)
    [statement] = found.statements
    assert seen(statement) == (
        {ORDERS: LockMode.SHARE_UPDATE_EXCLUSIVE},
        {ORDERS: Work.INDEX_BUILD},
    )
    assert (statement.makes, statement.waits_for_snapshots) == (("shop.i",), True)
    assert embedded_database.execute(
        "select indisvalid from pg_index where indrelid = 'shop.orders'::regclass"
    ) == [
        (True,),
        (True,),
    ]


@pytest.mark.both_majors
def test_vacuum_is_seen_while_it_waits(database: Database) -> None:
    database.execute(TABLES)
    [plain] = trace(database, "vacuum shop.orders, shop.lines", transaction=False).statements
    gentle = LockMode.SHARE_UPDATE_EXCLUSIVE
    assert seen(plain) == ({ORDERS: gentle, LINES: gentle}, {ORDERS: Work.SCAN, LINES: Work.SCAN})
    [full] = trace(database, "vacuum full shop.orders", transaction=False).statements
    assert full.locks == (RelationLock(ORDERS, "table", ALL, Until.STATEMENT),)
    assert {each.work for each in full.works} == {Work.REWRITE, Work.INDEX_BUILD}
    assert (plain.not_judged, full.not_judged) == (None, None)


def test_a_concurrent_statement_that_fails_ends_the_trace(embedded_database: Database) -> None:
    embedded_database.execute(TABLES)
    sql = "create index concurrently i on shop.orders (nowhere)"
    found = trace(embedded_database, sql, transaction=False)
    assert found.statements == []
    assert found.failure is not None
    assert "nowhere" in found.failure.message


def trace_folder(folder: ProjectFolder, applied: int) -> Trace:
    """Trace all migrations of a project but the first `applied`."""
    project = settings.load(folder.root, None)
    context = Context(
        project=project,
        environment=project.environment(None),
        invocation=Invocation("plan", "0123456789ab"),
        secrets=Secrets(),
        console=RecordedConsole(lambda line: None),
        scripts_dir=Path(sys.executable).parent,
        search_path="/usr/bin:/bin",
    )
    files = project_files.load_files(context.environment, Policy()).files
    history = replace(files, parsed=files.parsed[:applied])
    setup = ReplaySetup(context, superuser=False)
    means = make_means(history, context.environment, setup, context.console)
    return trace_pending(means, ANYTHING, files.parsed[applied:], "dbmate-wrap plan")


PENDING: Mapping[str, str] = {
    "001_init.sql": migration(TABLES),
    "002_a.sql": migration("alter table shop.orders add c int;"),
    "003_b.sql": migration(
        "alter table shop.orders alter c set not null;\nalter table shop.nowhere add c int;"
    ),
    "004_c.sql": migration("drop table shop.orders;"),
}


def test_a_pending_migration_that_fails_ends_the_plan_with_the_error_of_a_check(
    project: MakeProject, tcp_server: TcpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBMATE_WRAP_SHADOW_URL", tcp_server.tcp_url())
    folder = project(PENDING, toml='shadow = "url"\n')
    try:
        found = trace_folder(folder, 1)
        assert [(each.file, each.line) for each in found.statements] == [("002_a.sql", 2), ("003_b.sql", 2)]
        assert found.failed is not None
        assert (found.failed.code, found.failed.migration, found.failed.line) == (30, "003_b.sql", 3)
        assert found.failed.message.startswith("db/migrations/003_b.sql:3:1: ")
        left = tcp_server.execute("select datname from pg_database where datname like 'dbmate_wrap_shadow%'")
        assert len(left) == 1, "only the template of the history that is applied is kept"
        # What needs dbmate as a whole is told without a trace, and the trace goes on after it.
        folder.add("003_b.sql", migration("create table shop.b ();\ncommit;"))
        whole = trace_folder(folder, 1)
        assert whole.failed is None
        assert [(each.tag, each.not_judged is None) for each in whole.statements] == [
            ("ALTER TABLE", True),
            ("CREATE TABLE", False),
            ("COMMIT", False),
            ("DROP TABLE", True),
        ]
        folder.add("003_b.sql", migration("create extension nowhere_to_be_had;"))
        with pytest.raises(PreflightError, match="nowhere_to_be_had"):
            trace_folder(folder, 1)
    finally:
        drop_shadow_databases(tcp_server)


def test_what_only_a_superuser_may_run_is_traced_as_well(project: MakeProject) -> None:
    """On a server of our own, where the replay's role is none."""
    connection = "connection 'host=nowhere password=secret-4711' publication p"
    folder = project(
        {
            "001_init.sql": migration(TABLES),
            "002_p.sql": migration("create publication p for table shop.orders;"),
            "003_s.sql": migration(f"create subscription s {connection};"),
            "004_a.sql": migration("alter table shop.orders owner to app;"),
        }
    )
    found = trace_folder(folder, 1)
    assert found.failed is None
    publication, subscription, owner = found.statements
    assert seen(publication) == ({ORDERS: LockMode.SHARE_UPDATE_EXCLUSIVE}, {})
    assert publication.not_judged is None
    assert "another server" in (subscription.not_judged or "")
    assert "secret-4711" not in (subscription.not_judged or "")
    assert (seen(owner), owner.not_judged) == (({ORDERS: ALL}, {}), None)
