"""A migration that fails is told exactly: where, why, what stayed, and how to clean up."""

import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.cli import RunCli, RunJson, applied, assert_refused, error_of, staging, tables
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.servers import Database

pytestmark = pytest.mark.faults

UP = ["up", "-e", "staging"]
OUTSIDE = "transaction:false"
# Duplicates, on which a unique index cannot be built.
TWICE = migration("create table public.t (i int);\ncreate unlogged table public.s (i int);")


def commands(hint: object) -> list[str]:
    """The statements that a hint tells to run."""
    return [line.strip() for line in str(hint).splitlines() if line.endswith(";")]


def run_each(database: Database, statements: Sequence[str]) -> None:
    """As a person does: one statement at a time."""
    for statement in statements:
        database.execute(statement)


def with_duplicates(project: MakeProject, database: Database, second: str) -> ProjectFolder:
    """A database with a table in which 1 stands twice, and a project whose second migration is pending."""
    folder = project({"001_t.sql": migration("create table public.t (i int);")}, sealed=True)
    database.execute(
        "create table public.t (i int); insert into public.t values (1), (1);"
        "create table public.schema_migrations (version varchar primary key);"
        "insert into public.schema_migrations values ('001')"
    )
    folder.add("002_i.sql", second)
    folder.seal()
    return folder


# The file, and what is told: line, column, SQLSTATE, message, the frame.
PLACES = {
    "comments before the marker": (
        b"-- one\n-- two\n\n-- migrate:up\ncreate table public.a (i int);\nselect i, nosuch from public.a;\n",
        (6, 11, "42703", 'column "nosuch" does not exist'),
        "    6 | select i, nosuch from public.a;\n      |           ^",
    ),
    "tabs": (
        b"-- migrate:up\nselect 1,\n\t\tnosuch;\n",
        (3, 3, "42703", 'column "nosuch" does not exist'),
        "    3 |         nosuch;\n      |         ^",
    ),
    "multi-byte characters": (
        "-- migrate:up\n-- é\n/* éè */ select 'ñü', nosuch;\n".encode(),
        (3, 23, "42703", 'column "nosuch" does not exist'),
        "    3 | /* éè */ select 'ñü', nosuch;\n      |                       ^",
    ),
    "wide characters": (
        "-- migrate:up\nselect '日😀', nosuch;\n".encode(),
        (2, 14, "42703", 'column "nosuch" does not exist'),
        "    2 | select '日😀', nosuch;\n      |                ^",
    ),
    "CRLF": (
        b"-- c\r\n-- migrate:up\r\ncreate table public.a (i int);\r\n  select nosuch;\r\n",
        (4, 10, "42703", 'column "nosuch" does not exist'),
        "    4 |   select nosuch;\n      |          ^",
    ),
    "syntax": (
        b"-- migrate:up\ncreate table public.a (i int);\nselec 1;\n",
        (3, 1, "42601", 'syntax error at or near "selec"'),
        "    3 | selec 1;\n      | ^",
    ),
    "a do block": (
        b"-- migrate:up\ndo $$\nbegin\n  perform 1/0;\nend $$;\n",
        (None, None, "22012", "division by zero"),
        None,
    ),
    "a function": (
        b"-- migrate:up\ncreate function f() returns int language sql as 'select 1/0';\nselect f();\n",
        (None, None, "22012", "division by zero"),
        None,
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_the_place_is_that_in_the_file(
    project: MakeProject, run_json: RunJson, embedded_database: Database, name: str
) -> None:
    content, (line, column, sqlstate, message), frame = PLACES[name]
    folder = project({"001_a.sql": content + b"\n-- migrate:down\n"})
    document = run_json([*UP], folder.root, staging(embedded_database))
    assert document["exit"] == {"code": 30, "name": "failed"}
    error = error_of(document)
    place = "db/migrations/001_a.sql" + (f":{line}:{column}" if line else "")
    assert error["message"] == f"{place}: {message}"
    assert (error["migration"], error["line"], error["sqlstate"]) == ("001_a.sql", line, sqlstate)
    assert error["frame"] == frame
    assert tables(embedded_database) == ["schema_migrations"]


@pytest.mark.both_majors
def test_the_line_and_the_caret_stand_below_the_error(
    project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    content = "-- why\n-- migrate:up\ncreate table public.a (i int);\n\tselect nosuch;\n\n-- migrate:down\n"
    done = run_cli(UP, project({"001_a.sql": content}, sealed=True).root, staging(database))
    assert done.returncode == 30
    assert done.stderr.endswith(
        'error: db/migrations/001_a.sql:4:9: column "nosuch" does not exist (42703)\n'
        "    4 |     select nosuch;\n"
        "      |            ^\n"
        "  hint: its transaction was rolled back: fix 001_a.sql (edit it, then"
        " `dbmate-wrap amend 001_a.sql --because TEXT`) and run again\n"
        "  exit: 30 (failed)\n"
    )
    assert tables(database) == ["schema_migrations"]


@pytest.mark.both_majors
def test_what_belongs_to_another_role_is_named_although_the_file_hides_it(
    project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    folder = project(
        {"001_a.sql": migration("do $$ begin execute 'alter table public.t add x int'; end $$;")}, sealed=True
    )
    role = f"deployer_{uuid.uuid4().hex[:8]}"
    database.execute(f"create role {role} login; grant all on schema public to {role}")
    database.execute("create table public.t (i int)")
    database.execute("create table public.schema_migrations (version varchar primary key)")
    database.execute(f"grant all on public.schema_migrations to {role}")
    url = database.url.replace(f"//{database.server.superuser}@", f"//{role}@")
    done = run_cli(UP, folder.root, {"STAGING_DATABASE_URL": url, "DBMATE_WRAP_LEDGER": "false"})
    assert_refused(done, 30, r"must be owner of table t \(42501\)", "table public.t .its owner is postgres.")
    assert f'alter table public.t owner to "{role}"' in done.stderr
    assert "fix 001_a.sql" not in done.stderr
    database.execute(f"drop owned by {role}; drop role {role}")


def test_a_session_that_transaction_timeout_ended_is_told_by_that_name(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    name = embedded_database.execute("select current_database()")[0][0]
    embedded_database.execute(f"alter database {name} set transaction_timeout = '500ms'")
    slow = migration("create table public.a (i int); select pg_sleep(5);")
    folder = project({"001_a.sql": slow}, sealed=True)
    done = run_cli(UP, folder.root, staging(embedded_database))
    assert_refused(
        done,
        30,
        "001_a.sql: the server cut it off after transaction_timeout = 500ms: ",
        f'alter role "postgres" in database "{name}" set transaction_timeout = 0',
    )
    assert "warning: what takes longer is cut off: transaction_timeout = 500ms" in done.stderr
    assert tables(embedded_database) == ["schema_migrations"]


def test_what_the_statement_met_is_told_where_the_server_knows_no_place(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    unique = "create table public.t (i int);\nalter table public.t add constraint u check (1 / i > 0);"
    folder = project({"001_a.sql": migration(f"{unique}\ninsert into public.t values (0);")}, sealed=True)
    done = run_cli(UP, folder.root, staging(embedded_database))
    assert_refused(done, 30, r"001_a\.sql: division by zero \(22012\)", "fix 001_a.sql")


def test_several_statements_outside_a_transaction_leave_nothing_and_it_is_said(
    project: MakeProject, run_json: RunJson, run_cli: RunCli, database: Database
) -> None:
    """PostgreSQL runs them as one implicit transaction."""
    text = "create table public.a (i int);\ncreate table public.b (i int);\nselect nosuch;"
    folder = project({"001_a.sql": migration(text, options=OUTSIDE)}, sealed=True)
    document = run_json(UP, folder.root, staging(database))
    assert document["exit"] == {"code": 31, "name": "partial"}
    error = error_of(document)
    assert error["line"] == 4
    assert "the catalogs are as before" in str(error["hint"])
    assert tables(database) == ["schema_migrations"]
    assert_fixed(folder, "001_a.sql", migration("create table public.a (i int);"), run_cli, database)


def assert_fixed(folder: ProjectFolder, name: str, text: str, run_cli: RunCli, database: Database) -> None:
    """The next run, with a migration that works, succeeds."""
    folder.add(name, text)
    folder.seal()
    done = run_cli(UP, folder.root, staging(database))
    assert done.returncode == 0, done.stderr


def test_what_a_commit_in_the_middle_left_is_named_and_the_commands_clean_up(
    project: MakeProject, run_json: RunJson, run_cli: RunCli, database: Database
) -> None:
    text = """create schema "Left over";
create type public.mood as enum ('good');
create table public.a (id serial primary key, mood public.mood);
create index on public.a (mood);
create view "Left over".v as select * from public.a;
create function public.f(i int, public.a) returns int language sql as 'select 1';
create sequence public.lone;
create table public.b (a int references public.a);
create materialized view public.m as select * from "Left over".v;
create unique index kept_u on public.kept (i);
alter table public.kept add constraint kept_k unique (i);
commit;
select nosuch;"""
    database.execute(
        "create table public.kept (i int);create table public.schema_migrations (version varchar primary key)"
    )
    folder = project({"001_a.sql": migration(text, options=OUTSIDE)}, sealed=True)
    document = run_json(UP, folder.root, staging(database))
    assert document["exit"] == {"code": 31, "name": "partial"}, document["error"]
    hint = error_of(document)["hint"]
    assert commands(hint) == [
        "alter table public.kept drop constraint kept_k;",
        "drop index public.kept_u;",
        "drop materialized view public.m;",
        "drop table public.b;",
        "drop sequence public.lone;",
        "drop function public.f(integer,public.a);",
        'drop view "Left over".v;',
        "drop table public.a;",
        "drop type public.mood;",
        'drop schema "Left over";',
    ]
    run_each(database, commands(hint))
    assert tables(database) == ["kept", "schema_migrations"]
    assert_fixed(
        folder, "001_a.sql", migration(text.replace("select nosuch;", ""), options=OUTSIDE), run_cli, database
    )


def test_a_commit_in_a_transactional_migration_is_looked_after_too(
    project: MakeProject, run_json: RunJson, embedded_database: Database
) -> None:
    folder = project(
        {"001_a.sql": migration("create table public.a (i int);\ncommit;\nselect 1/0;")}, sealed=True
    )
    document = run_json(UP, folder.root, staging(embedded_database))
    assert document["exit"] == {"code": 31, "name": "partial"}
    assert commands(error_of(document)["hint"]) == ["drop table public.a;"]
    assert tables(embedded_database) == ["a", "schema_migrations"]


def test_of_several_sections_no_line_is_guessed(
    project: MakeProject, run_json: RunJson, embedded_database: Database
) -> None:
    down = "\n-- migrate:down\n"
    text = f"-- migrate:up\ncreate table public.a (i int);{down}-- migrate:up\nselect nosuch;{down}"
    folder = project({"001_a.sql": text}, sealed=True)
    error = error_of(run_json(UP, folder.root, staging(embedded_database)))
    assert (error["line"], error["frame"]) == (None, None)
    assert commands(error["hint"]) == ["drop table public.a;"]


@pytest.mark.both_majors
@pytest.mark.parametrize("name", ["i", 'I "x"'])
def test_a_failed_concurrent_build_names_the_index_and_how_to_drop_it(
    project: MakeProject, run_json: RunJson, run_cli: RunCli, database: Database, name: str
) -> None:
    quoted = name if name == "i" else '"I ""x"""'
    build = migration(f"create unique index concurrently {quoted} on public.t (i);", options=OUTSIDE)
    folder = with_duplicates(project, database, build)
    document = run_json(UP, folder.root, staging(database))
    assert document["exit"] == {"code": 31, "name": "partial"}
    error = error_of(document)
    assert error["sqlstate"] == "23505"
    assert f"left behind: invalid index public.{quoted}; to clean up:" in str(error["hint"])
    assert commands(error["hint"]) == [f"drop index concurrently public.{quoted};"]
    again = run_json(UP, folder.root, staging(database))
    assert again["exit"] == {"code": 22, "name": "preflight"}
    run_each(database, commands(error["hint"]))
    database.execute("delete from public.t")
    done = run_cli(UP, folder.root, staging(database))
    assert done.returncode == 0, done.stderr
    assert applied(database) == ["001", "002"]
    assert database.execute("select indisvalid from pg_index where indrelid = 'public.t'::regclass") == [
        (True,)
    ]


@pytest.mark.both_majors
def test_a_concurrent_build_with_if_not_exists_is_never_green_over_an_invalid_index(
    project: MakeProject, run_json: RunJson, run_cli: RunCli, database: Database
) -> None:
    build = migration("create unique index concurrently if not exists i on public.t (i);", options=OUTSIDE)
    folder = with_duplicates(project, database, build)
    document = run_json(UP, folder.root, staging(database))
    assert document["exit"] == {"code": 31, "name": "partial"}
    cleaning = commands(error_of(document)["hint"])
    database.execute("delete from public.t")
    for _ in range(2):
        done = run_cli(UP, folder.root, staging(database))
        assert_refused(done, 22, r"invalid-indexes: .*public\.i", "drop index concurrently public.i")
    assert applied(database) == ["001"]
    run_each(database, cleaning)
    done = run_cli(UP, folder.root, staging(database))
    assert done.returncode == 0, done.stderr
    assert database.execute("select indisvalid from pg_index where indrelid = 'public.t'::regclass") == [
        (True,)
    ]


def test_an_invalid_index_of_somebody_else_is_a_warning(
    project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    folder = with_duplicates(project, database, migration("create table public.b (i int);"))
    with pytest.raises(Exception, match="could not create unique index"):
        database.execute("create unique index concurrently theirs on public.t (i)")
    done = run_cli(UP, folder.root, staging(database))
    assert done.returncode == 0, done.stderr
    assert "warning: invalid indexes" in done.stderr
    assert "public.theirs" in done.stderr
    assert applied(database) == ["001", "002"]


def test_a_build_that_ends_green_and_leaves_an_invalid_index_is_31(
    project: MakeProject, run_json: RunJson, run_cli: RunCli, embedded_database: Database
) -> None:
    """Seen with a name that only the server knows: the preflight cannot, the look afterwards does."""
    text = """create procedure public.build() language plpgsql as $$ begin
  execute 'create unique index i on public.t (i)';
  update pg_index set indisvalid = false where indexrelid = 'public.i'::regclass;
end $$;
call public.build();"""
    folder = with_duplicates(project, embedded_database, migration(text, options=OUTSIDE))
    embedded_database.execute("delete from public.t")
    document = run_json(UP, folder.root, staging(embedded_database))
    assert document["exit"] == {"code": 31, "name": "partial"}, document["error"]
    assert document["applied"] == ["002"]
    error = error_of(document)
    assert "002_i.sql is recorded as applied, but left an index that is not valid" in str(error["message"])
    assert "drop index concurrently public.i;" in commands(error["hint"])


@pytest.mark.both_majors
def test_a_failed_concurrent_drop_is_told_by_rollback(
    project: MakeProject, run_json: RunJson, run_cli: RunCli, database: Database
) -> None:
    """It marks the index invalid, and then waits for everybody who may still use it."""
    both = f"""-- migrate:up {OUTSIDE}
create index concurrently i on public.t (i);
-- migrate:down {OUTSIDE}
drop index concurrently if exists public.i;
"""
    files = {"001_t.sql": migration("create table public.t (i int);"), "002_i.sql": both}
    folder = project(files, sealed=True)
    assert run_cli(UP, folder.root, staging(database)).returncode == 0
    with database.connect() as other, other.transaction():
        other.execute("select * from public.t where i = 1")
        hasty = {**staging(database), "DBMATE_WRAP_STATEMENT_TIMEOUT": "1s"}
        document = run_json(["rollback", "-e", "staging"], folder.root, hasty)
    assert document["exit"] == {"code": 31, "name": "partial"}, document["error"]
    assert commands(error_of(document)["hint"]) == ["drop index concurrently public.i;"]
    assert applied(database) == ["001", "002"]
    done = run_cli(["rollback", "-e", "staging"], folder.root, staging(database))
    assert done.returncode == 0, done.stderr
    assert database.execute("select to_regclass('public.i')") == [(None,)]


def test_what_was_applied_before_the_failure_stays_and_is_said(
    project: MakeProject, run_cli: RunCli, database: Database, tmp_path: Path
) -> None:
    files = {
        "001_a.sql": migration("create table public.a (i int);"),
        "002_b.sql": migration("create table public.b (i int);\nselect nosuch;"),
        "003_c.sql": migration("create table public.c (i int);"),
    }
    folder = project(files, sealed=True)
    done = run_cli(UP, folder.root, staging(database))
    assert done.returncode == 30
    rows = [line.split() for line in done.stdout.splitlines() if ".sql" in line]
    assert [(row[0], row[-1]) for row in rows] == [("001", "applied"), ("002", "pending"), ("003", "pending")]
    assert tables(database) == ["a", "schema_migrations"]
    assert_fixed(folder, "002_b.sql", files["003_c.sql"].replace("public.c", "public.b"), run_cli, database)
    assert applied(database) == ["001", "002", "003"]
