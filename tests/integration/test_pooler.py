"""A real PgBouncer in between: how its modes are told apart, and what it does to dbmate's options."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from dbmate_wrap import preflight
from dbmate_wrap.domain.database_url import parse
from dbmate_wrap.domain.finding import Check
from dbmate_wrap.domain.invocation import Invocation
from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.session import connect
from dbmate_wrap.preflight import PreflightContext
from dbmate_wrap.sql.requirements import Requirements
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history_look import read_look
from tests.support.poolers import Pooler, PoolMode, find_pgbouncer, run_pooler
from tests.support.projects import migration
from tests.support.servers import Database, TcpServer

pytestmark = pytest.mark.integration

NAME = "dbmate-wrap/0123456789ab"
TELL = migration("do $$ begin raise exception 'lock_timeout is %', current_setting('lock_timeout'); end $$;")


@pytest.fixture(scope="session")
def pgbouncer() -> Path:
    """PgBouncer's program."""
    found = find_pgbouncer()
    if found is None:
        pytest.skip("no pgbouncer on this machine (Debian: apt-get install pgbouncer)")
    return found


@pytest.fixture(scope="module")
def database(tcp_server: TcpServer) -> Iterator[Database]:
    """A database in which the role `app` may make everything."""
    with tcp_server.new_database() as made:
        made.execute("grant create on schema public to app")
        yield made


@dataclass(frozen=True)
class Seen:
    """The checks, and how long they took."""

    checks: Mapping[str, Check]
    seconds: float

    @property
    def failed(self) -> set[str]:
        return {id_ for id_, check in self.checks.items() if check.status == "fail"}


def look(pooler: Pooler, database: Database, *, connect_timeout: float = 10.0) -> Seen:
    """Every check over a session through the pooler."""
    url = parse(pooler.url(database.name), os_user="nobody")
    context = PreflightContext(
        url=url,
        application_name=NAME,
        history_schema="public",
        history_table="schema_migrations",
        needs=Requirements(),
        connect_timeout=connect_timeout,
    )
    with connect(url, application_name=NAME, timeout=connect_timeout) as session:
        begun = time.monotonic()
        found = preflight.check_server(session, context)
        return Seen({check.id: check for check in found}, time.monotonic() - begun)


@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"server_round_robin": "1"},
        {"default_pool_size": "1"},
        {"ignore_startup_parameters": "extra_float_digits, options"},
    ],
    ids=["default", "round-robin", "pool-of-one", "options-ignored"],
)
def test_a_pool_that_does_not_keep_its_sessions_is_refused_with_what_to_use(
    pgbouncer: Path, tcp_server: TcpServer, database: Database, mode: PoolMode, settings: Mapping[str, str]
) -> None:
    with run_pooler(pgbouncer, tcp_server, mode, settings) as pooler:
        seen = look(pooler, database)
        again = look(pooler, database)
    assert (seen.failed, again.failed) == ({"pooler"}, {"pooler"})
    hint = seen.checks["pooler"].hint
    assert hint is not None
    assert "direct URL" in hint


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_whoever_waits_may_look_through_such_a_pool(
    pgbouncer: Path, tcp_server: TcpServer, database: Database, mode: PoolMode
) -> None:
    values = SimpleNamespace(connect_timeout=10.0, migrations_table="public.schema_migrations")
    context = SimpleNamespace(
        environment=SimpleNamespace(values=values), invocation=Invocation("wait", "0123456789ab")
    )
    with run_pooler(pgbouncer, tcp_server, mode) as pooler:
        url = parse(pooler.url(database.name), os_user="nobody")
        found = read_look(cast(Context, context), url, ())
    assert found.absent == "there is no table public.schema_migrations yet"


def test_a_busy_pool_in_transaction_mode_is_recognised_all_the_same(
    pgbouncer: Path, tcp_server: TcpServer, database: Database
) -> None:
    with run_pooler(pgbouncer, tcp_server, "transaction", {"default_pool_size": "4"}) as pooler:
        url = parse(pooler.url(database.name), os_user="nobody")
        with connect(url, application_name="busy", timeout=10) as busy:
            busy.rows("begin")
            assert look(pooler, database).failed == {"pooler"}


@pytest.mark.parametrize(
    "settings",
    [{}, {"server_round_robin": "1"}, {"default_pool_size": "4"}],
    ids=["default", "round-robin", "pool-of-four"],
)
def test_a_pool_in_session_mode_passes(
    pgbouncer: Path, tcp_server: TcpServer, database: Database, settings: Mapping[str, str]
) -> None:
    with run_pooler(pgbouncer, tcp_server, "session", settings) as pooler:
        for seen in (look(pooler, database), look(pooler, database)):
            assert seen.failed == set()
            assert seen.checks["pooler"].message == "a pooler in session mode is in between"


def test_without_a_pooler_the_process_is_the_one_promised_at_login(
    tcp_server: TcpServer, database: Database
) -> None:
    url = parse(tcp_server.tcp_url(database.name, user="app"), os_user="nobody")
    with connect(url, application_name=NAME, timeout=10) as session:
        assert catalog.backend_pid(session) == session.backend_pid


def test_a_pool_too_small_for_a_run_is_refused_in_time(
    pgbouncer: Path, tcp_server: TcpServer, database: Database
) -> None:
    with run_pooler(pgbouncer, tcp_server, "session", {"default_pool_size": "2"}) as pooler:
        seen = look(pooler, database, connect_timeout=1.0)
    assert seen.failed == {"pooler"}
    assert "its pool is full" in seen.checks["pooler"].message
    assert seen.seconds < 3


def test_pgbouncer_refuses_dbmates_options_unless_told_to_ignore_them(
    pgbouncer: Path, tcp_server: TcpServer, database: Database, dbmate: Path, tmp_path: Path
) -> None:
    (tmp_path / "001_tell.sql").write_text(TELL)
    options = {"PGOPTIONS": "-c lock_timeout=1234ms"}
    with run_pooler(pgbouncer, tcp_server, "session") as pooler:
        refused = _dbmate(dbmate, pooler.url(database.name), tmp_path, options)
        without = _dbmate(dbmate, pooler.url(database.name), tmp_path, {})
    assert refused == "Error: pq: unsupported startup parameter: options (08P01)"
    assert without.endswith("Error: pq: lock_timeout is 0 (P0001)")
    ignore = {"ignore_startup_parameters": "options"}
    with run_pooler(pgbouncer, tcp_server, "session", ignore) as pooler:
        ignored = _dbmate(dbmate, pooler.url(database.name), tmp_path, options)
    # Accepted in silence, and without any effect: worse than the refusal.
    assert ignored.endswith("Error: pq: lock_timeout is 0 (P0001)")


def test_a_default_of_the_role_reaches_dbmate_through_a_pool(
    pgbouncer: Path, tcp_server: TcpServer, database: Database, dbmate: Path, tmp_path: Path
) -> None:
    (tmp_path / "001_tell.sql").write_text(TELL)
    where = f"alter role app in database {database.name}"
    database.execute(f"{where} set lock_timeout = '4321ms'")
    try:
        with run_pooler(pgbouncer, tcp_server, "session") as pooler:
            said = _dbmate(dbmate, pooler.url(database.name), tmp_path, {})
    finally:
        database.execute(f"{where} reset lock_timeout")
    assert said.endswith("Error: pq: lock_timeout is 4321ms (P0001)")


def _dbmate(dbmate: Path, url: str, migrations: Path, env: Mapping[str, str]) -> str:
    """What `dbmate migrate` said, applying the folder to `url`; it is expected to fail."""
    parsed = parse(url, os_user="nobody")
    argv = [str(dbmate), "--url", parsed.for_dbmate(), "-d", str(migrations), "--no-dump-schema", "migrate"]
    done = subprocess.run(
        argv,
        env={**parsed.libpq_environment(), **env},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    return (done.stdout + done.stderr).strip()
