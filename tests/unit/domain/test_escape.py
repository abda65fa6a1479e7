"""Text from outside cannot steer the terminal or pretend to be something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.domain.escape import (
    cut_to_width,
    drop_unprintable,
    replace_unprintable,
    visible,
    visible_lines,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("001_init.sql", "001_init.sql"),
        ("é€😀 äöü 漢字", "é€😀 äöü 漢字"),
        ("«\xa0x\xa0»", "«\xa0x\xa0»"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\r\tc\0", "a\\nb\\r\\tc\\x00"),
        ("\x7f\x9b0m\x85", "\\x7f\\x9b0m\\x85"),
        ("\u202elqs\u2066", "\\u202elqs\\u2066"),
        ("\u200b\ufeff\u2028", "\\u200b\\ufeff\\u2028"),
        ("\udcff\udc80", "\\xff\\x80"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_what_is_not_plainly_visible_is_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcdef"),
        ("漢字漢", 6, "漢字漢"),
        ("漢字漢字", 7, "漢字漢"),
        ("e\u0301e\u0301a", 2, "e\u0301e\u0301"),
        ("abcdef", 0, ""),
        ("abcdef", -1, ""),
        ("漢", -1, ""),
    ],
)
def test_a_line_is_cut_to_the_columns_that_it_takes(text: str, columns: int, shown: str) -> None:
    assert cut_to_width(text, columns) == shown


def test_lines_stay_lines_and_are_indented() -> None:
    assert visible_lines("one\r\ntwo\x1b\n\nthree\n") == "one\n  two\\x1b\n  \n  three"
    assert visible_lines("one\ntwo", "    ") == "one\n    two"
    assert visible_lines("") == ""


@given(st.text())
def test_any_text_becomes_one_line_that_can_be_written(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    assert len(shown.splitlines()) <= 1
    assert visible(shown) == shown
    assert not set(shown) & set("\x00\x07\x08\x1b\x7f\x9b\u202e")


def test_unprintable_characters_are_dropped() -> None:
    assert drop_unprintable("caf\u00e9 \x07\u200b1") == "caf\u00e9 1"


def test_a_replaced_character_keeps_the_columns() -> None:
    assert replace_unprintable("caf\u00e9 \x07\u200b1") == "caf\u00e9 ??1"
