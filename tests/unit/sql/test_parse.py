"""Every text becomes statements with exact places; what cannot be read is told, and the rest is read."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.bodies import bodies
from dbmate_wrap.sql.parse import Reading, read_sql

MIGRATIONS = Path(__file__).resolve().parents[3] / "db" / "migrations"
SAMPLES = [path.read_text(encoding="utf-8") for path in sorted(MIGRATIONS.glob("*.sql"))]


def kinds(reading: Reading) -> list[str]:
    """The names of the statements' types."""
    return [type(statement.tree).__name__ for statement in reading.statements]


def checked(sql: str) -> Reading:
    """The reading of `sql`; every place in it lies where it says."""
    reading = read_sql(sql)
    for statement in reading.statements:
        assert 0 <= statement.offset <= statement.offset + len(statement.text) <= len(sql)
        for body in bodies(statement):
            end = statement.offset + len(statement.text)
            assert all(statement.offset <= one.offset <= end for one in body.statements)
            assert all(statement.offset <= commit <= end for commit in body.commits)
    assert all(0 <= place.offset <= place.end <= len(sql) for place in reading.unreadable)
    return reading


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("", []),
        (" -- only a comment", []),
        ("select 1", ["select 1"]),
        ("-- c\n/* a /* b */ ; */ select 1 -- tail\n ; ; select 2 /* x */", ["select 1", "select 2"]),
        (
            "select 'ü--', a /* ü */; -- é\n insert into ü values ('ß')  -- 'x\n;",
            ["select 'ü--', a", "insert"],
        ),
        ("select $a$;$$;$a$; select E'\\';'; select U&'\\0061;'; select '\\'; select 1", ["select"] * 5),
        ('select 1 as ";"; select 2 as "a"";"', ["select 1", "select 2"]),
        ("create rule r as on insert to t do (delete from a; delete from b); select 1", ["create", "select"]),
    ],
)
def test_statements_are_cut_where_the_server_cuts_them(sql: str, expected: list[str]) -> None:
    reading = checked(sql)
    assert reading.unreadable == ()
    assert [one.text for one in reading.statements if one.text != sql[one.offset :][: len(one.text)]] == []
    assert len(reading.statements) == len(expected)
    for statement, beginning in zip(reading.statements, expected, strict=True):
        assert statement.text.startswith(beginning)
        assert not statement.text.endswith((" ", ";", "\n", "/", "tail", "'x"))


def test_a_long_text_is_read_as_the_same_text_in_short() -> None:
    sql = "-- ü\n" + "".join(
        f"insert into a.t{number} values ('ü;''', $$;$$, E'\\'');\n" for number in range(2_000)
    )
    reading = checked(sql)
    assert kinds(reading) == ["InsertStmt"] * 2_000
    assert all(sql[one.offset :].startswith(one.text) for one in reading.statements)
    last = reading.statements[-1]
    assert sql[last.at(last.tree.relation.location) :].startswith("a.t1999")


def test_a_place_in_a_statement_is_a_character_of_the_whole_text() -> None:
    sql = "select 'ü😀'; /* é */ select 'ß', f(1) from ä.t"
    statement = read_sql(sql).statements[1]
    (call,) = statement.of(pb.FuncCall)
    (relation,) = statement.of(pb.RangeVar)
    assert sql[statement.at(call.location) :].startswith("f(1)")
    assert sql[statement.at(relation.location) :].startswith("ä.t")
    assert statement.at(-1) == statement.offset
    assert statement.at(10_000) == len(sql)


def test_the_nodes_of_a_statement_are_known_by_type_and_begin_with_itself() -> None:
    (statement,) = read_sql("with w as (insert into a values (1) returning i) select i from w, b").statements
    assert next(statement.of(pb.SelectStmt)) is next(statement.walk()) is statement.tree
    assert [node.relname for node in statement.of(pb.RangeVar)] == ["w", "b", "a"] or [
        node.relname for node in statement.of(pb.RangeVar)
    ] == ["a", "w", "b"]
    assert list(statement.of(pb.DeleteStmt)) == []


@pytest.mark.parametrize(
    ("sql", "place", "after"),
    [
        ("select 'ü' form from x yy zz; select 2", "zz; ", 1),
        ("select 1; foo; select 2", "foo", 2),
        ("select 1; select 'abc ; select 2", "'abc", 1),
        ("select 1; select $$ab ; select 2", "$$ab", 1),
        ("select 1; /* abc ; select 2", "/*", 1),
        ("create table a (x int; create table b (y int); select 3", "; create table b", 2),
        ("select 1; sel\0ect; select 2", "\0", 2),
        (
            "create function f() returns int begin atomic"
            " select case when a then 1 end; selec 2; end; select 3",
            "selec ",
            1,
        ),
    ],
)
def test_after_a_syntax_error_the_rest_is_read(sql: str, place: str, after: int) -> None:
    reading = checked(sql)
    (problem,) = reading.unreadable
    assert problem.kind == "syntax"
    assert sql[problem.offset :].startswith(place)
    assert len(reading.statements) == after


@pytest.mark.parametrize(
    ("sql", "places", "after"),
    [
        ("\\d foo's\nselect 1;", ["\\d foo's"], ["SelectStmt"]),
        (
            "\\restrict abc\nset x.y = 1;\n  \\unrestrict abc\n",
            ["\\restrict abc", "\\unrestrict abc"],
            ["VariableSetStmt"],
        ),
        ("select 1 \\gexec\nselect 2;", ["\\gexec"], ["SelectStmt"] * 2),
        ("select 1\\; drop table a\\; select 3;", ["\\;", "\\;"], ["SelectStmt", "DropStmt", "SelectStmt"]),
        (
            "select :x, :'y', a[1:2] from :\"t\"; drop table a",
            [":x", ":'y'", ':"t"'],
            ["SelectStmt", "DropStmt"],
        ),
        ("copy t from stdin;\n1\t2's\n\\.\ndrop table a;", ["1\t2's\n\\."], ["CopyStmt", "DropStmt"]),
        ("COPY a.t (i) FROM stdin WITH (FORMAT csv);\n\\.\ndrop table a;", ["\\."], ["CopyStmt", "DropStmt"]),
    ],
)
def test_what_only_psql_understands_is_told_and_the_rest_is_read(
    sql: str, places: list[str], after: list[str]
) -> None:
    reading = checked(sql)
    assert [sql[place.offset : place.end] for place in reading.unreadable] == places
    assert {place.kind for place in reading.unreadable} == {"psql"}
    assert kinds(reading) == after


@pytest.mark.parametrize(
    "sql",
    [
        "select '\n\\d foo'",
        "select $$\n\\d foo$$",
        "select E'\\d'",
        "-- \\d\nselect 1",
        "/*\n\\d */ select 1",
        'select 1 as "\\d"',
        "select a[1:n], a::text, f(x := 1) from b",
        "select ':x', $$:x$$",
    ],
)
def test_a_backslash_or_colon_in_sql_is_no_psql(sql: str) -> None:
    assert checked(sql).unreadable == ()


def test_deep_nesting_is_read_in_process() -> None:
    reading = read_sql("select " + "+".join(["1"] * 9_000) + "; drop table a")
    assert kinds(reading) == ["SelectStmt", "DropStmt"]
    assert sum(isinstance(node, pb.A_Const) for node in reading.statements[0].walk()) == 9_000


def test_what_is_too_deep_is_told_and_the_rest_is_read() -> None:
    reading = read_sql("select 1; select " + "+".join(["1"] * 50_000) + "; drop table a", skip_long=True)
    assert kinds(reading) == ["SelectStmt", "DropStmt"]
    (problem,) = reading.unreadable
    assert problem.kind == "too-deep"
    assert problem.offset == 10


def test_the_own_migrations_are_read_whole() -> None:
    for sql in SAMPLES:
        assert checked(sql).unreadable == ()


@given(st.text())
def test_any_text_is_read_without_an_error(sql: str) -> None:
    checked(sql)


@given(
    st.lists(
        st.sampled_from(
            [
                "'",
                '"',
                "$$",
                "$a$",
                "/*",
                "*/",
                "--",
                "\n",
                ";",
                "(",
                ")",
                "\\",
                "\\.",
                "\\g",
                ":a",
                ":'a'",
                "E'",
                "U&'",
                "begin",
                "atomic",
                "end",
                "case",
                "copy t from stdin",
                "select 1",
                "do",
                "create function f() returns int",
                "language plpgsql as",
                "declare",
                "loop",
                "if",
                "then",
                "into",
                "execute",
                "for x in",
                "\0",
                "ü",
                "\xa0",
                "😀",
            ]
        )
    ),
    st.sampled_from(["", " "]),
)
def test_any_mixture_of_tokens_is_read_without_an_error(parts: list[str], glue: str) -> None:
    checked(glue.join(parts))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([sql[:6_000] for sql in SAMPLES]), st.randoms(use_true_random=False), st.integers(1, 8)
)
def test_mutated_migrations_are_read_without_an_error(sql: str, random: Random, times: int) -> None:
    for _ in range(times):
        at, length = random.randrange(len(sql) + 1), random.randrange(40)
        inserted = random.choice(["", "'", ";", "(", "$$", "\\", "ü", sql[at : at + 60], "\0", "/*", ":x"])
        sql = sql[:at] + inserted + sql[at + length :]
    checked(sql)
