"""The result of each check for the facts of a server, the engine, and what pending SQL needs."""

from dataclasses import replace

import pytest

from dbmate_wrap.domain.count import join_names
from dbmate_wrap.domain.database_url import parse
from dbmate_wrap.domain.finding import Check
from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.domain.ledger_access import LedgerAccess
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
    format_rounded,
)
from dbmate_wrap.domain.session_limit import SessionLimit
from dbmate_wrap.errors import UnreachableError
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.preflight import PreflightContext, engine
from dbmate_wrap.preflight.check import CheckInput, CheckResult
from dbmate_wrap.sql.requirements import Requirements, requirements_of
from tests.support.preflight import preflight_context

HELD = Privileges(
    create_schema=True,
    has_current_schema=True,
    closed_schemas=(),
    history_schema_exists=True,
    history_schema_open=True,
    history_missing=(),
)
HEALTHY = ServerFacts(
    server=ServerMode(4711, "app", "crm", in_recovery=False, read_only=False, read_only_source=None),
    privileges=HELD,
    migrations=(),
    transactions=Transactions((), hidden=0),
    prepared=(),
    invalid_indexes=(),
    detaching=(),
    missing_extensions=(),
    untrusted_extensions=(),
    slots=Slots(90, None, None),
    replication=Replication((), (), hidden=0),
    limits=(),
)
CONTEXT = preflight_context("postgres://app@db.example.org/crm", "dbmate-wrap/abc")


class FakeSession(Session):
    """What the checks ask a session without a query."""

    def __init__(self, pid: int = 4711, version: int = 180006, *, tls: bool = True) -> None:
        self._facts = pid, version, tls

    @property
    def backend_pid(self) -> int:
        return self._facts[0]

    @property
    def server_version_num(self) -> int:
        return self._facts[1]

    @property
    def uses_tls(self) -> bool:
        return self._facts[2]


def result_of(
    id_: str,
    health: ServerFacts = HEALTHY,
    context: PreflightContext = CONTEXT,
    session: Session | None = None,
) -> Check:
    """The result of one check."""
    given = CheckInput(session or FakeSession(), context, health)
    return engine.run_check(id_, dict(engine.CHECKS)[id_], given)


def holding(held: Privileges) -> ServerFacts:
    """The healthy state with other privileges."""
    return replace(HEALTHY, privileges=held)


def test_a_healthy_server_passes_every_check() -> None:
    results = {id_: result_of(id_).status for id_, _ in engine.CHECKS}
    assert results == {id_: "skip" if id_ == "pg-dump" else "pass" for id_, _ in engine.CHECKS}


def test_the_ids_are_those_of_the_documented_list() -> None:
    assert [id_ for id_, _ in engine.CHECKS] == [
        "server-version",
        "primary",
        "writable",
        "tls",
        "pooler",
        "role",
        "privileges",
        "extensions",
        "invalid-indexes",
        "pending-detach",
        "other-migration",
        "long-transactions",
        "prepared-transactions",
        "connection-slots",
        "replication",
        "publications",
        "pg-dump",
        "session-limits",
    ]


@pytest.mark.parametrize(
    ("role", "owner", "status"),
    [
        (None, "alice", "pass"),
        ("app_owner", None, "pass"),
        ("app_owner", "app_owner", "pass"),
        ("app_owner", "alice", "warn"),
    ],
)
def test_the_history_belongs_to_the_role_that_migrates(
    role: str | None, owner: str | None, status: str
) -> None:
    facts = replace(HEALTHY, privileges=replace(HELD, history_owner=owner))
    check = result_of("role", facts, context=replace(CONTEXT, role=role))
    assert check.status == status
    if status == "warn":
        assert 'alter table "public"."schema_migrations" owner to "app_owner"' in (check.hint or "")


def test_an_old_server_is_a_warning() -> None:
    check = result_of("server-version", session=FakeSession(version=130014))
    assert (check.status, "PostgreSQL 13" in check.message) == ("warn", True)
    assert result_of("server-version", session=FakeSession(version=140001)).status == "pass"


def test_a_standby_fails_and_is_not_called_read_only_as_well() -> None:
    standby = replace(
        HEALTHY,
        server=ServerMode(4711, "app", "crm", in_recovery=True, read_only=True, read_only_source=None),
    )
    assert result_of("primary", standby).status == "fail"
    assert result_of("writable", standby).status == "skip"


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("database", 'alter database "crm" reset default_transaction_read_only'),
        ("user", 'alter role "app" reset default_transaction_read_only'),
        ("database user", 'alter role "app" in database "crm" reset default_transaction_read_only'),
        ("configuration file", "ask who runs the server"),
    ],
)
def test_a_read_only_server_names_where_that_was_set(source: str, hint: str) -> None:
    server = ServerMode(4711, "app", "crm", in_recovery=False, read_only=True, read_only_source=source)
    check = result_of("writable", replace(HEALTHY, server=server))
    assert check.status == "fail"
    assert source in check.message
    assert check.hint is not None
    assert hint in check.hint


@pytest.mark.parametrize(
    ("url", "tls", "required", "status"),
    [
        ("postgres://app@db.example.org/crm", False, True, "fail"),
        ("postgres://app@db.example.org/crm", True, True, "pass"),
        ("postgres://app@db.example.org/crm", False, False, "pass"),
        ("postgres://app@127.0.0.1/crm", False, True, "pass"),
        ("postgres://app@/crm?host=/run/postgresql", False, True, "pass"),
    ],
)
def test_tls_is_required_only_of_what_crosses_a_network(
    url: str, tls: bool, required: bool, status: str
) -> None:
    context = replace(CONTEXT, url=parse(url, os_user="nobody"), require_tls=required)
    assert result_of("tls", context=context, session=FakeSession(tls=tls)).status == status


def test_missing_privileges_fail_with_the_grants_that_help() -> None:
    health = holding(
        replace(HELD, history_schema_open=False, history_missing=("INSERT",), closed_schemas=("public",))
    )
    check = result_of(
        "privileges", health, replace(CONTEXT, needs=Requirements(schemas=frozenset({"public"})))
    )
    assert check.status == "fail"
    assert check.message.count("schema public") == 1
    assert check.hint == (
        'have the owner run: grant create, usage on schema "public" to "app"; '
        'grant insert on "public"."schema_migrations" to "app"'
    )


def test_a_table_of_another_owner_fails_with_both_ways_out() -> None:
    theirs = replace(HELD, not_owned=(NotOwned("table crm.orders", "erp", by_superuser=False),))
    check = result_of("privileges", holding(theirs))
    assert check.status == "fail"
    assert check.message == "pending migrations change what app may not: table crm.orders (its owner is erp)"
    assert check.hint == (
        'have a superuser run: alter table crm.orders owner to "app"; or let it act for the owner:'
        ' grant "erp" to "app"'
    )
    context = replace(CONTEXT, needs=Requirements(changes_privileges=True))
    assert result_of("privileges", holding(theirs), context).status == "warn"


def test_nobody_is_told_to_grant_a_superuser() -> None:
    theirs = replace(HELD, not_owned=(NotOwned("table crm.orders", "postgres", by_superuser=True),))
    hint = result_of("privileges", holding(theirs)).hint or ""
    assert "grant" not in hint
    assert hint.endswith("; or migrate as postgres")


def test_an_extension_for_superusers_is_a_warning_for_others() -> None:
    check = result_of("extensions", replace(HEALTHY, untrusted_extensions=("dblink",)))
    assert check.status == "warn"
    assert 'have a superuser run once in this database: create extension "dblink"' in (check.hint or "")


def test_limits_that_cut_off_a_migration_are_a_warning_with_the_way_to_lift_them() -> None:
    own = 'role "app" in database "crm"'
    limits = (
        SessionLimit("transaction_timeout", "1s", 1.0, 'role "app"', own),
        SessionLimit("statement_timeout", "5s", 5.0, own, own),
    )
    check = result_of("session-limits", replace(HEALTHY, limits=limits))
    assert check.status == "warn"
    assert check.message == (
        'what takes longer is cut off: transaction_timeout = 1s (set for role "app"),'
        f" statement_timeout = 5s (set for {own})"
    )
    assert check.hint == (
        f"where a migration may take long: alter {own} set transaction_timeout = 0;"
        f' or alter role "app" reset transaction_timeout; alter {own} set statement_timeout = 0'
    )
    given = replace(CONTEXT, own_statement_timeout=True)
    overridden = result_of("session-limits", replace(HEALTHY, limits=limits[1:]), given)
    assert overridden.status == "pass", "dbmate's session is given the setting instead"


def test_delete_on_the_history_is_wanted_by_a_rollback_alone() -> None:
    health = holding(replace(HELD, history_missing=("DELETE",)))
    assert result_of("privileges", health).status == "pass"
    assert result_of("privileges", health, replace(CONTEXT, rollback=True)).status == "fail"


def test_a_missing_history_schema_wants_create_on_the_database() -> None:
    context = replace(CONTEXT, history_schema="hist")
    absent = replace(HELD, history_schema_exists=False, history_schema_open=None)
    assert result_of("privileges", holding(absent), context).status == "pass"
    check = result_of("privileges", holding(replace(absent, create_schema=False)), context)
    assert (check.status, "make the schema hist" in check.message) == ("fail", True)


def test_migrations_that_change_privileges_themselves_are_only_warned_of() -> None:
    context = replace(CONTEXT, needs=Requirements(makes_schema=True, changes_privileges=True))
    assert result_of("privileges", holding(replace(HELD, create_schema=False)), context).status == "warn"
    assert (
        result_of("privileges", holding(replace(HELD, history_schema_open=False)), context).status == "fail"
    )


def test_no_schema_on_the_search_path_is_a_failure_where_names_are_bare() -> None:
    health = holding(replace(HELD, has_current_schema=False))
    assert result_of("privileges", health).status == "pass"
    assert (
        result_of("privileges", health, replace(CONTEXT, needs=Requirements(schemas=frozenset({""})))).status
        == "fail"
    )


def test_without_the_sql_parser_what_depends_on_it_is_skipped() -> None:
    context = replace(CONTEXT, needs=None)
    assert result_of("privileges", context=context).status == "skip"
    assert result_of("extensions", context=context).status == "skip"
    assert (
        result_of("privileges", holding(replace(HELD, history_schema_open=False)), context).status == "fail"
    )


def test_an_invalid_index_warns_and_fails_where_a_migration_builds_it_again() -> None:
    left = InvalidIndex("crm", "orders_at", "crm.orders_at", visible=False)
    health = replace(HEALTHY, invalid_indexes=(left,))
    assert result_of("invalid-indexes", health).status == "warn"
    built = {"same": ("crm", "orders_at"), "bare": ("", "orders_at"), "other": ("old", "orders_at")}
    results = {
        name: result_of(
            "invalid-indexes", health, replace(CONTEXT, needs=Requirements(indexes=frozenset({index})))
        ).status
        for name, index in built.items()
    }
    assert results == {"same": "fail", "bare": "warn", "other": "warn"}
    seen = replace(HEALTHY, invalid_indexes=(replace(left, visible=True),))
    check = result_of(
        "invalid-indexes", seen, replace(CONTEXT, needs=Requirements(indexes=frozenset({("", "orders_at")})))
    )
    assert (check.status, check.hint) == ("fail", "drop index concurrently crm.orders_at")


def test_plain_dbmate_is_warned_of_and_another_run_is_the_advisory_locks_affair() -> None:
    wrapped = Migrating(12, "dbmate-wrap/def/lock", "app", "wrapped")
    plain = Migrating(13, "", "app", "query")
    check = result_of("other-migration", replace(HEALTHY, migrations=(wrapped, plain)))
    assert (check.status, "pid 13" in check.message, "pid 12" in check.message) == ("warn", True, False)
    assert result_of("other-migration", replace(HEALTHY, migrations=(wrapped,))).status == "pass"


def test_long_transactions_are_named_with_pid_and_age() -> None:
    old = Transaction(77, "report", "bob", idle=False, age=4000.0)
    check = result_of("long-transactions", replace(HEALTHY, transactions=Transactions((old,), hidden=3)))
    assert check.status == "warn"
    assert "pid 77 'report' of bob (67 min)" in check.message
    assert check.hint is not None
    assert "pg_terminate_backend" in check.hint


def test_what_an_account_may_not_see_is_skipped_with_the_grant() -> None:
    transactions = result_of("long-transactions", replace(HEALTHY, transactions=Transactions((), hidden=3)))
    standbys = result_of("replication", replace(HEALTHY, replication=Replication((), (), hidden=1)))
    for check in (transactions, standbys):
        assert check.status == "skip"
        assert check.hint == "to see them: grant pg_read_all_stats to app"


def test_a_lagging_standby_and_an_inactive_slot_are_warned_of() -> None:
    seen = Replication((Lag("far", 2 << 30, 95.0),), (Lag("old", 5 << 20),), hidden=0)
    check = result_of("replication", replace(HEALTHY, replication=seen))
    assert check.status == "warn"
    assert "standby 'far' is 95 s and 2.0 GiB behind" in check.message
    assert "slot 'old' is inactive and keeps 5 MiB" in check.message


def test_a_prepared_transaction_is_warned_of_with_the_command_that_ends_it() -> None:
    check = result_of(
        "prepared-transactions", replace(HEALTHY, prepared=(Prepared("'it''s'", "bob", 9000.0),))
    )
    assert check.status == "warn"
    assert check.hint is not None
    assert check.hint.endswith("rollback prepared 'it''s'")


@pytest.mark.parametrize(
    ("slots", "status", "limit"),
    [
        (Slots(5, None, None), "pass", "5 more"),
        (Slots(4, None, None), "warn", "the server (max_connections) has only 4 more"),
        (Slots(50, 0, None), "warn", "the role (CONNECTION LIMIT) has only 0 more"),
        (Slots(50, 20, -1), "warn", "the database (CONNECTION LIMIT) has only 0 more"),
    ],
)
def test_few_connections_left_are_warned_of(slots: Slots, status: str, limit: str) -> None:
    check = result_of("connection-slots", replace(HEALTHY, slots=slots))
    assert (check.status, limit in check.message) == (status, True)
    assert check.message.endswith("; a run needs 3 of them") is (status == "warn")


@pytest.mark.parametrize(("major", "status"), [(None, "fail"), (17, "fail"), (18, "pass"), (19, "pass")])
def test_a_due_dump_needs_a_pg_dump_as_new_as_the_server(major: int | None, status: str) -> None:
    assert result_of("pg-dump", context=replace(CONTEXT, dump_due=True, pg_dump_major=major)).status == status


def test_a_part_that_the_server_does_not_tell_is_skipped_with_its_reason() -> None:
    check = result_of("replication", replace(HEALTHY, replication=Unavailable("permission denied")))
    assert (check.status, check.message) == ("skip", "not known: permission denied")


def test_a_check_that_breaks_is_a_failure_of_its_own() -> None:
    def broken(given: CheckInput) -> CheckResult:
        raise ZeroDivisionError("nought")

    check = engine.run_check("primary", broken, CheckInput(FakeSession(), CONTEXT, HEALTHY))
    assert (check.id, check.status) == ("primary", "fail")
    assert "ZeroDivisionError: nought" in check.message


def test_a_lost_connection_ends_the_run_instead_of_fourteen_checks() -> None:
    def lost(given: CheckInput) -> CheckResult:
        raise UnreachableError("the connection was lost", kind="other")

    with pytest.raises(UnreachableError):
        engine.run_check("pooler", lost, CheckInput(FakeSession(), CONTEXT, HEALTHY))


def test_names_that_somebody_chose_cannot_steer_the_terminal() -> None:
    wild = Prepared("'\x1b[2J\n'", "bob", 1.0)
    check = result_of("prepared-transactions", replace(HEALTHY, prepared=(wild,)))
    assert check.message.isprintable()
    assert check.hint is not None
    assert check.hint.isprintable()


def test_durations_lists_and_identifiers_are_written_for_people() -> None:
    assert [format_rounded(seconds) for seconds in (1.4, 119, 600, 90000)] == [
        "1 s",
        "119 s",
        "10 min",
        "25 h",
    ]
    assert join_names("abcdefg") == "a, b, c, d, e and 2 more"
    assert quoted('a"b') == '"a""b"'


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("create extension if not exists citext schema x", Requirements(extensions=frozenset({"citext"}))),
        (
            "create table crm.a (id int); create view b as select 1",
            Requirements(schemas=frozenset({"crm", ""})),
        ),
        ("create schema crm; create table crm.a (id int)", Requirements(makes_schema=True)),
        (
            "create temp table a (id int); create function pg_temp.f() returns int language sql",
            Requirements(),
        ),
        (
            "create function crm.f() returns int language sql as 'select 1'",
            Requirements(schemas=frozenset({"crm"})),
        ),
        ("create type crm.e as enum ('a')", Requirements(schemas=frozenset({"crm"}))),
        (
            "alter table a set schema crm",
            Requirements(schemas=frozenset({"crm"}), touched=frozenset({("", "a", "owner")})),
        ),
        ("select 1 into crm.a", Requirements(schemas=frozenset({"crm"}))),
        (
            "insert into crm.a values (1); alter table crm.a add b int; drop table crm.c",
            Requirements(touched=frozenset({("crm", "a", "owner"), ("crm", "c", "drop")})),
        ),
        ("set search_path = crm; alter table a add b int", Requirements()),
        ("set role owner", Requirements(changes_privileges=True)),
        ("grant create on schema crm to app", Requirements(changes_privileges=True)),
        ("grant select on crm.a to app", Requirements()),
        ("set search_path = crm; create table a (id int)", Requirements()),
        ("select set_config('search_path', '', false); create table a (id int)", Requirements()),
        ("this is no SQL", Requirements()),
    ],
)
def test_what_pending_sql_wants_is_read_from_its_statements(sql: str, expected: Requirements) -> None:
    assert requirements_of([sql]) == expected


def test_an_index_that_an_earlier_migration_drops_is_not_in_the_way() -> None:
    build = "create index concurrently if not exists i on crm.a (x)"
    found = requirements_of([build])
    assert found is not None
    assert found.indexes == {("crm", "i")}
    for repair in ("drop index concurrently if exists crm.i", "reindex index crm.i"):
        after = requirements_of([repair, build])
        assert after is not None
        assert after.indexes == frozenset()


@pytest.mark.parametrize(
    ("publications", "complete", "status"),
    [(None, False, "pass"), ("everything", True, "pass"), ('"All of it", p', False, "warn")],
)
def test_tables_of_the_ledger_that_are_published_as_soon_as_they_are_made_are_warned_of(
    publications: str | None, complete: bool, status: str
) -> None:
    flags = dict.fromkeys(("identifiable", "may_create", "may_use", "readable", "writable"), True)
    ledger = LedgerAccess(
        "app",
        publications,
        has_schema=True,
        complete=complete,
        hides_rows=False,
        names_history=True,
        keeps_text=True,
        **flags,
    )
    result = result_of("publications", context=replace(CONTEXT, ledger=ledger))
    assert result.status == status
    if status == "warn":
        assert f"({publications}: " in result.message
        assert result.hint is not None
        assert "subscribers first" in result.hint
        assert "ledger = false" in result.hint


def test_a_partition_pending_detach_is_warned_of_with_the_statement_that_ends_it() -> None:
    finish = "alter table s.t detach partition s.p finalize"
    result = result_of("pending-detach", replace(HEALTHY, detaching=(PendingDetach("s.p", finish),)))
    assert (result.status, result.hint) == ("warn", finish)
    assert result.message.endswith(": s.p")
