"""Every word of the findings, with rule, severity, line and column, as they were read and found good."""

from collections.abc import Iterable

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.git.merge_base import MergeBase
from dbmate_wrap.migrations.directory import Listing
from dbmate_wrap.migrations.parse import parse_migration
from dbmate_wrap.policy import sql_rules, suppressions
from dbmate_wrap.policy.file_rules import check_contents, check_names
from dbmate_wrap.policy.findings_error import findings_error
from dbmate_wrap.policy.lockfile_rules import check_base, check_lockfile
from tests.support.cases import assert_as_written, cases_in, listed, migration_file, texts
from tests.support.migrations import file_of

FOLDER, LOCK = "db/migrations", "db/migrations.lock"
WELL_FORMED = "-- migrate:up\nSELECT 1;\n-- migrate:down\n"
# What is asked of a block of SQL, beside the examples of the pages: one of each way to be found.
UPS = (
    "vacuum public.a;",
    "do $$ begin execute 'vacuum'; commit; rollback; end $$;",
    "alter type public.s add value 'new'; update public.a set s = 'new';",
    "create index concurrently i on public.a (id); create index concurrently j on public.a (id);",
    "begin; select 1; commit;",
    "drop schema public cascade;",
    "alter schema public rename to old;",
    "drop owned by current_user;",
    "reassign owned by current_user to other;",
    "drop table public.schema_migrations;",
    "drop schema dbmate_wrap cascade; select 1 from dbmate_wrap.ledger;",
    "do $$ declare t text; begin for t in select tablename from pg_tables where schemaname = 'public' loop"
    " execute format('drop table public.%I', t); end loop; end $$;",
    "set statement_timeout = 0; set role other; set session authorization other; reset role;",
    "select set_config('lock_timeout', '1s', false); select pg_advisory_lock(1);",
    "create temporary table t (i int); discard all; listen x; prepare p as select 1;",
    "set search_path = app; alter role app set search_path = app; alter database crm set search_path = app;",
    "select set_config('search_path', 'app', true); alter database crm rename to x; reset all;",
    "insert into public.a values (1); update public.a set i = 2; delete from public.a; truncate public.a;",
    "merge into public.a using public.b on a.i = b.i when matched then delete; copy public.a from stdin;",
    "select 1 into public.c; create table public.d as select 1; with x as (delete from public.a returning 1)"
    " select 1;",
    "prepare w as insert into public.a values (1); execute w; prepare r as select 1; execute r;",
    "do $$ begin insert into public.a values (1); exception when others then null; end $$;",
    "create role app login password 'secret'; alter user app password 'secret'; create user mapping for app"
    " server s options (password 'secret');",
    "create table a (i int); alter table a add b int; create view v as select 1 from a; drop table b;",
    "create table public.x (i int); create table public.y (i int); create function public.f() returns int"
    " language sql as 'select 1';",
    "alter table public.a drop column b; drop table public.c; alter table public.a rename column d to e;"
    " alter table public.f rename to g;",
    "alter table public.a owner to app; grant all on public.a to app; revoke all on public.a from app;",
    "create publication p for all tables;",
    "select '\u200b\u202e\u2060'; -- \u202e\u00ad\nselect 1;\u00a0select 2;\u0085",
    "\\d\nselect 1;",
    "create tble x ();",
    "-- dbmate-wrap: allow data-write because so\ninsert into public.a values (1);",
    "-- dbmate-wrap: allow data-write\ninsert into public.a values (1);",
    "-- dbmate-wrap: allow no-such-rule because so\nselect 1;",
    "-- dbmate-wrap: allow data_write because so\n\nselect 1; -- dbmate-wrap: allow data-write because so",
    "-- dbmate-wrap: allow data-write because so\nselect 1;",
    "-- dbmate-wrap: allow syntax-error because so\nselect 1;",
    "select 1 -- dbmate-wrap: allow data-write because so\n;",
    "/* dbmate-wrap: allow data-write because so */ select 1;",
    "-- dbmate-wrap: allow\nselect 1;\n-- dbmate-wrap: alow data-write because so\nselect 2;",
    "-- dbmate-wrap: phase after\nselect 1;",
    f"/* dbmate-wrap: phase after{' x' * 30}\nmore */ select 1;",
    "set role other; set local session authorization other;",
    "select set_config('role', 'other', true); select set_config('session_authorization', 'x', false);",
    "set role other; set role none; select set_config('role', '', false);",
    "declare c cursor with hold for select 1; declare d cursor for select 1;",
    "explain (analyze false) delete from public.a; explain (analyze off) delete from public.b;"
    " explain (analyze true) delete from public.c; explain (analyze) delete from public.d;",
    "create temporary table t on commit drop as select 1; create temporary view v as select 1;",
)
DOWNS = (
    *("vacuum public.a;", "set statement_timeout = 0;", "delete from public.a;", "begin; drop table a;"),
    "-- dbmate-wrap: phase after\ndrop table public.a;",
)
OPTIONS = ("transaction:false", "transaction:true", "transaction: false", "phase:after", "x" * 90)
HEADS = (
    "-- dbmate-wrap: phase after\n",
    "-- dbmate-wrap: phase after\n-- dbmate-wrap: phase before\n",
    "-- dbmate-wrap: phase after\n-- dbmate-wrap: phase after\n",
    "-- dbmate-wrap: phase\n",
    "-- dbmate-wrap: phases: run this after the rollout\n",
    "-- dbmate-wrap: phase later\n",
    "-- dbmate-wrap: after\n-- dbmate-wrap: run this before the rollout\n",
    "-- dbmate-wrap: BEFORE\n",
    "-- dbmate-wrap: allow missing-down because nothing can\n",
    "-- dbmate-wrap: allow mixed-changes because old\n",
    "-- dbmate-wrap: allow unqualified-name because old\n",
)


def told(findings: Iterable[Finding]) -> str:
    return "".join(
        f"{each.rule} {each.severity} {each.file}:{each.line}:{each.column}: {each.message}\n  {each.hint}\n"
        for each in findings
    )


def checked(text: str, name: str = "002_b.sql") -> str:
    """What is found in a file of this text, with its text before it."""
    file = file_of(name, text)
    found = list(check_contents([file], FOLDER).findings)
    parsed = parse_migration(file, text)
    if isinstance(parsed, ParsedMigration):
        context = sql_rules.RuleContext((None, "schema_migrations"), FOLDER)
        found += sql_rules.check_sql([parsed], context)
        allowed = suppressions.suppressions_of([parsed], FOLDER)
        rules = sql_rules.checked_rules([parsed], context, with_sql=True)
        found = list(suppressions.apply_suppressions(found, allowed, rules, {}))
    return f"== {ascii(text)[1:-1]}\n{told(found)}\n"


def test_what_is_found_in_a_block_of_sql() -> None:
    ups = [checked(f"-- migrate:up\n{sql}\n-- migrate:down\n-- nothing\n") for sql in UPS]
    outside = [
        checked(f"-- migrate:up transaction:false\n{sql}\n-- migrate:down\n-- nothing\n") for sql in UPS[:5]
    ]
    downs = [checked(f"-- migrate:up\nselect 1;\n-- migrate:down\n{sql}\n") for sql in DOWNS]
    heads = [checked(f"{head}{WELL_FORMED}") for head in HEADS]
    options = [checked(f"-- migrate:up {word}\nselect 1;\n-- migrate:down {word}\n") for word in OPTIONS]
    assert_as_written("texts/sql.txt", "".join((*ups, *outside, *downs, *heads, *options)))


def test_what_is_found_in_names_and_contents() -> None:
    parts = []
    for case in cases_in("file_rules"):
        given = case["files"]
        assert isinstance(given, dict)
        files = [migration_file(name, given[name] or WELL_FORMED) for name in sorted(given)]
        sequential = case.get("sequential") is not False
        names = check_names(Listing(tuple(files), ()), FOLDER, sequential=sequential)
        found = [*names, *check_contents(files, FOLDER).findings]
        parts.append(f"== {case['name']}\n{told(found)}\n")
    bytes_of = (
        b"\xef\xbb\xbf-- migrate:up\n",
        b"\x00-- migrate:up\n",
        b"-- migrate:up\n\xff\n",
        b"\xff\xfe-\x00",
    )
    parts += [told(check_contents([migration_file("001_a.sql", each)], FOLDER).findings) for each in bytes_of]
    assert_as_written("texts/files.txt", "".join(parts))


def sealed_of(names: Iterable[str]) -> list[Sealed]:
    files = [migration_file(*name.partition("=")[::2]) for name in names]
    return [Sealed(file.name, file.checksum, line) for line, file in enumerate(files, 1)]


def test_what_is_found_where_files_lockfile_and_base_disagree() -> None:
    parts = []
    for case in cases_in("lockfile_rules"):
        files = [migration_file(*name.partition("=")[::2]) for name in texts(case, "files")]
        sealed = sealed_of(texts(case, "sealed"))
        for protected, disposable in ((False, False), (True, False), (False, True)):
            found = check_lockfile(
                *(files, sealed), folder=FOLDER, lockfile=LOCK, protected=protected, disposable=disposable
            )
            parts.append(f"== {case['name']}, {protected=}, {disposable=}\n{told(found)}\n")
    whole = ["001_a.sql=a", "002_b.sql=b", "003_c.sql=c"]
    then = b"# 1\n# 2\n" + b"".join(
        f"{each.name} sha256:{each.checksum}\n".encode() for each in sealed_of(whole)
    )
    sums = {each.name: each.checksum for each in sealed_of(whole)}
    for now, lines in (
        (whole, whole[:2]),
        (["001_a.sql=x", *whole[1:]], ["001_a.sql=x", *whole[1:]]),
        (["001_a.sql=x", *whole[1:]], whole),
        (["001_z.sql=a", *whole[1:]], ["001_z.sql=a", *whole[1:]]),
        (["001_z.sql=a", *whole[1:]], whole),
        (whole[1:], whole[1:]),
        (whole[1:], whole),
        (whole, ["001_a.sql=x", *whole[1:]]),
        (["000_n.sql=n", *whole], ["000_n.sql=n", *whole]),
        (whole, []),
        (["001_a.sql=x", "002_b.sql=y", whole[2]], ["001_a.sql=x", "002_b.sql=y", whole[2]]),
    ):
        for tip in (tuple(sums), (*sums, "004_d.sql")):
            base = MergeBase("origin/main", "0123456789" * 4, sums, then, tip)
            files = [migration_file(*name.partition("=")[::2]) for name in now]
            reported = check_lockfile(files, sealed_of(lines), folder=FOLDER, lockfile=LOCK)
            found = check_base(reported, files, sealed_of(lines), base, folder=FOLDER, lockfile=LOCK)
            parts.append(f"== {now} with {lines}, {len(tip)} there\n{told(found)}\n")
    assert_as_written("texts/lockfile.txt", "".join(parts))


def test_what_findings_end_a_command_with() -> None:
    def finding(rule: str, line: int, hint: str = "mend it", file: str = "001_a.sql") -> Finding:
        return Finding(rule, "error", f"{FOLDER}/{file}", line, 1, f"{rule} is broken", hint)

    groups = {
        "one": [finding("data-write", 7)],
        "one of the history": [finding("edited", 1)],
        "two in one line": [finding("data-write", 7), finding("search-path", 7)],
        "two hints": [finding("data-write", 7), finding("search-path", 8, "or so")],
        "two files": [finding("data-write", 7), finding("data-write", 7, file="002_b.sql")],
        "two that are lenient": [finding("file-name", 1), finding("version-gap", 1, "or so")],
        "none that is lenient": [finding("edited", 1), finding("removed", 2, "or so")],
    }
    errors = {name: findings_error(found, FOLDER) for name, found in groups.items()}
    assert_as_written("texts/ends.txt", listed({name: each for name, each in errors.items() if each}))
