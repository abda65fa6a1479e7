"""A diagram of a live database, in the formats in which people and programs want it."""

import pytest

from tests.support.cli import RunCli, assert_refused, staging
from tests.support.projects import MakeProject, migration
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

TABLES = migration(
    "create table public.a (id bigint primary key);"
    "create table public.b (id bigint primary key, a_id bigint not null references public.a);"
    'create table public."order no" (id bigint);',
    "drop table public.b, public.a;",
)
DRAWN = (
    'erDiagram\n    "a" {\n        bigint id PK\n    }\n    "b" {\n        bigint id PK\n'
    '        bigint a_id FK\n    }\n    "a" ||..o{ "b" : "a_id"\n'
)


def test_a_live_database_is_drawn_and_written_only_where_it_changed(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder, env = project({"001_a.sql": TABLES}), staging(embedded_database)
    command = ["diagram", "-e", "staging", "--table", "a", "--hops", "1"]
    assert run_cli(["up", "-e", "staging"], folder.root, env).returncode == 0
    shown = run_cli(command, folder.root, env)
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, DRAWN, "")
    marked = run_cli([*command, "--format", "markdown"], folder.root, env).stdout
    assert f"```mermaid\n{DRAWN}```" in marked
    document = run_cli([*command, "--format", "json"], folder.root, env).json()
    assert (document["diagram"], document["file"], document["changed"]) == (DRAWN, None, False)
    written = [run_cli([*command, "--output", "schema.mmd"], folder.root, env).stdout for _ in range(2)]
    assert "schema.mmd written: 2 tables, 1 foreign key" in written[0]
    assert "schema.mmd is up to date: 2 tables, 1 foreign key" in written[1]
    assert (folder.root / "schema.mmd").read_text() == DRAWN
    for table, hint in (
        ("orders no", "dbmate-wrap diagram -e staging --table 'order no'"),
        ("x", "dbmate-wrap diagram -e staging"),
    ):
        refused = run_cli(["diagram", "-e", "staging", "--table", table], folder.root, env)
        assert_refused(refused, 2, f"no table is named by --table {table}", hint)
    assert run_cli(["diagram", "-e", "staging", "--hops", "2"], folder.root, env).returncode == 2
