"""What differs between a live schema and what its migrations make, and the way to end it."""

from collections.abc import Mapping

import pytest

from dbmate_wrap.domain.drift import SchemaDifference, find_differences, find_fact_differences
from dbmate_wrap.domain.drop_statement import drop_statement
from dbmate_wrap.domain.dumped_objects import dumped_objects
from tests.support.dump_texts import attached, entry, table

T = table("t", "id integer NOT NULL", "note text")
EVENTS = table("events", "id integer")
FUNCTION = entry("f(integer)", "FUNCTION", "CREATE FUNCTION app.f(i integer) AS $$select {}$$;")


def seen(expected: str, live: str) -> list[tuple[str, str, str]]:
    """Change, kind and name of what differs."""
    return [(each.change, each.kind, each.name) for each in find_differences(expected, live)]


def comment(text: str) -> str:
    return entry("TABLE t", "COMMENT", f"COMMENT ON TABLE app.t IS '{text}';")


@pytest.mark.parametrize(
    ("expected", "live", "found"),
    [
        (T, T, []),
        (T + EVENTS, EVENTS + T, []),
        (T + EVENTS, EVENTS, [("missing", "table", "app.t")]),
        (T, T + EVENTS, [("extra", "table", "app.events")]),
        (T, table("t", "id bigint NOT NULL", "note text"), [("changed", "table", "app.t")]),
        (T, table("t", "note text", "id integer NOT NULL"), [("reordered", "table", "app.t")]),
        (
            T,
            table("t", "note text", "id bigint NOT NULL"),
            [("changed", "table", "app.t")],
        ),
        # PostgreSQL 18 has chosen another name, as where a dump was restored.
        (T, table("t", "id integer CONSTRAINT t_id_not_null1 NOT NULL", "note text"), []),
        (
            T,
            table("t", "id integer CONSTRAINT mine NOT NULL", "note text"),
            [("changed", "table", "app.t")],
        ),
        (FUNCTION.format(1), FUNCTION.format(2), [("changed", "function", "app.f(integer)")]),
        (T, T + comment("a"), [("remark", "comment", "on table app.t")]),
        (T + comment("a"), T, [("remark", "comment", "on table app.t")]),
        (T + comment("a"), T + comment("b"), [("remark", "comment", "on table app.t")]),
        ("", entry("s", "SCHEMA", "CREATE SCHEMA s;", "-"), [("extra", "schema", "s")]),
        (
            T,
            T + entry("t t_pkey", "CONSTRAINT", "ALTER TABLE ONLY app.t\n    ADD CONSTRAINT t_pkey ...;"),
            [("extra", "constraint", "t_pkey of app.t")],
        ),
    ],
)
def test_each_class_of_change(expected: str, live: str, found: list[tuple[str, str, str]]) -> None:
    assert seen(expected, live) == found


def test_what_is_no_drift_says_so() -> None:
    drift = {
        change: SchemaDifference(change, "", "").is_drift
        for change in ("missing", "extra", "changed", "reordered", "rights", "remark", "partition")
    }
    assert [change for change, is_drift in drift.items() if is_drift] == ["missing", "extra", "changed"]


def test_what_comes_with_a_table_is_one_difference() -> None:
    more = [
        entry("t_id_seq", "SEQUENCE", "CREATE SEQUENCE app.t_id_seq;"),
        entry("t_id_seq", "SEQUENCE OWNED BY", "ALTER SEQUENCE app.t_id_seq OWNED BY app.t.id;"),
        entry("t id", "DEFAULT", "ALTER TABLE ONLY app.t ALTER COLUMN id SET DEFAULT nextval('...');"),
        entry("t t_pkey", "CONSTRAINT", "ALTER TABLE ONLY app.t\n    ADD CONSTRAINT t_pkey ...;"),
        entry("t_note", "INDEX", "CREATE INDEX t_note ON app.t USING btree (note);"),
        entry("t", "ROW SECURITY", "ALTER TABLE app.t ENABLE ROW LEVEL SECURITY;"),
        entry("t own", "POLICY", "CREATE POLICY own ON app.t USING (true);"),
        entry("t tr", "TRIGGER", "CREATE TRIGGER tr BEFORE INSERT ON app.t FOR EACH ROW ...;"),
        comment("with it"),
    ]
    assert seen("", T + "".join(more)) == [("extra", "table", "app.t")]
    assert seen(T + "".join(more), "") == [("missing", "table", "app.t")]
    # Alone, each is told.
    for text in more[2:8]:
        assert len(seen(T, T + text)) == 1


def test_an_index_of_a_partitioned_table_is_one_difference() -> None:
    parts = "".join(table(name, "id integer") + attached("events", name, name) for name in ("e1", "e2"))
    key = "ALTER TABLE ONLY app.{0}\n    ADD CONSTRAINT {0}_pkey PRIMARY KEY (id);"
    index, constraint = entry("i", "INDEX", "CREATE INDEX i ON ONLY app.events USING btree (id);"), ""
    for name in ("events", "e1", "e2"):
        constraint += entry(f"{name} {name}_pkey", "CONSTRAINT", key.format(name))
    for name in ("e1", "e2"):
        index += entry(f"{name}_i", "INDEX", f"CREATE INDEX {name}_i ON app.{name} USING btree (id);")
        index += entry(f"{name}_i", "INDEX ATTACH", f"ALTER INDEX app.i ATTACH PARTITION app.{name}_i;")
        attach = f"ALTER INDEX app.events_pkey ATTACH PARTITION app.{name}_pkey;"
        constraint += entry(f"{name}_pkey", "INDEX ATTACH", attach)
    made = EVENTS + parts
    assert seen(made, made + index) == [("extra", "index", "app.i")]
    assert seen(made + index, made) == [("missing", "index", "app.i")]
    assert seen(made, made + constraint) == [("extra", "constraint", "events_pkey of app.events")]
    # Of one partition alone it is what it is.
    alone = entry("e1_i", "INDEX", "CREATE INDEX e1_i ON app.e1 USING btree (id);")
    assert seen(made, made + alone) == [("extra", "index", "app.e1_i")]


@pytest.mark.parametrize(
    ("added", "changes"),
    [
        (table("e1", "id integer") + attached("events", "e1", "e1"), {"app.e1": "partition"}),
        (
            table("e 1", "id integer", written='"e 1"')
            + attached("events", '"e 1"', "e 1")
            + entry("e 1 e_pkey", "CONSTRAINT", 'ALTER TABLE ONLY app."e 1"\n    ADD CONSTRAINT e_pkey ...;'),
            {"app.e 1": "partition"},
        ),
        (
            table("e1", "id integer")
            + attached("events", "e1", "e1")
            + table('e"2', "id integer", written='"e""2"')
            + attached("e1", '"e""2"', 'e"2')
            + table("e3", "id integer")
            + attached('"e""2"', "e3", "e3"),
            {"app.e1": "partition", 'app.e"2': "partition", "app.e3": "partition"},
        ),
        (
            table("mine", "id integer") + table("m1", "id integer") + attached("mine", "m1", "m1"),
            {"app.mine": "extra", "app.m1": "extra"},
        ),
    ],
    ids=["plain", "with a blank", "levels", "of a table that no migration makes"],
)
def test_partitions_of_tables_that_migrations_make_are_a_class_of_their_own(
    added: str, changes: Mapping[str, str]
) -> None:
    found = find_differences(EVENTS, EVENTS + added)
    assert {each.name: each.change for each in found} == changes


def test_a_partition_that_is_gone_is_missing() -> None:
    made = EVENTS + table("e1", "id integer") + attached("events", "e1", "e1")
    assert seen(made, EVENTS) == [("missing", "table", "app.e1")]


@pytest.mark.parametrize(
    ("name", "kind", "schema", "text", "statement"),
    [
        ("t", "TABLE", "app", "", 'drop table "app"."t"'),
        ('a "b"', "VIEW", "Odd Schema", "", 'drop view "Odd Schema"."a ""b"""'),
        ("select", "MATERIALIZED VIEW", "app", "", 'drop materialized view "app"."select"'),
        ("i x", "INDEX", "app", "", 'drop index "app"."i x"'),
        ("größe", "SCHEMA", "-", "", 'drop schema "größe"'),
        ("x-y", "EXTENSION", "-", "", 'drop extension "x-y"'),
        ("ts", "TEXT SEARCH CONFIGURATION", "app", "", 'drop text search configuration "app"."ts"'),
        ("e t", "EVENT TRIGGER", "-", "", 'drop event trigger "e t"'),
        ("t a b", "TRIGGER", "app", "", 'drop trigger "a b" on "app"."t"'),
        ("odd t p q", "POLICY", "app", "", 'drop policy "p q" on "app"."odd t"'),
        ("v r", "RULE", "app", "", 'drop rule "r" on "app"."v"'),
        (
            'f (x, y)(integer, app."o t")',
            "FUNCTION",
            "app",
            'CREATE FUNCTION app."f (x, y)"(i integer, t app."o t") RETURNS integer',
            'drop function "app"."f (x, y)"(integer, app."o t")',
        ),
        ("p()", "PROCEDURE", "app", "CREATE PROCEDURE app.p()", 'drop procedure "app"."p"()'),
        ("a(*)", "AGGREGATE", "app", "CREATE AGGREGATE app.a(*) (", 'drop aggregate "app"."a"(*)'),
        (
            "odd t a key",
            "CONSTRAINT",
            "app",
            'ALTER TABLE ONLY app."odd t"\n    ADD CONSTRAINT "a ""key" PRIMARY KEY (i);',
            'alter table app."odd t" drop constraint "a ""key"',
        ),
        ("===", "OPERATOR", "app", "CREATE OPERATOR app.=== (", None),
    ],
)
def test_the_statement_that_takes_an_object_away(
    name: str, kind: str, schema: str, text: str, statement: str | None
) -> None:
    tables = "".join(entry(each, "TABLE", "CREATE TABLE ...;", "app") for each in ("t", "odd t"))
    views = entry("v", "VIEW", "CREATE VIEW ...;")
    objects = dumped_objects(tables + views + entry(name, kind, text, schema), None)
    [found] = [each for each in objects if (each.kind, each.name) == (kind, name)]
    assert drop_statement(found, text) == statement


@pytest.mark.parametrize(
    ("expected", "live", "hint"),
    [
        (T, "", "bring it back by the lines with -"),
        (
            entry("i", "INDEX", "CREATE INDEX i ON app.t USING btree (id);"),
            "",
            "bring it back: CREATE INDEX i ON app.t USING btree (id); where it has to go",
        ),
        ("", T, 'take it away: drop table "app"."t" (what is in it is lost)'),
        ("", entry("v", "VIEW", "CREATE VIEW app.v AS SELECT 1;"), 'drop view "app"."v"'),
        (FUNCTION.format(1), FUNCTION.format(2), "by CREATE OR REPLACE"),
        (
            T,
            table("t", "id integer NOT NULL"),
            'alter table "app"."t" add column note text',
        ),
        (
            T,
            table("t", "id integer NOT NULL", "note text", '"odd, one" numeric(3,2)'),
            'alter table "app"."t" drop column "odd, one" (its values are lost)',
        ),
    ],
)
def test_the_hint_says_how_to_end_it(expected: str, live: str, hint: str) -> None:
    [found] = find_differences(expected, live)
    assert hint in found.hint
    assert ";;" not in found.hint
    assert "dbmate-wrap new NAME" in found.hint


def test_the_diff_goes_from_the_migrations_to_what_is_live() -> None:
    [found] = find_differences(T, T.replace("note text", "note integer"))
    assert found.diff.startswith("--- migrations\n+++ live\n@@ ")
    assert "-    note text\n+    note integer\n" in found.diff
    long = "\n".join(f"line {number}" for number in range(1000))
    [found] = find_differences("", entry("f()", "FUNCTION", long))
    assert found.diff.endswith("\n... and 603 more lines")
    assert len(found.diff.split("\n")) == 401


def test_the_table_of_dbmate_is_no_difference() -> None:
    history = entry("schema_migrations", "TABLE", "CREATE TABLE ...;", "public")
    history += entry("schema_migrations schema_migrations_pkey", "CONSTRAINT", "...;", "public")
    assert find_differences(T, T + history, ("public", "schema_migrations")) == ()


VERSION = "the version of extension hstore"


@pytest.mark.parametrize(
    ("expected", "live", "same_major", "found"),
    [
        ({}, {}, True, []),
        ({}, {"the owner of table app.t": "x"}, True, [("rights", "owner")]),
        ({"the privileges of table app.t": "x"}, {}, True, [("rights", "privileges")]),
        ({"the default privileges in schema app on tables": "a"}, {}, True, [("rights", "privileges")]),
        ({}, {"the setting work_mem of the database": "- 1MB"}, True, [("extra", "setting")]),
        (
            {"the setting a of the database": "1"},
            {"the setting a of the database": "2"},
            True,
            [("changed", "setting")],
        ),
        ({"the setting a of the database": "1"}, {}, True, [("missing", "setting")]),
        ({VERSION: "1.7"}, {VERSION: "1.8"}, True, [("changed", "extension")]),
        ({VERSION: "1.7"}, {VERSION: "1.8"}, False, []),
        ({VERSION: "1.7"}, {}, True, []),
        ({}, {VERSION: "1.8"}, True, []),
        ({}, {"the index app.i": "is not valid"}, True, [("extra", "index")]),
    ],
)
def test_what_dumps_leave_out_is_compared_too(
    expected: Mapping[str, str], live: Mapping[str, str], same_major: bool, found: list[tuple[str, str]]
) -> None:
    differences = [*find_fact_differences(expected, live, same_major=same_major)]
    assert [(each.change, each.kind) for each in differences] == found
    for each in differences:
        assert each.label == each.name
        assert each.hint
        assert each.diff
