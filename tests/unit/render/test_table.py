"""Tables are plain text, aligned, and never cut a name."""

from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.render.table import PLAIN, Paint, table


def test_columns_are_aligned_and_lines_end_without_spaces() -> None:
    shown = table(("a", "long header"), [("1", "x"), ("22222", ""), ("3", "y")])
    assert shown == "a      long header\n1      x\n22222\n3      y"


def test_without_rows_there_is_no_table() -> None:
    assert table(("a", "b"), []) == ""


def test_cells_are_never_cut() -> None:
    name = "x" * 300
    assert name in table(("a", "b"), [("1", name)])


def test_control_characters_are_escaped_before_the_width_is_taken() -> None:
    shown = table(("a", "b"), [("\x1b", "1"), ("xxxx", "2"), ("y\n", "3")])
    assert shown.split("\n") == ["a     b", "\\x1b  1", "xxxx  2", "y\\n   3"]


def test_a_painted_cell_takes_the_room_of_its_text() -> None:
    rows = [("ok", "pass", "x"), ("no", "fail", "y")]
    plain = table(("id", "result", "found"), rows, PLAIN, ["green", "red"], styled_column=1)
    painted = table(("id", "result", "found"), rows, Paint(True), ["green", "red"], styled_column=1)
    assert "\x1b" not in plain
    assert "no  \x1b[31mfail\x1b[0m    y" in painted
    for code in ("0", "1", "31", "32"):
        painted = painted.replace(f"\x1b[{code}m", "")
    assert painted == plain


def test_the_last_column_is_painted_unless_told_otherwise() -> None:
    assert table(("a", "b"), [("1", "x")], Paint(True), ["green"]).endswith("1  \x1b[32mx\x1b[0m")


def test_only_an_enabled_paint_paints_and_never_nothing() -> None:
    assert Paint(True)("red", "x") == "\x1b[31mx\x1b[0m"
    assert Paint(True)("red", "") == ""
    assert PLAIN("red", "x") == "x"


CHECKS = [
    ("files", "pass", "8 files"),
    ("replay", "fail", "003_long_name_of_a_file.sql:2:1: column a of relation b does not exist (42703)"),
]


def test_a_last_cell_that_is_too_long_is_wrapped_beside_the_others() -> None:
    shown = table(("check", "result", "what was found"), CHECKS, columns=50)
    assert shown.split("\n") == [
        "check   result  what was found",
        "files   pass    8 files",
        "replay  fail    003_long_name_of_a_file.sql:2:1:",
        "                column a of relation b does not",
        "                exist (42703)",
    ]


def test_the_widest_cells_go_below_where_there_is_no_room() -> None:
    rows = [("001", "001_a.sql", "applied"), ("002", "002_a_name_that_is_long.sql", "pending")]
    shown = table(("version", "file", "state"), rows, columns=30)
    assert shown.split("\n") == [
        "version  state",
        "    file",
        "001      applied",
        "    001_a.sql",
        "002      pending",
        "    002_a_name_that_is_long.sql",
    ]
    # Names are not broken, whatever there is room for.
    assert "002_a_name_that_is_long.sql" in table(("version", "file", "state"), rows, columns=5).split()


def test_what_fits_is_as_wide_as_without_a_limit() -> None:
    for columns in (None, 30, 17):
        assert table(("a", "long header"), [("1", "x"), ("22", "")], columns=columns) == (
            "a   long header\n1   x\n22"
        )


def test_cells_keep_their_colours_wherever_they_go() -> None:
    for columns in (60, 40, 12):
        style = ["green", "red"]
        plain = table(("check", "result", "what was found"), CHECKS, PLAIN, style, -1, columns)
        painted = table(("check", "result", "what was found"), CHECKS, Paint(True), style, -1, columns)
        assert "\x1b[31m" in painted
        for code in ("0", "1", "31", "32"):
            painted = painted.replace(f"\x1b[{code}m", "")
        assert painted == plain


@given(
    st.integers(1, 100),
    st.lists(st.tuples(*[st.text("ab c", max_size=30)] * 3), min_size=1, max_size=4),
)
def test_every_word_is_there_and_only_a_word_or_a_first_cell_is_too_wide(
    columns: int, rows: list[tuple[str, str, str]]
) -> None:
    shown = table(("x", "y", "z"), rows, columns=columns)
    assert sorted(shown.split()) == sorted(" ".join(["x y z", *map(" ".join, rows)]).split())
    first = max(len(row[0]) for row in rows)
    for line in shown.split("\n"):
        assert len(line) <= columns or len(line) <= first or " " not in line.strip()
