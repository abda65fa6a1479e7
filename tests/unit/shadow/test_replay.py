"""What of a replay needs no server: comparing dumps, what is cached, what is still to be done."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.schema_diff import Difference, compare, first_difference
from dbmate_wrap.migrations.parse import parse
from dbmate_wrap.shadow import cache as module
from dbmate_wrap.shadow import replay as replays
from dbmate_wrap.shadow import round_trip
from dbmate_wrap.shadow.cache import ReplayCache, SchemaDump
from tests.support.cases import migration_file
from tests.support.projects import migration

HEAD = "--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n\n"


def entry(name: str, kind: str, text: str, schema: str = "app") -> str:
    """One object as pg_dump writes it."""
    return f"--\n-- Name: {name}; Type: {kind}; Schema: {schema}; Owner: -\n--\n\n{text}\n\n\n"


def table(name: str, *lines: str) -> str:
    """A table with these lines."""
    body = ",\n".join(f"    {line}" for line in lines)
    return entry(name, "TABLE", f"CREATE TABLE app.{name} (\n{body}\n);")


ORDERS = table("orders", "id integer NOT NULL", "note text", "CONSTRAINT k CHECK ((id > 0))")


def test_equal_dumps_do_not_differ() -> None:
    assert not compare(HEAD + ORDERS, HEAD + ORDERS)
    assert not compare("", "")


def test_the_order_of_objects_has_no_meaning() -> None:
    other = table("other", "id integer")
    assert not compare(HEAD + ORDERS + other, HEAD + other + ORDERS)


def test_settings_between_objects_belong_to_none() -> None:
    setting = "SET default_tablespace = '';\n\nSET default_table_access_method = heap;\n\n"
    function = entry("f()", "FUNCTION", "CREATE FUNCTION app.f() RETURNS integer;")
    assert not compare(function + setting + ORDERS, setting + ORDERS + function)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((), Difference(missing=("table app.orders",))),
        (
            ("id integer NOT NULL", "CONSTRAINT k CHECK ((id > 0))"),
            Difference(missing=("column app.orders.note",)),
        ),
        (
            ("id integer NOT NULL", "note text", '"a b" text', "CONSTRAINT k CHECK ((id > 0))"),
            Difference(extra=('column app.orders."a b"',)),
        ),
        (
            ("id bigint NOT NULL", "note text", "CONSTRAINT k CHECK ((id > 0))"),
            Difference(changed=("column app.orders.id",)),
        ),
        (("id integer NOT NULL", "note text"), Difference(missing=("constraint k of app.orders",))),
        (
            ("note text", "id integer NOT NULL", "CONSTRAINT k CHECK ((id > 0))"),
            Difference(reordered=("the order of the columns of table app.orders",)),
        ),
    ],
)
def test_a_table_is_compared_column_by_column(found: tuple[str, ...], expected: Difference) -> None:
    assert compare(HEAD + ORDERS, HEAD + (table("orders", *found) if found else "")) == expected


def test_a_table_that_differs_elsewhere_is_named_itself() -> None:
    partitioned = ORDERS.replace("\n);", "\n)\nPARTITION BY RANGE (id);")
    assert compare(ORDERS, partitioned) == Difference(changed=("table app.orders",))


def test_lines_of_one_long_expression_are_not_lost() -> None:
    def long(last: str) -> str:
        return table("t", "a text DEFAULT", "WHEN 1 THEN 2", f"WHEN 3 THEN {last}")

    assert compare(long("4"), long("5")) == Difference(changed=("table app.t",))


def test_what_comes_with_a_table_is_not_told_beside_it() -> None:
    new = table("c", "id integer")
    new += entry("c_id_seq", "SEQUENCE", "CREATE SEQUENCE app.c_id_seq;")
    new += entry("c_id_seq", "SEQUENCE OWNED BY", "ALTER SEQUENCE app.c_id_seq OWNED BY app.c.id;")
    new += entry(
        "c c_pkey", "CONSTRAINT", "ALTER TABLE ONLY app.c\n    ADD CONSTRAINT c_pkey PRIMARY KEY (id);"
    )
    new += entry("c_i", "INDEX", "CREATE INDEX c_i ON app.c USING btree (id);")
    new += entry("customer_i", "INDEX", "CREATE INDEX customer_i ON app.customer USING btree (id);")
    assert compare("", new).extra == ("table app.c", "index app.customer_i")


def test_objects_are_named_as_people_name_them() -> None:
    found = entry("orders orders_pkey", "CONSTRAINT", "ALTER TABLE ...") + entry("x", "SCHEMA", "...", "-")
    found += entry("citext", "EXTENSION", "...", "-") + entry("COLUMN orders.id", "COMMENT", "...")
    assert compare("", found).extra == (
        "constraint orders_pkey of app.orders",
        "schema x",
        "extension citext",
        "comment on column orders.id",
    )


def test_the_history_table_and_its_schema_are_left_out() -> None:
    found = entry("meta", "SCHEMA", "CREATE SCHEMA meta;", "-")
    found += entry("done", "TABLE", "CREATE TABLE meta.done (\n);", "meta")
    found += entry("done done_pkey", "CONSTRAINT", "ALTER TABLE ...", "meta")
    assert not compare("", found, ("meta", "done"))
    assert len(compare("", found, ("meta", "other")).extra) == 2


def test_of_many_names_five_are_told_and_the_rest_counted() -> None:
    words = {"extra": "more", "missing": "less", "changed": "other"}
    assert Difference(("a", "b"), ("c",)).told(**words) == "more a, b; less c"
    assert Difference(tuple("abcdefg"), ("h",)).told(**words) == "more a, b, c, d, e and 2 more; less 1 more"
    assert Difference(changed=("a",), reordered=("b",)).told(**words) == "other a, b"


def test_the_first_line_that_differs_is_a_line_of_the_text() -> None:
    assert first_difference("a\nb\nc\n", "a\nx\nc\n") == 2
    assert first_difference("a\n", "a\nb\nc\n") == 2
    assert first_difference("a\nb\nc", "a\nb") == 2


DUMP = SchemaDump("CREATE TABLE é;\n", "INSERT ...;\n")


def test_a_dump_is_cached_for_its_key_and_stamp(tmp_path: Path) -> None:
    ReplayCache(tmp_path / "new", "one").save_dump("k", DUMP)
    assert ReplayCache(tmp_path / "new", "one").load_dump("k") == DUMP
    assert ReplayCache(tmp_path / "new", "two").load_dump("k") is None
    assert ReplayCache(tmp_path / "new", "one").load_dump("other") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"null", b"\xff"])
def test_a_dump_that_cannot_be_read_is_not_known(tmp_path: Path, content: bytes) -> None:
    cache = ReplayCache(tmp_path, "one")
    cache.save_dump("k", DUMP)
    [path] = tmp_path.iterdir()
    path.write_bytes(content)
    assert cache.load_dump("k") is None


def test_the_dumps_used_last_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_DUMPS", 3)
    cache = ReplayCache(tmp_path, "one")
    for number in range(3):
        cache.save_dump(f"k{number}", DUMP)
        [path] = tmp_path.glob(f"k{number}.*")
        os.utime(path, (path.stat().st_mtime - 100 + number,) * 2)
    assert cache.load_dump("k0") is not None
    cache.save_dump("k3", DUMP)
    assert [cache.load_dump(f"k{number}") is not None for number in range(4)] == [True, False, True, True]


def test_files_of_others_are_never_removed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    theirs = tmp_path / "elsewhere" / "settings.json"
    theirs.write_text("{}")
    os.utime(theirs, (0, 0))
    (tmp_path / "dumps").symlink_to(tmp_path / "elsewhere")
    cache = ReplayCache(tmp_path / "dumps", "one")
    cache.save_dump("k", DUMP)
    assert cache.load_dump("k") == DUMP
    assert theirs.exists()


def test_a_dump_that_another_account_has_made_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError

    cache = ReplayCache(tmp_path, "one")
    cache.save_dump("k", DUMP)
    monkeypatch.setattr(os, "utime", refuse)
    assert cache.load_dump("k") == DUMP


def test_old_dumps_are_removed(tmp_path: Path) -> None:
    cache = ReplayCache(tmp_path, "one")
    cache.save_dump("old", DUMP)
    [path] = tmp_path.iterdir()
    os.utime(path, (0, 0))
    cache.save_dump("new", DUMP)
    assert cache.load_dump("old") is None


def test_round_trips_are_recorded_for_their_stamp(tmp_path: Path) -> None:
    ReplayCache(tmp_path, "one").record_round_trips(["a", "b"])
    ReplayCache(tmp_path, "one").record_round_trips(["c"])
    ReplayCache(tmp_path, "two").record_round_trips(["d"])
    assert ReplayCache(tmp_path, "one").passed_round_trips() == {"a", "b", "c"}


def test_where_nothing_can_be_written_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = ReplayCache(tmp_path / "file" / "folder", "one")
    cache.save_dump("k", DUMP)
    cache.record_round_trips(["k"])
    assert (cache.load_dump("k"), cache.passed_round_trips()) == (None, frozenset())


def longest_of(templates: str) -> Callable[[Sequence[str]], int]:
    """A pool that has templates for these keys, of one letter each."""
    return lambda keys: max((length for length, key in enumerate(keys, 1) if key in templates), default=0)


def history(*downs: str) -> list[ParsedMigration]:
    """Migrations with these sections after migrate:down."""
    made = []
    for number, down in enumerate(downs, 1):
        text = migration("create table t ();", down)
        found = parse(migration_file(f"{number:03}_t.sql", text), text)
        assert isinstance(found, ParsedMigration)
        made.append(found)
    return made


def test_a_round_trip_is_due_for_what_is_new_has_a_down_and_has_not_passed() -> None:
    migrations = history("drop table t;", "drop table t;", "-- none", "drop table t;")
    new = frozenset(each.file.name for each in migrations[1:])
    assert replays.round_trips_due(migrations, list("abcd"), new, frozenset()) == (1, 3)
    assert replays.round_trips_due(migrations, list("abcd"), new, frozenset("b")) == (3,)
    assert replays.round_trips_due(migrations, list("abcd"), frozenset(), frozenset()) == ()


@pytest.mark.parametrize(
    ("due", "templates", "base", "start"),
    [
        ((), "", 4, 0),
        ((), "d", 4, 4),
        ((), "bd", 4, 4),
        ((2,), "d", 2, 0),
        ((2,), "bd", 2, 2),
        ((0,), "abcd", 0, 0),
    ],
)
def test_a_replay_starts_from_a_template_before_the_first_round_trip(
    due: tuple[int, ...], templates: str, base: int, start: int
) -> None:
    migrations = history(*["drop table t;"] * 4)
    plan = replays.plan_replay(migrations, list("abcd"), due, longest_of(templates))
    assert (plan.base, plan.start) == (base, start)
    assert [each.file.name for each in plan.remaining] == [each.file.name for each in migrations[start:]]
    assert plan.key(start) == ("abcd"[start - 1] if start else None)


@pytest.mark.parametrize(
    ("up", "may"),
    [
        ("create table t (a int references u on delete cascade on update cascade);", False),
        ("create view v as select 1;", False),
        ("INSERT into t values (1);", True),
        ("create table t ();\n  select seed();", True),
        ("create table t (); select seed();", True),
        ("do $$ begin null; end $$;", True),
        ("with x as (select 1) select * from x;", True),
        ("truncate t;", True),
    ],
)
def test_whatmay_write_rows_is_seen(up: str, may: bool) -> None:
    text = migration(up)
    found = parse(migration_file("001_t.sql", text), text)
    assert isinstance(found, ParsedMigration)
    assert round_trip.may_write_rows(found) is may


def test_the_names_of_cache_files_are_plain(tmp_path: Path) -> None:
    ReplayCache(tmp_path, "one").save_dump("sha256:../a/b", DUMP)
    [path] = tmp_path.iterdir()
    assert re.fullmatch(r"[A-Za-z0-9.-]+", path.name)
