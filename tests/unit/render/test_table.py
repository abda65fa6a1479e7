"""Tables are plain text, aligned, and never cut a name."""

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
