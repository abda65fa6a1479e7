"""The line of an error and the caret under it."""

import pytest

from dbmate_wrap.domain.code_frame import code_frame

TEXT = "-- migrate:up\nselect * from nosuch;\n\tselect x\n\n-- migrate:down\n"


def test_the_caret_stands_under_the_column() -> None:
    assert code_frame(TEXT, 2, 15) == "    2 | select * from nosuch;\n      |               ^"


def test_a_tab_before_the_column_moves_the_caret_along() -> None:
    line, caret = code_frame(TEXT, 3, 9).split("\n")
    assert line == "    3 |     select x"
    assert line[caret.index("^")] == "x"


def test_without_a_column_only_the_line_is_shown() -> None:
    assert code_frame(TEXT, 2, None) == "    2 | select * from nosuch;"


@pytest.mark.parametrize("line", [0, -1, 99])
def test_a_line_that_the_text_does_not_have_shows_nothing(line: int) -> None:
    assert code_frame(TEXT, line, 1) == ""


def test_a_column_behind_the_line_shows_no_caret() -> None:
    assert "^" not in code_frame(TEXT, 2, 99)


@pytest.mark.parametrize("column", [1, 90, 300, 500, 1000])
def test_a_long_line_is_cut_around_the_column(column: int) -> None:
    source = "".join(chr(ord("a") + number % 26) for number in range(1000))
    line, caret = code_frame(source, 1, column).split("\n")
    assert len(line) < 120
    assert line[caret.index("^")] == source[column - 1]


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in code_frame("select '\x1b[31m'", 1, 3)


def test_wide_characters_before_the_column_move_the_caret_along() -> None:
    line, caret = code_frame("select '日本', é, nosuch", 1, 17).split("\n")
    assert line[caret.index("^") - 2 :].startswith("nosuch")


@pytest.mark.parametrize(
    "source",
    [
        "create role a login password 'geheim' valid until 'x'",
        "ALTER USER a PASSWORD E'it\\'s geheim';",
        "alter role a password 'a'' geheim'",
        "alter role a password $x$geheim$x$;",
        "execute 'create role a password ''geheim''';",
        "create user mapping for a server s options (password 'geheim', user 'b')",
        "connection 'host=a password=geheim dbname=b'",
        "connection 'host=a password = ''a geheim'''",
        "select dblink_connect('postgres://a:geheim@b/c')",
        "select set_config('app.password', 'geheim', true)",
        "password := 'geheim';",
    ],
)
def test_a_password_is_not_shown_nor_what_stands_behind_it(source: str) -> None:
    for column in (None, 1, source.index("geheim") + 1, len(source)):
        frame = code_frame(source, 1, column)
        assert "geheim" not in frame
        assert "***" in frame
        assert ("^" in frame) == (column is not None)


@pytest.mark.parametrize(
    "before", ["create role a password", "options (password ", "x (PASSWORD =", "\tpasswd\r"]
)
def test_a_password_in_the_line_behind_its_word_is_not_shown_either(before: str) -> None:
    frame = code_frame(f"{before}\n  'geheim' valid until x", 2, 12)
    assert frame == "    2 |   ***\n      |   ^"


@pytest.mark.parametrize(
    "source", ["create table a (password text, passwd varchar(9))", "select 'https://a.b:80/c'", "a::text"]
)
def test_a_line_without_one_is_shown_whole(source: str) -> None:
    assert code_frame(source, 1, None) == f"    1 | {source}"


def test_a_line_behind_a_column_of_that_name_is_shown() -> None:
    assert code_frame("select name, password\n  from accounts", 2, None) == "    2 |   from accounts"
