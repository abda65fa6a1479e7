"""A dump becomes the first migration: nothing of pg_dump's session is left, and no body is touched."""

import re
from hashlib import sha256

import pytest

from dbmate_wrap.domain.dumped_secrets import NOTE
from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration
from dbmate_wrap.errors import PreflightError
from dbmate_wrap.migrations.baseline import BODIES_UNCHECKED, baseline_text, left_out_settings
from dbmate_wrap.migrations.parse import parse_migration
from tests.support.dump_texts import entry, table

HEAD = """--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SET lock_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET row_security = off;

"""
END = "--\n-- PostgreSQL database dump complete\n--\n"
BETWEEN = "SET default_tablespace = '';\n\nSET default_table_access_method = heap;\n\n"
T = table("t", "id integer NOT NULL")
BODY = """begin
SET default_tablespace = '';

--
-- Name: EXTENSION x; Type: COMMENT; Schema: -; Owner: -
--

SET default_table_access_method = heap;
--
-- PostgreSQL database dump complete
--
\\restrict x


end"""


def function(body: str) -> str:
    return entry("f()", "FUNCTION", f"CREATE FUNCTION app.f() RETURNS void\n    AS $$ {body} $$;")


def parsed(text: str) -> ParsedMigration:
    content = text.encode()
    found = parse_migration(MigrationFile("001_init.sql", "001", sha256(content).hexdigest(), content), text)
    assert isinstance(found, ParsedMigration), found
    return found


def test_the_text_is_a_migration_with_the_objects_alone() -> None:
    text = baseline_text(HEAD + BETWEEN + T + function("begin end") + BETWEEN + T + END, "one line\ntwo")
    assert text.startswith("-- one line\n-- two\n\n-- migrate:up\n--\n-- Name: t; Type: TABLE;")
    # One empty line between two objects, and none too many at the end.
    assert [len(gap) for gap in re.findall(r"(?<=;)\n+(?=--)", text)] == [2, 2, 2]
    assert text.endswith("\n-- migrate:down\n-- Nothing comes before it.\n")
    for word in ("SET ", "set_config", "database dump"):
        assert word not in text
    [section] = parsed(text).sections
    assert section.up.sql.count("CREATE TABLE app.t (\n    id integer NOT NULL\n);") == 2


@pytest.mark.parametrize("before", ["", BETWEEN])
@pytest.mark.parametrize("after", ["", BETWEEN + T])
def test_a_body_stays_byte_for_byte(before: str, after: str) -> None:
    assert f"$$ {BODY} $$;" in baseline_text(HEAD + before + function(BODY) + after + END, "x")


def test_comments_of_extensions_are_left_out_and_others_are_not() -> None:
    extension = entry("hstore", "EXTENSION", "CREATE EXTENSION hstore;", "-")
    its = entry("EXTENSION hstore", "COMMENT", "COMMENT ON EXTENSION hstore IS 'x';", "-")
    other = entry("TABLE t", "COMMENT", "COMMENT ON TABLE app.t IS 'EXTENSION x';")
    text = baseline_text(HEAD + extension + its + T + other + END, "x")
    assert "CREATE EXTENSION hstore;" in text
    assert "COMMENT ON EXTENSION" not in text
    assert "COMMENT ON TABLE app.t IS 'EXTENSION x';" in text


@pytest.mark.parametrize("line", ["-- migrate:up", "--migrate:down", "-- \t migrate:up transaction:false"])
def test_a_line_that_dbmate_takes_for_its_own_is_refused_with_its_place(line: str) -> None:
    with pytest.raises(PreflightError) as raised:
        baseline_text(HEAD + T + function(f"\n{line}\n") + END, "x")
    # Of the statements of the file: the table has seven lines, and the function begins in the 13th.
    said = (
        f"the dump has a line that dbmate takes for its own (line 15 of it): {line.split(' transaction')[0]}"
    )
    assert raised.value.message == said
    assert raised.value.hint == "change the comment or the function's body that holds it"


@pytest.mark.parametrize("line", ["select '-- migrate:up'", " -- migrate:up", "-- migrated:up"])
def test_what_only_looks_like_it_is_not(line: str) -> None:
    text = baseline_text(HEAD + function(f"\n{line}\n") + END, "x")
    assert len(parsed(text).sections) == 1


def test_bodies_are_left_unchecked_where_that_is_asked_for() -> None:
    assert BODIES_UNCHECKED not in baseline_text(HEAD + T, "x")
    text = baseline_text(HEAD + T, "x", bodies_checked=False)
    assert text.startswith(f"-- x\n\n-- migrate:up\n{BODIES_UNCHECKED}--\n-- Name: t;")


@pytest.mark.parametrize(
    ("dump", "settings"),
    [
        (HEAD + BETWEEN + T, ()),
        (HEAD + "SET default_tablespace = fast;\n\n" + T, ("default_tablespace = fast",)),
        (
            f'{HEAD}{T}SET default_tablespace = "x y";\n\nSET default_table_access_method = columnar;\n\n{T}',
            ('default_tablespace = "x y"', "default_table_access_method = columnar"),
        ),
        (HEAD + function("\nSET default_tablespace = fast;\n"), ()),
    ],
    ids=["usual", "first", "between", "in a body"],
)
def test_settings_that_the_file_does_not_hold_are_told(dump: str, settings: tuple[str, ...]) -> None:
    assert left_out_settings(dump) == settings


def test_a_placeholder_for_a_password_is_explained_in_the_head() -> None:
    text = baseline_text(NOTE + HEAD + T + END, "x")
    assert text.startswith(f"-- x\n{NOTE}-- migrate:up\n")
    # In a body it explains nothing.
    assert text.count(NOTE.strip()) == 1
    assert not baseline_text(HEAD + function(f"\n{NOTE}"), "x").startswith(f"-- x\n{NOTE}")
