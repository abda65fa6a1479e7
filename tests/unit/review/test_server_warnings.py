"""A warning of the server is told with its migration, and with the line that can be the only one."""

import pytest

from dbmate_wrap.domain.migration import Block, MigrationFile
from dbmate_wrap.domain.server_log import LoggedWarning
from dbmate_wrap.domain.server_warning import ServerWarning
from dbmate_wrap.review.server_warnings import assign_warnings, find_line, warnings_check
from tests.support.migrations import parsed_migration

UP = """-- migrate:up
create table app.t (id int);
grant select on app.t to reader;
grant select on app.u to reader;
do $$
begin
  raise warning 'odd';
end $$;
"""


def warning(
    message: str, *, code: str = "01000", position: int | None = None, context: str = "", query: str = UP
) -> LoggedWarning:
    return LoggedWarning(code, message, position, context, query)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (warning('no privileges were granted for "t"', code="01007"), 13),
        (warning('no privileges were granted for "U"', code="01007"), 14),
        (warning('not all privileges were granted for "reader"', code="01007"), None),
        (warning('no privileges were granted for "x"', code="01007"), None),
        (warning("told", position=UP.index("grant select on app.u") + 1), 14),
        (warning("odd", context="PL/pgSQL function inline_code_block line 3 at RAISE"), 17),
        (warning("odd", context='PL/pgSQL function app.f() line 9 at RAISE\nSQL statement "select 1"'), None),
    ],
)
def test_the_line_is_told_where_there_is_one_alone(given: LoggedWarning, line: int | None) -> None:
    # The directive is line 11 of the file.
    assert find_line(given, Block(UP, 11)) == line


def test_a_single_statement_is_the_one() -> None:
    text = "-- migrate:up\n\nselect app.f();\n"
    assert find_line(warning("odd", query=text), Block(text, 1)) == 3


def test_of_two_do_blocks_none_is_guessed() -> None:
    text = "-- migrate:up\ndo $$ begin perform 1; end $$;\ndo $$ begin perform 2; end $$;\n"
    context = "PL/pgSQL function inline_code_block line 1 at PERFORM"
    assert find_line(warning("odd", context=context, query=text), Block(text, 1)) is None


FIRST = parsed_migration("001_a.sql", "select 1;", "select 2;")
SECOND = parsed_migration("002_b.sql", "select 3;")


def sent(text: str) -> str:
    """A block as the server logs it."""
    return f"{text.strip()}\n"


def test_each_migration_gets_its_own_warnings_once() -> None:
    up, down = FIRST.sections[0].up, FIRST.sections[0].down
    given = [
        warning("odd", query=sent(up.sql)),
        warning("odd", query=sent(up.sql)),
        warning("odd", query=sent(down.sql)),
        warning("else", query=sent(SECOND.sections[0].up.sql)),
        warning("ours", query="select 1"),
    ]
    found = assign_warnings(given, [FIRST, SECOND], {}, lambda text: text)
    assert found == {
        "001_a.sql": (ServerWarning(up.line + 1, "odd"), ServerWarning(down.line + 1, "odd")),
        "002_b.sql": (ServerWarning(SECOND.sections[0].up.line + 1, "else"),),
    }


def test_a_migration_is_known_by_what_is_replayed_in_its_place() -> None:
    content = FIRST.file.content.replace(b"select 1", b"select dbmate_wrap.run_replay_statement('a')")
    file = MigrationFile(FIRST.file.name, FIRST.file.version, "", content)
    query = "-- migrate:up\nselect dbmate_wrap.run_replay_statement('a');\n"
    found = assign_warnings([warning("odd", query=query)], [FIRST], {file.name: file}, lambda text: text)
    assert [each.message for each in found["001_a.sql"]] == ["odd"]


def test_what_only_the_shadow_server_lacks_is_not_told() -> None:
    query = sent(FIRST.sections[0].up.sql)
    given = [
        warning("wal_level is insufficient to publish logical changes", query=query),
        warning("subscription was created, but is not connected", query=query),
    ]
    assert assign_warnings(given, [FIRST], {}, lambda text: text) == {}


def test_a_secret_is_masked_before_a_long_text_is_cut() -> None:
    query = sent(FIRST.sections[0].up.sql)
    message = f"{'x' * 496} geheim and\nmore"
    [told] = assign_warnings(
        [warning(message, query=query)], [FIRST], {}, lambda text: text.replace("geheim", "***")
    )["001_a.sql"]
    assert told.message == f"{'x' * 496} *** ..."


def test_the_row_has_five_warnings_with_their_places_and_counts_the_rest() -> None:
    assert warnings_check({}, "db/migrations") is None
    found = {"002_b.sql": [ServerWarning(None, f"odd {number}") for number in range(6)]}
    check = warnings_check({**found, "001_a.sql": [ServerWarning(7, "first")]}, "db/migrations")
    assert check is not None
    assert (check.id, check.status) == ("server-warnings", "warn")
    assert check.message == (
        "the server gave 7 warnings: db/migrations/001_a.sql:7: first; db/migrations/002_b.sql: odd 0;"
        " db/migrations/002_b.sql: odd 1; db/migrations/002_b.sql: odd 2; db/migrations/002_b.sql: odd 3;"
        " and 2 more"
    )


def test_passwords_of_connections_are_masked_too() -> None:
    query = sent(FIRST.sections[0].up.sql)
    message = "no answer from postgres://u:geheim@h/db nor from host=h password=geheim user=u"
    [told] = assign_warnings([warning(message, query=query)], [FIRST], {}, lambda text: text)["001_a.sql"]
    assert told.message == "no answer from postgres://u:***@h/db nor from host=h password=*** user=u"
