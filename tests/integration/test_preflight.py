"""The checks against real servers: standbys, read-only, narrow accounts, and what failed runs leave."""

import os
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from dbmate_wrap import preflight
from dbmate_wrap.cluster import binaries
from dbmate_wrap.domain.database_url import DatabaseUrl, parse
from dbmate_wrap.domain.finding import Check
from dbmate_wrap.errors import PreflightError, UnreachableError
from dbmate_wrap.execution.readiness import raise_for_failed
from dbmate_wrap.postgres.session import Cell, Session, connect
from dbmate_wrap.preflight import PreflightContext
from dbmate_wrap.preflight.engine import CHECKS
from dbmate_wrap.sql.requirements import Requirements, requirements_of
from tests.support.preflight import preflight_context
from tests.support.projects import migration
from tests.support.servers import Database, Server, TcpServer
from tests.support.standby import run_configured_server, run_standby

pytestmark = [pytest.mark.integration, pytest.mark.both_majors]

NAME = "dbmate-wrap/0123456789ab"
CONTEXT = preflight_context("postgres://nobody@db.example.org/none", NAME)


def session_on(url: DatabaseUrl) -> Session:
    """A session as `up` opens it."""
    return connect(url, application_name=NAME, timeout=10)


def checks(url: str, context: PreflightContext = CONTEXT) -> dict[str, Check]:
    """Every check by its id, over a session of its own; `context` is given the URL."""
    parsed = parse(url, os_user="nobody")
    with session_on(parsed) as session:
        return {check.id: check for check in preflight.check_server(session, replace(context, url=parsed))}


def statuses(found: Mapping[str, Check]) -> dict[str, str]:
    """Only those that are neither pass nor the dump's skip."""
    return {id_: one.status for id_, one in found.items() if one.status != "pass" and id_ != "pg-dump"}


@contextmanager
def role_of(database: Database, options: str = "") -> Iterator[str]:
    """A role without any privilege, gone afterwards."""
    name = f"r_{uuid.uuid4().hex[:8]}"
    database.execute(f"create role {name} login {options}")
    try:
        yield name
    finally:
        database.execute(f"drop owned by {name}; drop role {name}")


def as_role(database: Database, role: str) -> str:
    """The database's URL for another role, which its socket trusts."""
    return database.url.replace(f"//{database.server.superuser}@", f"//{role}@")


@pytest.fixture(scope="module")
def primary() -> Iterator[Server]:
    """A server with prepared transactions and room for a standby."""
    with run_configured_server(binaries.embedded(), {"max_prepared_transactions": "5"}) as running:
        yield running


def test_a_healthy_server_passes_in_the_documented_order(database: Database) -> None:
    found = checks(database.url)
    assert list(found) == [id_ for id_, _ in CHECKS]
    assert statuses(found) == {}


def test_all_of_it_takes_one_round_trip(embedded_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    rows = Session.rows

    def counted(
        self: Session, query: str, parameters: Mapping[str, Cell] | None = None
    ) -> list[tuple[Cell, ...]]:
        asked.append(query)
        return rows(self, query, parameters)

    monkeypatch.setattr(Session, "rows", counted)
    checks(embedded_database.url)
    assert len(asked) == 1


def test_a_standby_is_refused_and_its_primary_is_not(primary: Server) -> None:
    with run_standby(primary) as standby:
        found = checks(standby.url())
        assert statuses(found) == {"primary": "fail", "writable": "skip"}
        with pytest.raises(PreflightError):
            raise_for_failed(tuple(found.values()), print)
        assert statuses(checks(primary.url())) == {}


def test_a_slot_that_nobody_reads_is_warned_of(embedded: Server) -> None:
    embedded.execute("select pg_create_physical_replication_slot('forgotten', true)")
    try:
        found = checks(embedded.url())["replication"]
    finally:
        embedded.execute("select pg_drop_replication_slot('forgotten')")
    assert (found.status, "slot 'forgotten'" in found.message) == ("warn", True)


def test_details_of_standbys_hidden_from_an_account_are_no_failure(primary: Server) -> None:
    with primary.new_database() as database, role_of(database) as role, run_standby(primary):
        found = checks(as_role(database, role))["replication"]
    assert (found.status, found.hint) == ("skip", f"to see them: grant pg_read_all_stats to {role}")


def test_a_read_only_database_is_refused_with_the_command_that_opens_it(database: Database) -> None:
    database.execute(f"alter database {database.name} set default_transaction_read_only = on")
    found = checks(database.url)
    assert statuses(found) == {"writable": "fail"}
    hint = found["writable"].hint
    assert hint is not None
    database.server.execute(hint.partition(": ")[2])
    assert statuses(checks(database.url)) == {}


def test_an_account_without_privileges_is_refused_with_the_grants_that_help(database: Database) -> None:
    context = replace(CONTEXT, needs=Requirements(schemas=frozenset({"", "crm"}), makes_schema=True))
    with role_of(database) as role:
        database.execute("revoke create on schema public from public; create schema crm")
        database.execute("create table schema_migrations (version varchar primary key)")
        refused = checks(as_role(database, role), context)["privileges"]
        assert refused.status == "fail"
        assert "CREATE on the database" in refused.message
        assert refused.hint is not None
        database.execute(refused.hint.partition(": ")[2])
        assert checks(as_role(database, role), context)["privileges"].status == "pass"


def test_tables_of_another_owner_are_named_until_one_of_the_ways_out_is_taken(database: Database) -> None:
    rights = {("crm", "t", "owner"), ("", "v", "drop"), ("crm", "t_x", "drop"), ("crm", "none", "owner")}
    context = replace(CONTEXT, needs=Requirements(touched=frozenset(rights)))
    with role_of(database) as role, role_of(database) as owner:
        database.execute("create table schema_migrations (version varchar primary key)")
        database.execute(f"grant create on schema public to {role}")
        database.execute(f"grant select, insert on schema_migrations to {role}")
        database.execute("create schema crm; create table crm.t (x int); create index t_x on crm.t (x)")
        database.execute(f"create view v as select 1 as x; alter view v owner to {owner}")
        url = as_role(database, role)
        refused = checks(url, context)["privileges"]
        assert refused.status == "fail"
        assert refused.message.endswith(
            f"table crm.t (its owner is postgres), table public.v (its owner is {owner})"
        )
        assert refused.hint is not None
        change, _, grant = refused.hint.partition(": ")[2].partition("; or let it act for the owner: ")
        database.execute(change.split("; ")[0])
        database.execute(grant)
        assert checks(url, context)["privileges"].status == "pass"
        database.execute(f"drop owned by {role}, {owner}")


def test_a_trigger_takes_a_right_that_can_be_granted_and_a_drop_that_of_the_schema(
    embedded_database: Database,
) -> None:
    database = embedded_database
    rights = frozenset({("crm", "t", "trigger"), ("crm", "t", "drop")})
    context = replace(CONTEXT, needs=Requirements(touched=rights))
    with role_of(database) as role:
        database.execute("create table schema_migrations (version varchar primary key)")
        database.execute(f"grant create on schema public to {role}")
        database.execute(f"grant select, insert on schema_migrations to {role}")
        database.execute(f"create schema crm authorization {role}; create table crm.t (x int)")
        assert checks(as_role(database, role), context)["privileges"].status == "fail"
        database.execute(f"grant trigger on crm.t to {role}")
        assert checks(as_role(database, role), context)["privileges"].status == "pass"
        database.execute(f"drop owned by {role} cascade")


def test_an_extension_that_is_not_trusted_is_warned_of_until_it_is_there(database: Database) -> None:
    context = replace(CONTEXT, needs=Requirements(extensions=frozenset({"dblink", "hstore"})))
    with role_of(database) as role:
        url = as_role(database, role)
        warned = checks(url, context)["extensions"]
        assert warned.status == "warn"
        assert warned.message.endswith(": dblink")
        assert checks(database.url, context)["extensions"].status == "pass"
        database.execute((warned.hint or "").partition(": ")[2].partition(";")[0])
        assert checks(url, context)["extensions"].status == "pass"


def test_a_limit_of_role_or_database_is_warned_of_until_the_account_lifts_it(database: Database) -> None:
    with role_of(database) as role:
        name, url = database.execute("select current_database()")[0][0], as_role(database, role)
        assert checks(url)["session-limits"].status == "pass"
        database.execute(f"alter database {name} set statement_timeout = '1min'")
        database.execute(f"alter role {role} set statement_timeout = 7500")
        found = checks(url)["session-limits"]
        assert found.status == "warn"
        assert f'statement_timeout = 7500ms (set for role "{role}")' in found.message
        with psycopg.connect(url, autocommit=True) as own:
            own.execute((found.hint or "").partition(": ")[2].partition(";")[0])
        assert checks(url)["session-limits"].status == "pass"


def test_a_transaction_timeout_is_warned_of_where_the_server_has_one(embedded_database: Database) -> None:
    with role_of(embedded_database) as role:
        embedded_database.execute(f"alter role {role} set transaction_timeout = '90s'")
        found = checks(as_role(embedded_database, role))["session-limits"]
        assert f'transaction_timeout = 90s (set for role "{role}")' in found.message


def test_create_on_the_history_schema_is_what_dbmate_itself_needs(
    embedded_database: Database, dbmate: Path, tmp_path: Path
) -> None:
    database = embedded_database
    (tmp_path / "001_a.sql").write_text(migration("select 1;"))
    database.execute("create table schema_migrations (version varchar primary key)")
    with role_of(database) as role:
        database.execute(f"grant select, insert on schema_migrations to {role}")
        url = as_role(database, role)
        refused = checks(url)["privileges"]
        assert refused.status == "fail"
        assert "(42501)" in _dbmate(dbmate, url, tmp_path, "migrate").stderr
        assert refused.hint is not None
        database.execute(refused.hint.partition(": ")[2])
        assert checks(url)["privileges"].status == "pass"
        assert _dbmate(dbmate, url, tmp_path, "migrate").returncode == 0


def test_a_prepared_transaction_is_warned_of_until_it_ends(primary: Server) -> None:
    with primary.new_database() as database:
        with database.connect() as other:
            other.execute("begin")
            other.execute("create table t (id int)")
            other.execute("prepare transaction 'it''s forgotten'")
        found = checks(database.url)["prepared-transactions"]
        assert (found.status, "'it''s forgotten'" in found.message) == ("warn", True)
        assert found.hint is not None
        database.execute(found.hint.partition("as in ")[2])
        assert checks(database.url)["prepared-transactions"].status == "pass"


def test_a_transaction_that_idles_is_warned_of_with_its_pid(database: Database) -> None:
    with psycopg.connect(database.url, application_name="report") as other:
        other.execute("select 1")
        time.sleep(0.15)
        found = checks(database.url)["long-transactions"]
        assert found.status == "warn"
        assert f"pid {other.info.backend_pid} 'report' of postgres (idle in transaction" in found.message


def test_a_transaction_of_this_run_is_not_warned_of(embedded_database: Database) -> None:
    with psycopg.connect(embedded_database.url, application_name=f"{NAME}/lock") as ours:
        ours.execute("select 1")
        time.sleep(0.15)
        assert statuses(checks(embedded_database.url)) == {}


def test_transactions_hidden_from_an_account_are_no_failure(embedded_database: Database) -> None:
    with role_of(embedded_database, "connection limit -1") as role, embedded_database.connect() as other:
        embedded_database.execute(f"grant create on schema public to {role}")
        other.execute("begin")
        time.sleep(0.15)
        found = checks(as_role(embedded_database, role))
        assert statuses(found) == {"long-transactions": "skip"}
        embedded_database.execute(f"grant pg_read_all_stats to {role}")
        assert statuses(checks(as_role(embedded_database, role))) == {"long-transactions": "warn"}


def test_an_index_that_a_failed_build_left_is_named_and_refused_where_it_is_built_again(
    database: Database,
) -> None:
    database.execute('create schema crm; create table crm."T" (id int); insert into crm."T" values (1), (1)')
    with database.connect() as other, pytest.raises(psycopg.errors.UniqueViolation):
        other.execute('create unique index concurrently "I" on crm."T" (id)')
    assert statuses(checks(database.url)) == {"invalid-indexes": "warn"}
    again = replace(
        CONTEXT, needs=Requirements(schemas=frozenset({"crm"}), indexes=frozenset({("crm", "I")}))
    )
    refused = checks(database.url, again)["invalid-indexes"]
    assert (refused.status, refused.hint) == ("fail", 'drop index concurrently crm."I"')
    assert refused.hint is not None
    database.execute(refused.hint)
    assert statuses(checks(database.url, again)) == {}


def test_an_invalid_index_is_found_by_the_whole_of_a_name_that_the_server_cuts(
    embedded_database: Database,
) -> None:
    embedded_database.execute("create table public.t (id int); insert into public.t values (1), (1)")
    name = "i" * 70
    with embedded_database.connect() as other, pytest.raises(psycopg.errors.UniqueViolation):
        other.execute(f"create unique index concurrently {name} on public.t (id)".encode())
    texts = [f"create unique index concurrently if not exists {name} on public.t (id)"]
    needs = replace(CONTEXT, needs=requirements_of(texts))
    assert checks(embedded_database.url, needs)["invalid-indexes"].status == "fail"


def test_an_index_that_is_being_built_is_not_invalid_also_for_a_narrow_account(database: Database) -> None:
    database.execute("create table t (id int)")

    def build() -> None:
        database.execute("create index concurrently i on t (id)")

    with role_of(database) as role, database.connect() as blocker:
        blocker.execute("begin")
        blocker.execute("insert into t values (1)")
        thread = threading.Thread(target=build)
        thread.start()
        try:
            _until(lambda: bool(database.execute("select 1 from pg_index where not indisvalid")))
            for url in (database.url, as_role(database, role)):
                assert checks(url)["invalid-indexes"].status == "pass"
        finally:
            blocker.execute("rollback")
            thread.join()


def test_an_index_of_a_partitioned_table_that_waits_for_its_parts_is_not_invalid(
    embedded_database: Database,
) -> None:
    embedded_database.execute("create table t (id int) partition by list (id)")
    embedded_database.execute("create table t1 partition of t for values in (1)")
    embedded_database.execute("create index i on only t (id)")
    assert statuses(checks(embedded_database.url)) == {}


def test_an_extension_that_the_server_lacks_is_refused(database: Database) -> None:
    wanted = replace(CONTEXT, needs=Requirements(extensions=frozenset({"citext", "plpgsql"})))
    assert statuses(checks(database.url, wanted)) == {}
    refused = checks(
        database.url, replace(CONTEXT, needs=Requirements(extensions=frozenset({"citext", "no_such"})))
    )["extensions"]
    assert (refused.status, refused.message.endswith(": no_such")) == ("fail", True)


def test_a_role_near_its_connection_limit_is_warned_of(database: Database) -> None:
    with role_of(database, "connection limit 3") as role:
        found = checks(as_role(database, role))["connection-slots"]
    assert found.status == "warn"
    assert found.message.startswith("the role (CONNECTION LIMIT) has only 2 more")


@pytest.mark.parametrize(("options", "seen_as"), [((), "runs a migration"), (("--migration-lock",), "lock")])
def test_plain_dbmate_at_work_is_warned_of(
    embedded_database: Database, dbmate: Path, tmp_path: Path, options: Sequence[str], seen_as: str
) -> None:
    url = embedded_database.url
    (tmp_path / "001_a.sql").write_text(migration("select pg_sleep(30);"))
    child = subprocess.Popen(
        [*_argv(dbmate, url, tmp_path), *options, "migrate"],
        env={"PGOPTIONS": "-c client_connection_check_interval=100ms"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until(
            lambda: bool(
                embedded_database.execute("select 1 from pg_stat_activity where wait_event = 'PgSleep'")
            )
        )
        found = checks(url)["other-migration"]
    finally:
        child.kill()
        child.wait()
    assert (found.status, seen_as in found.message) == ("warn", True)


def test_another_run_of_this_tool_is_left_to_the_advisory_lock(embedded_database: Database) -> None:
    url = embedded_database.url
    with psycopg.connect(url, application_name="dbmate-wrap/another/lock", autocommit=True) as other:
        other.execute("select 1")
        found = checks(url)["other-migration"]
        assert (found.status, f"pid {other.info.backend_pid}" in found.message) == ("pass", True)


def test_tls_is_seen_where_the_server_has_it_and_demanded_where_it_is_required(
    tcp_server: TcpServer, tmp_path: Path
) -> None:
    plain = tcp_server.tcp_url(user="app")
    with _tls(tcp_server, tmp_path):
        encrypted = checks(plain.replace("sslmode=disable", "sslmode=require"))["tls"]
    assert (encrypted.status, encrypted.message) == ("pass", "encrypted")
    here = parse(plain, os_user="nobody")
    away = replace(CONTEXT, url=replace(here, host="db.example.org"), require_tls=True)
    with session_on(here) as session:
        found = {check.id: check for check in preflight.check_server(session, away)}
    assert found["tls"].status == "fail"


def test_a_view_that_is_closed_to_the_account_hides_no_other_check(embedded_database: Database) -> None:
    database = embedded_database
    database.execute("revoke select on pg_stat_replication from public")
    with role_of(database) as role:
        database.execute(f"grant create on schema public to {role}")
        found = checks(as_role(database, role))
    assert statuses(found) == {"replication": "skip"}
    assert "permission denied" in found["replication"].message


def test_a_lost_connection_is_told_as_that(embedded_database: Database) -> None:
    url = parse(embedded_database.url, os_user="nobody")
    with session_on(url) as session:
        embedded_database.execute(f"select pg_terminate_backend({session.backend_pid}, 5000)")
        with pytest.raises(UnreachableError):
            preflight.check_server(session, replace(CONTEXT, url=url))


def test_nothing_is_left_in_the_session(embedded_database: Database) -> None:
    url = parse(embedded_database.url, os_user="nobody")
    state = (
        "select (select count(*)::int from pg_locks where pid = pg_backend_pid() and locktype = 'advisory'),"
        " (select string_agg(name || setting, ',' order by name) from pg_settings where source = 'session')"
    )
    with session_on(url) as session:
        before = session.rows(state)
        preflight.check_server(session, replace(CONTEXT, url=url))
        assert session.rows(state) == before


def _argv(dbmate: Path, url: str, migrations: Path) -> list[str]:
    return [str(dbmate), "--url", url, "-d", str(migrations), "--no-dump-schema"]


def _dbmate(dbmate: Path, url: str, migrations: Path, verb: str) -> "subprocess.CompletedProcess[str]":
    argv = [*_argv(dbmate, url, migrations), verb]
    return subprocess.run(argv, env={}, capture_output=True, text=True, timeout=30, check=False)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def _tls(server: TcpServer, folder: Path) -> Iterator[None]:
    """TLS on the server for the time of the block, with a certificate of its own making."""
    [(data,)] = server.execute("show data_directory")
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(folder / "server.key"), "-out", str(folder / "server.crt")]
    subprocess.run([*made, *files, "-subj", "/CN=localhost"], check=True, capture_output=True)
    owner = Path(data).stat()
    for name in ("server.key", "server.crt"):
        target = Path(data, name)
        target.write_bytes((folder / name).read_bytes())
        target.chmod(0o600)
        os.chown(target, owner.st_uid, owner.st_gid)
    server.execute("alter system set ssl = on")
    server.execute("select pg_reload_conf()")
    try:
        _until(lambda: server.execute("show ssl") == [("on",)])
        yield
    finally:
        server.execute("alter system reset ssl")
        server.execute("select pg_reload_conf()")


def test_a_detach_that_was_cut_off_is_warned_of_until_it_is_finished(database: Database) -> None:
    database.execute('create table "T" (id int) partition by list (id)')
    database.execute('create table "P" partition of "T" for values in (1)')
    with database.connect() as reader, database.connect() as cut_off:
        reader.execute('begin; select from "T"')
        cut_off.execute("set statement_timeout = '300ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            cut_off.execute('alter table "T" detach partition "P" concurrently')
        reader.execute("rollback")
    found = checks(database.url)["pending-detach"]
    assert (found.status, found.message.endswith(': public."P"')) == ("warn", True)
    assert found.hint is not None
    database.execute(found.hint)
    assert statuses(checks(database.url)) == {}


def test_functions_that_another_account_has_made_are_not_called(embedded_database: Database) -> None:
    """PostgreSQL prefers a function whose types fit to one of its own that takes any, wherever it lies."""
    with role_of(embedded_database) as role:
        embedded_database.execute(f"grant create on schema public to {role}")
        with psycopg.connect(as_role(embedded_database, role), autocommit=True) as hostile:
            for arguments in ("text, json, text, bigint", "text, json"):
                hostile.execute(
                    f"create function public.json_build_object({arguments}) returns json language plpgsql"
                    " as $$ begin raise exception 'captured'; end $$"
                )
        assert statuses(checks(embedded_database.url)) == {}
