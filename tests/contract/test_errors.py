"""How dbmate words an error of the server: its place and its SQLSTATE (fact 9)."""

import re

import pytest

from tests.support.bare_dbmate import Bench
from tests.support.projects import migration
from tests.support.servers import Database

pytestmark = pytest.mark.both_majors


# The directive `-- migrate:up` is line 1 and takes 14 characters with its newline.
CASES = {
    "characters, not bytes": ("SELECT 'é€😀', nope;", (2, 15, 29), "42703"),
    "CRLF": ("SELECT 1;\r\n\r\nSELCT 1;", (4, 1, 28), "42601"),
    "second statement": ("SELECT 1;\nSELECT * FROM nope;", (3, 15, 39), "42P01"),
    "body of an SQL function": (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$SELECT nope$$;",
        (2, 58, 72),
        "42703",
    ),
    "no position inside DO": ("DO $$ BEGIN PERFORM nope(); END $$;", None, "42883"),
    "no position at run time": ("SELECT 1/0;", None, "22012"),
    "a psql command": ("\\restrict x", (2, 1, 15), "42601"),
    "COPY with data": ("CREATE TABLE a (b int);\nCOPY a FROM stdin;\n1\n\\.", (4, 1, 58), "42601"),
}
FORM = re.compile(
    r"Error: (?:line: (?P<line>\d+), column: (?P<column>\d+), position: (?P<position>\d+): )?"
    r"pq: (?P<message>.+?)(?: at position (?P<again>\d+:\d+))? \((?P<sqlstate>[0-9A-Z]{5})\)"
)


@pytest.mark.parametrize(("body", "place", "sqlstate"), CASES.values(), ids=CASES.keys())
def test_a_position_counts_characters_from_the_directive_line(
    bench: Bench, database: Database, body: str, place: tuple[int, int, int] | None, sqlstate: str
) -> None:
    bench.write({"001_a.sql": "-- a comment\n\n" + migration(body)})
    ran = bench.run(database.server, database.url, "--no-dump-schema", "migrate")
    found = FORM.fullmatch(ran.error)
    assert found is not None, ran.error
    assert found["sqlstate"] == sqlstate
    told = tuple(int(found[name]) for name in ("line", "column", "position")) if found["line"] else None
    assert told == place
    assert found["again"] == (f"{place[0]}:{place[1]}" if place else None)


def test_an_error_of_dbmate_itself_has_no_sqlstate(bench: Bench, embedded_database: Database) -> None:
    ran = bench.run(embedded_database.server, embedded_database.url, "migrate")
    assert (ran.returncode, ran.error) == (2, "Error: no migration files found")
