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
