"""`psql` on any environment: read only, and the password in no argument list."""

import pytest

from tests.support.cli import TWO, RunCli, assert_refused, staging
from tests.support.projects import MakeProject
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

UP = ["up", "-e", "production", "--yes"]


def production(database: Database) -> dict[str, str]:
    return {"PRODUCTION_DATABASE_URL": database.url}


def test_psql_reads_and_does_not_write(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    root, env = project(TWO).root, staging(embedded_database)
    read = run_cli(["psql", "-e", "staging", "--", "-XAtc", "select 6 * 7"], root, env)
    assert (read.returncode, read.stdout) == (0, "42\n")
    assert "read only: add --write" in read.stderr
    refused = run_cli(["psql", "-e", "staging", "--", "-XAtc", "create table public.x ()"], root, env)
    assert refused.returncode == 30
    assert "cannot execute CREATE TABLE in a read-only transaction" in refused.stderr
    written = run_cli(
        ["psql", "-e", "staging", "--write", "--", "-Xc", "create table public.x ()"], root, env
    )
    assert written.returncode == 0, written.stderr
    assert "may write" in written.stderr


def test_psql_that_writes_passes_the_guards(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    root, env = project(TWO, sealed=True).root, production(embedded_database)
    words = ["psql", "-e", "production", "--write", "--", "-Xc", "create table public.x ()"]
    asked = run_cli(words, root, env)
    assert_refused(asked, 20, "production is protected, and there is no terminal", "--yes")
    assert run_cli(UP, root, env).returncode == 0
    elsewhere = run_cli(
        ["psql", "-e", "staging", "--write", "--", "-Xc", "select 1"], root, staging(embedded_database)
    )
    assert_refused(elsewhere, 20, "stamped as production", "stamp -e staging")
    reads = run_cli(["psql", "-e", "staging", "--", "-XAtc", "select 1"], root, staging(embedded_database))
    assert (reads.returncode, reads.stdout) == (0, "1\n")


def test_nothing_is_to_be_written_where_nothing_can_be(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    name = embedded_database.name
    embedded_database.execute(f"alter database {name} set default_transaction_read_only = on")
    words = ["psql", "-e", "staging", "--write", "--", "-Xc", "select 1"]
    refused = run_cli(words, project(TWO).root, staging(embedded_database))
    assert_refused(refused, 22, "default_transaction_read_only is on", "without --write")
