"""The exact forms of the directives that dbmate takes; migrations/parse.py relies on each of them."""

import pytest

from tests.support.bare_dbmate import Bench
from tests.support.servers import Database

pytestmark = pytest.mark.both_majors


MISSING_UP = "Error: dbmate requires each migration to define an up block with '-- migrate:up'"
MISSING_DOWN = "Error: dbmate requires each migration to define a down block with '-- migrate:down'"
UNEXPECTED = "Error: dbmate does not support statements preceding the '-- migrate:up' block"
TWO_DOWNS = "Error: dbmate requires every '-- migrate:down' to be preceded by a '-- migrate:up'"


def note(tag: str) -> str:
    """A statement that notes that it ran, and whether in a transaction that began before it."""
    return f"INSERT INTO notes VALUES ('{tag}', now() <> statement_timestamp());"


UP, DOWN = note("up"), note("down")
TAIL = f"\n{UP}\n-- migrate:down\n{DOWN}\n"

# A text -> what ran (tag, in a transaction) with `migrate` and then `rollback`.
IN, OUT = [("up", True), ("down", True)], [("up", False), ("down", True)]
ACCEPTED = {
    "as documented": ("-- migrate:up" + TAIL, IN),
    "no space": (f"--migrate:up\n{UP}\n--migrate:down\n{DOWN}", IN),
    "tab and form feed": (f"--\tmigrate:up\n{UP}\n--\fmigrate:down\n{DOWN}", IN),
    "trailing white space": ("-- migrate:up \t" + TAIL, IN),
    "trailing text": ("-- migrate:up create it" + TAIL, IN),
    "CRLF": ("-- migrate:up" + TAIL.replace("\n", "\r\n"), IN),
    "comments and blank lines before": ("-- hello\n\n   -- world\n \t\n-- migrate:up" + TAIL, IN),
    # Ours (migrations/phase.py): dbmate, which knows no phases, must pass over it.
    "the comment with the phase": ("-- dbmate-wrap: phase after\n-- migrate:up" + TAIL, IN),
    "an empty down before up": ("-- migrate:down\n-- migrate:up" + TAIL, IN),
    "empty up": (f"-- migrate:up\n-- migrate:down\n{DOWN}", [("down", True)]),
    "up with a comment only": (f"-- migrate:up\n-- nothing\n-- migrate:down\n{DOWN}", [("down", True)]),
    "empty down, no newline": (f"-- migrate:up\n{UP}\n-- migrate:down", [("up", True)]),
    "down with a comment only": (f"-- migrate:up\n{UP}\n-- migrate:down\n-- no way back\n", [("up", True)]),
    "SQL on the line of the directive is lost": (f"-- migrate:up {UP}\n-- migrate:down\n", []),
    "transaction:false": ("-- migrate:up transaction:false" + TAIL, OUT),
    "transaction:false for down": (
        f"-- migrate:up\n{UP}\n-- migrate:down transaction:false\n{DOWN}\n",
        [("up", True), ("down", False)],
    ),
    "transaction:false after a tab, before CR": ("-- migrate:up\ttransaction:false\r" + TAIL, OUT),
    "transaction:false between other words": ("-- migrate:up a b:c transaction:false d" + TAIL, OUT),
    "transaction:false, the last one counts": (
        "-- migrate:up transaction:true transaction:false" + TAIL,
        OUT,
    ),
    "transaction:false and a no-break space": ("-- migrate:up transaction:false\u00a0" + TAIL, OUT),
    "transaction: false": ("-- migrate:up transaction: false" + TAIL, IN),
    "transaction:False": ("-- migrate:up transaction:False" + TAIL, IN),
    "TRANSACTION:false": ("-- migrate:up TRANSACTION:false" + TAIL, IN),
    "transaction=false": ("-- migrate:up transaction=false" + TAIL, IN),
    "transaction:false,": ("-- migrate:up transaction:false, x:y" + TAIL, IN),
    "transaction:false:": ("-- migrate:up transaction:false:" + TAIL, IN),
    "transaction:false on the next line": ("-- migrate:up\n-- transaction:false" + TAIL, IN),
    "several sections, undone in reverse order": (
        f"-- migrate:up\n{note('1')}\n-- migrate:down\n{note('-1')}\n"
        f"-- migrate:up transaction:false\n{note('2')}\n-- migrate:down\n{note('-2')}\n",
        [("1", True), ("2", False), ("-2", True), ("-1", True)],
    ),
}
REFUSED = {
    "indented": (" -- migrate:up" + TAIL, MISSING_UP),
    "indented down": (f"-- migrate:up\n{UP}\n -- migrate:down\n{DOWN}", MISSING_DOWN),
    "upper case": ("-- MIGRATE:UP" + TAIL, MISSING_UP),
    "three dashes": ("--- migrate:up" + TAIL, MISSING_UP),
    "space after the colon": ("-- migrate: up" + TAIL, MISSING_UP),
    "semicolon": ("-- migrate:up;" + TAIL, MISSING_UP),
    "glued option": ("-- migrate:uptransaction:false" + TAIL, MISSING_UP),
    "no-break space after up": ("-- migrate:up\u00a0x" + TAIL, MISSING_UP),
    "vertical tab": ("--\vmigrate:up" + TAIL, MISSING_UP),
    "CR alone": ("-- migrate:up" + TAIL.replace("\n", "\r"), MISSING_DOWN),
    "BOM": ("\ufeff-- migrate:up" + TAIL, MISSING_UP),
    "BOM before a comment": ("\ufeff-- hello\n-- migrate:up" + TAIL, UNEXPECTED),
    "SQL before up": (f"{UP}\n-- migrate:up" + TAIL, UNEXPECTED),
    "block comment before up": ("/* hello */\n-- migrate:up" + TAIL, UNEXPECTED),
    "down before up": (f"-- migrate:down\n{DOWN}\n-- migrate:up\n{UP}\n", UNEXPECTED),
    "missing down": (f"-- migrate:up\n{UP}\n", MISSING_DOWN),
    "second up without down": (f"-- migrate:up\n{UP}\n-- migrate:up\n{UP}\n-- migrate:down\n", MISSING_DOWN),
    "two downs": (f"-- migrate:up\n{UP}\n-- migrate:down\n-- migrate:down\n", TWO_DOWNS),
    "a directive inside a function body": (
        f"-- migrate:up\nDO $$ BEGIN\n-- migrate:down\nEND $$;{TAIL}",
        TWO_DOWNS,
    ),
    "empty file": ("", MISSING_UP),
    # Matches as a directive, but what comes after `--` is then SQL.
    "newline inside": (
        "--\nmigrate:up" + TAIL,
        'Error: line: 2, column: 1, position: 4: pq: syntax error at or near "migrate"'
        " at position 2:1 (42601)",
    ),
    "NUL": ("-- migrate:up\n-- \0" + TAIL, "Error: pq: invalid message format (08P01)"),
}


@pytest.mark.parametrize(("text", "expected"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted(
    bench: Bench, embedded_database: Database, text: str, expected: list[tuple[str, bool]]
) -> None:
    embedded_database.execute("CREATE TABLE notes (tag text, transaction bool, id serial)")
    bench.write({"001_a.sql": text})
    for verb in ("migrate", "rollback"):
        ran = bench.run(embedded_database.server, embedded_database.url, "--no-dump-schema", verb)
        assert (ran.returncode, ran.stderr) == (0, "")
    assert embedded_database.execute("SELECT tag, transaction FROM notes ORDER BY id") == expected


@pytest.mark.parametrize(("text", "error"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(bench: Bench, embedded_database: Database, text: str, error: str) -> None:
    embedded_database.execute("CREATE TABLE notes (tag text, transaction bool)")
    bench.write({"001_a.sql": text})
    ran = bench.run(embedded_database.server, embedded_database.url, "--no-dump-schema", "migrate")
    assert (ran.returncode, ran.error) == (2, error)
    assert embedded_database.execute("SELECT count(*) FROM notes") == [(0,)]
    assert embedded_database.execute("SELECT count(*) FROM schema_migrations") == [(0,)]


def test_latin_1_is_refused_even_in_a_comment(bench: Bench, embedded_database: Database) -> None:
    bench.write({"001_a.sql": "-- migrate:up\n-- é\n-- migrate:down\n".encode("latin-1")})
    ran = bench.run(embedded_database.server, embedded_database.url, "--no-dump-schema", "migrate")
    assert ran.error.endswith("(22021)")


def test_several_sections_are_not_atomic(bench: Bench, database: Database) -> None:
    sections = (
        "-- migrate:up\nCREATE TABLE a ();\n-- migrate:down\n-- migrate:up\nSELECT 1/0;\n-- migrate:down\n"
    )
    bench.write({"001_a.sql": sections})
    ran = bench.run(database.server, database.url, "--no-dump-schema", "migrate")
    assert ran.error == "Error: pq: division by zero (22012)"
    # The first section stays, and nothing says so.
    assert database.execute("SELECT to_regclass('a')::text, (SELECT count(*) FROM schema_migrations)") == [
        ("a", 0)
    ]
