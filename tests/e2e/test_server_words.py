"""A migration that fails says what the server says; where rows matter, how to find those in its way."""

import re
import shlex

import pytest

from tests.support.cli import RunCli, staging, tables
from tests.support.projects import MakeProject, migration
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

TABLE = migration("create table public.o (a int, b text);")
UNIQUE = migration("create table public.p (i int);\ncreate unique index i on public.o (a);")
ROWS = "insert into public.o values (7, 'it''s'), (7, 'x'), (8, null)"


def test_in_a_disposable_database_the_servers_own_words_are_heard(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project({"001_o.sql": TABLE}, sealed=True)
    env = {"DEV_DATABASE_URL": embedded_database.url, "DBMATE_WRAP_DUMP_SCHEMA": "false"}
    assert run_cli(["up"], folder.root, env).returncode == 0
    embedded_database.execute(ROWS)
    folder.add("002_u.sql", UNIQUE)
    failed = run_cli(["up"], folder.root, env)
    assert failed.returncode == 30
    assert "db/migrations/002_u.sql:3:" in failed.stderr
    assert "DETAIL: Key (a)=(7) is duplicated." in failed.stderr
    assert "CONSTRAINT: i" in failed.stderr
    assert "TABLE: public.o" in failed.stderr
    assert tables(embedded_database) == ["o", "schema_migrations"]


def test_what_others_depend_on_is_told_by_name(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    files = {"001_o.sql": TABLE, "002_v.sql": migration("create view public.v as select * from public.o;")}
    folder = project(files, sealed=True)
    env = {"DEV_DATABASE_URL": embedded_database.url, "DBMATE_WRAP_DUMP_SCHEMA": "false"}
    assert run_cli(["up"], folder.root, env).returncode == 0
    folder.add("003_d.sql", migration("drop table public.o;"))
    failed = run_cli(["up"], folder.root, env)
    assert "DETAIL: view v depends on table o" in failed.stderr
    assert "HINT: Use DROP ... CASCADE" in failed.stderr


def test_a_check_tells_them_too(project: MakeProject, run_cli: RunCli) -> None:
    drop = migration("drop table public.o;")
    files = {"001_o.sql": TABLE, "002_v.sql": migration("create view public.v as select * from public.o;")}
    folder = project({**files, "003_d.sql": drop}, sealed=True)
    failed = run_cli(["check"], folder.root)
    assert failed.returncode == 30, failed.stderr
    assert "DETAIL: view v depends on table o" in failed.stderr


def test_where_rows_matter_the_query_that_finds_them_is_printed_and_works(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder, env = project({"001_o.sql": TABLE}, sealed=True), staging(embedded_database)
    assert run_cli(["up", "-e", "staging"], folder.root, env).returncode == 0
    embedded_database.execute(ROWS)
    folder.add("002_u.sql", UNIQUE)
    folder.seal()
    failed = run_cli(["up", "-e", "staging"], folder.root, env)
    assert failed.returncode == 30
    assert "DETAIL" not in failed.stderr
    typed = re.search(r"in the way: dbmate-wrap (psql .*?); fix ", failed.stderr)
    assert typed is not None, failed.stderr
    shown = run_cli([*shlex.split(typed[1])[:-2], "-XAtc", shlex.split(typed[1])[-1]], folder.root, env)
    assert (shown.returncode, shown.stdout) == (0, "7|2\n")
