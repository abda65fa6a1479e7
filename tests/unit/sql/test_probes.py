"""The queries for rows in the way of pending statements, and which of them can be run now."""

from collections.abc import Collection, Mapping

import pytest

from dbmate_wrap.domain.probe import ConstraintLookup, Probe
from dbmate_wrap.domain.statement_trace import TracedStatement
from dbmate_wrap.sql.offending_rows import probes_for

KEY_OF_P = ConstraintLookup("app", "p", None)
CHECK_OF_T = ConstraintLookup("", "t", "c")


def statement(text: str, line: int = 3, version: str = "002", makes: tuple[str, ...] = ()) -> TracedStatement:
    return TracedStatement(version, f"{version}_x.sql", line, text, "", makes=makes)


def probes(*texts: str) -> tuple[Probe, ...]:
    """Of statements of one file, each on a line of its own, without a live server."""
    return probes_for(statement(text, line) for line, text in enumerate(texts, 3))


@pytest.mark.parametrize(
    ("text", "what", "query"),
    [
        (
            "alter table app.t alter x set not null",
            "NOT NULL of app.t.x",
            "SELECT * FROM app.t WHERE x IS NULL LIMIT 20",
        ),
        (
            "alter table t add column x int not null",
            "NOT NULL of t.x, a new column without a default",
            "SELECT * FROM t LIMIT 20",
        ),
        (
            "alter table t add constraint n not null x",
            "NOT NULL of t.x",
            "SELECT * FROM t WHERE x IS NULL LIMIT 20",
        ),
        ("alter table t add check (x > 0)", "CHECK of t", "SELECT * FROM t WHERE NOT x > 0 LIMIT 20"),
        (
            "alter table t add constraint c check (x > 0)",
            "CHECK c of t",
            "SELECT * FROM t WHERE NOT x > 0 LIMIT 20",
        ),
        (
            "alter table t add unique nulls not distinct (x, y)",
            "UNIQUE (x, y) of t",
            "SELECT x, y, count(*) FROM t GROUP BY x, y HAVING count(*) > 1 LIMIT 20",
        ),
        (
            "create unique index concurrently i on t (x)",
            "unique index i of t",
            "SELECT x, count(*) FROM t WHERE x IS NOT NULL GROUP BY x HAVING count(*) > 1 LIMIT 20",
        ),
        (
            "alter table t add foreign key (x) references app.p (id)",
            "FOREIGN KEY (x) of t",
            "SELECT * FROM t referencing WHERE referencing.x IS NOT NULL AND NOT"
            " EXISTS (SELECT FROM app.p referenced WHERE referenced.id = referencing.x) LIMIT 20",
        ),
        # A row that is null in part references nothing.
        (
            "alter table t add foreign key (x, y) references p (a, b) match full",
            "FOREIGN KEY (x, y) of t",
            "SELECT * FROM t referencing WHERE (referencing.x IS NOT NULL OR referencing.y IS NOT NULL)"
            " AND NOT EXISTS (SELECT FROM p referenced WHERE referenced.a = referencing.x AND"
            " referenced.b = referencing.y) LIMIT 20",
        ),
        (
            "do $$ begin if true then alter table t alter x set not null; end if; end $$",
            "NOT NULL of t.x",
            "SELECT * FROM t WHERE x IS NULL LIMIT 20",
        ),
    ],
)
def test_each_constraint_that_rows_can_violate_has_its_query(text: str, what: str, query: str) -> None:
    [probe] = probes(text)
    assert (probe.what, probe.query, probe.not_run) == (what, query, None)
    assert (probe.file, probe.line, probe.fails_now, probe.changed_first) == ("002_x.sql", 3, True, None)


def test_a_primary_key_has_two_queries() -> None:
    nulls, duplicates = probes("alter table t add primary key (a, b)")
    assert (nulls.what, nulls.counts) == ("NOT NULL of t.(a, b)", "row")
    assert (duplicates.what, duplicates.counts) == ("PRIMARY KEY (a, b) of t", "duplicate value")


@pytest.mark.parametrize(
    "text",
    [
        "create table t (x int not null unique check (x > 0) references p (id))",
        "alter table t add column x int not null default 1",
        "alter table t add column x int generated always as identity not null",
        "alter table t add column x bigserial not null",
        "alter table t add column x int references p (id)",
        "alter table t alter x drop not null",
        "create index on t (x)",
        "alter table t add constraint k unique using index i",
        "alter table t add unique (a, b without overlaps)",
        "alter table t add constraint e exclude using gist (a with &&)",
        "do $$ begin execute format('alter table %I alter x set not null', name); end $$",
        "alter table t add check (x > 0) not enforced",
        "alter table t add foreign key (x) references p (id) not enforced",
        "select 1",
        "no SQL",
    ],
)
def test_other_statements_have_none(text: str) -> None:
    assert probes(text) == ()


def test_what_is_not_valid_does_not_fail_yet() -> None:
    found = probes(
        "alter table t add check (x > 0) not valid, add foreign key (x) references p (id) not valid",
    )
    assert [(each.fails_now, each.not_run) for each in found] == [(False, None)] * 2


def test_a_validation_has_the_query_of_what_an_earlier_statement_adds() -> None:
    [probe] = probes(
        "alter table app.t add constraint c check (x > 0) not valid", "alter table t validate constraint c"
    )
    assert (probe.line, probe.fails_now) == (4, True)
    assert probe.query == "SELECT * FROM app.t WHERE NOT x > 0 LIMIT 20"


def test_the_definition_of_a_live_constraint_is_asked_for() -> None:
    asked: list[Collection[ConstraintLookup]] = []

    def read(wanted: Collection[ConstraintLookup]) -> Mapping[ConstraintLookup, str]:
        asked.append(wanted)
        return {CHECK_OF_T: "CHECK ((x > 0)) NOT VALID", KEY_OF_P: "PRIMARY KEY (a, b)"}

    check, key = probes_for(
        [
            statement("alter table t validate constraint c"),
            statement("alter table t add foreign key (x, y) references app.p"),
        ],
        read,
    )
    assert asked == [{CHECK_OF_T, KEY_OF_P}]
    assert (check.what, check.query) == ("CHECK c of t", "SELECT * FROM t WHERE NOT x > 0 LIMIT 20")
    assert check.fails_now
    assert key.query is not None
    assert "referenced.a = referencing.x AND referenced.b = referencing.y" in key.query
    assert (check.not_run, key.not_run) == (None, None)


def test_nothing_is_asked_where_nothing_is_needed() -> None:
    def read(wanted: Collection[ConstraintLookup]) -> Mapping[ConstraintLookup, str]:
        raise AssertionError(wanted)

    assert len(probes_for([statement("alter table t add check (x > 0)")], read)) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("alter table t validate constraint c", "the live database has no constraint c on t"),
        (
            "alter table t add foreign key (x) references app.p",
            "the live database has no primary key of app.p",
        ),
    ],
)
def test_what_the_live_server_does_not_know_is_said(text: str, reason: str) -> None:
    [probe] = probes_for([statement(text)], lambda wanted: {})
    assert (probe.query, probe.not_run) == (None, reason)


def test_without_a_live_server_its_definitions_are_not_known() -> None:
    [probe] = probes("alter table t validate constraint c")
    assert (probe.query, probe.not_run) == (None, "only the live database knows the definition")


@pytest.mark.parametrize(
    ("before", "text", "reason"),
    [
        (
            "create table app.t ()",
            "alter table app.t alter x set not null",
            "app.t is made or renamed by 002_x.sql line 3",
        ),
        # A name without a schema may be any.
        (
            "create table app.t ()",
            "alter table t alter x set not null",
            "t is made or renamed by 002_x.sql line 3",
        ),
        (
            "create table p (id int)",
            "alter table t add foreign key (x) references p (id)",
            "p is made or renamed by",
        ),
        (
            "create table p (id int primary key)",
            "alter table t add foreign key (x) references p",
            "p is made or renamed by",
        ),
        ("alter table s rename to t", "alter table t alter x set not null", "t is made or renamed by"),
        ("alter table t add column x int", "alter table t alter x set not null", "t.x is made or changed by"),
        ("alter table t rename y to x", "alter table t alter x set not null", "t.x is made or changed by"),
        (
            "alter table t alter x type int using x::int",
            "alter table t add check (x > 0)",
            "t.x is made or changed",
        ),
        (
            "alter table t add column x int",
            "create unique index on t (lower(x))",
            "t.x is made or changed by",
        ),
        (
            "alter table p add column id int",
            "alter table t add foreign key (x) references p (id)",
            "p.id is made",
        ),
        (
            "set search_path = app",
            "alter table t alter x set not null",
            "002_x.sql line 3 sets the search_path",
        ),
        (
            "do $$ begin create table t (x int); end $$",
            "alter table t alter x set not null",
            "t is made or renamed by 002_x.sql line 3",
        ),
    ],
)
def test_what_an_earlier_statement_makes_is_not_asked_for(before: str, text: str, reason: str) -> None:
    [probe] = probes(before, text)
    assert probe.not_run is not None
    assert reason in probe.not_run


def test_a_column_of_the_same_statement_is_not_there_yet() -> None:
    [probe] = probes("alter table t add check (x > 0), add column x int default 0")
    assert probe.not_run == "t.x is made or changed by 002_x.sql line 3"


def test_what_was_seen_to_be_made_is_not_asked_for() -> None:
    made = statement("select make_tables()", makes=("app.t",))
    [probe] = probes_for([made, statement("alter table app.t alter x set not null", 4)])
    assert probe.not_run == "app.t is made or renamed by 002_x.sql line 3"


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ("create table app.t ()", "alter table other.t alter x set not null"),
        ("create temporary table t ()", "alter table t alter x set not null"),
        ("alter table t add column y int", "alter table t alter x set not null"),
        ("set search_path = app", "alter table app.t alter x set not null"),
    ],
)
def test_other_tables_and_columns_are_asked_for(before: str, text: str) -> None:
    [probe] = probes(before, text)
    assert probe.not_run is None


@pytest.mark.parametrize(
    ("before", "changed"),
    [
        ("update app.t set x = 0 where x is null", "UPDATE in 002_x.sql line 3"),
        ("with gone as (delete from t where x is null) select", "DELETE in 002_x.sql line 3"),
        ("truncate t", "TRUNCATE in 002_x.sql line 3"),
        ("update t set (y, x) = (1, 2)", "UPDATE in 002_x.sql line 3"),
        (
            "insert into t values (1) on conflict (id) do update set x = 0",
            "INSERT in 002_x.sql line 3",
        ),
        # These leave the rows that are there as they are.
        ("update t set y = x", None),
        ("insert into t values (1)", None),
        ("copy t from stdin", None),
        ("update s set x = 0", None),
        ("select * from t", None),
    ],
)
def test_a_statement_that_may_fix_the_rows_before_is_named(before: str, changed: str | None) -> None:
    [probe] = probes(before, "alter table app.t alter x set not null")
    assert (probe.changed_first, probe.not_run) == (changed, None)


@pytest.mark.parametrize(
    ("before", "changed"),
    [
        ("insert into p values (1)", "INSERT in 002_x.sql line 3"),
        ("copy p from stdin", "COPY in 002_x.sql line 3"),
        ("update p set id = id + 1", "UPDATE in 002_x.sql line 3"),
        ("update p set name = ''", None),
        ("delete from p", None),
    ],
)
def test_what_may_give_the_referenced_table_its_rows_is_named(before: str, changed: str | None) -> None:
    [probe] = probes(before, "alter table t add foreign key (x) references p (id)")
    assert probe.changed_first == changed


def test_rows_are_no_fewer_for_a_new_column_after_an_update() -> None:
    [probe] = probes("update t set x = 0", "alter table t add column y int not null")
    assert probe.changed_first is None


def test_the_line_is_that_of_the_statement_in_a_block() -> None:
    [probe] = probes("do $$\nbegin\n  alter table t alter x set not null;\nend $$")
    assert probe.line == 5
