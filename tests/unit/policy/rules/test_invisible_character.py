"""Rule invisible-character: what nobody can see or type, outside of strings and comments."""

import pytest

from dbmate_wrap.policy.rules.invisible_character import find

ZERO_WIDTH, SOFT_HYPHEN, NO_BREAK, MARK, OVERRIDE = "\u200b", "\xad", "\xa0", "\ufeff", "\u202e"


def found(sql: str) -> list[tuple[str, str]]:
    """What is named, and the text from there on, of each hit."""
    return [(hit.message.partition(": ")[2], sql[hit.offset :]) for hit in find(sql)]


@pytest.mark.parametrize(
    ("character", "named"),
    [
        (ZERO_WIDTH, "U+200B (zero width space)"),
        (SOFT_HYPHEN, "U+00AD (soft hyphen)"),
        (NO_BREAK, "U+00A0 (no-break space)"),
        (MARK, "U+FEFF (zero width no-break space)"),
        (OVERRIDE, "U+202E (right-to-left override)"),
        ("\u2066", "U+2066 (left-to-right isolate)"),
        ("\u200d", "U+200D (zero width joiner)"),
        ("\u2060", "U+2060 (word joiner)"),
        ("\u202f", "U+202F (narrow no-break space)"),
        ("\u3000", "U+3000 (ideographic space)"),
        ("\u2028", "U+2028 (line separator)"),
        ("\x85", "U+0085 (a control)"),
        ("\U000e0041", "U+E0041 (tag latin capital letter a)"),
    ],
)
@pytest.mark.parametrize(
    "sql",
    [
        "alter table t add am*ount int",
        'alter table t add "am*ount" int',
        "select 1,*2",
        "do $$ begin alter table t add x*y int; end $$",
        "create or replace function f() returns int language plpgsql as $x$ begin return a*b; end $x$",
        "select 'a'; create procedure p() language sql as $$ delete from t*u $$",
        "create tabel a*b (",
        "do $$ begin null; end $$; do $long$ begin alter table t add x*y int; end $long$",
    ],
)
def test_in_code_it_is_a_hit_with_its_code_point_and_place(sql: str, character: str, named: str) -> None:
    text = sql.replace("*", character)
    assert found(text) == [(named, text[sql.index("*") :])]


@pytest.mark.parametrize(
    "sql",
    [
        "insert into t values ('a~b', E'~', $$~$$, $x$~$x$)",
        "comment on table t is 'a~b'",
        "-- a~b\nselect 1 /* a~b */",
        "create table function_names (a text default $$~$$)",
        "do $$ begin raise notice 'a~b'; end $$ -- ~",
    ],
)
def test_in_strings_and_comments_it_is_none(sql: str) -> None:
    assert found(sql.replace("~", NO_BREAK)) == []
    assert found(sql.replace("~", ZERO_WIDTH)) == []


@pytest.mark.parametrize(
    "sql",
    ["-- a~b", "select 1 /* a~b */", "/* ~", "do $$ begin -- ~\n null; end $$", "select 1 -- ~\n; select 2"],
)
def test_what_changes_the_order_is_a_hit_in_a_comment_too(sql: str) -> None:
    for character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069":
        text = sql.replace("~", character)
        assert [place for _, place in found(text)] == [text[text.index(character) :]]
    (hit,) = find(sql.replace("~", OVERRIDE))
    assert "order" in hit.hint
    assert found("select 'a\u202eb'") == []


def test_a_line_has_one_hit_with_each_of_its_characters() -> None:
    sql = f"create table t (\n  {ZERO_WIDTH}a int, b{SOFT_HYPHEN}c int, {ZERO_WIDTH}d int,\n{NO_BREAK} e int)"
    first, second = found(sql)
    assert first[0] == "U+200B (zero width space), U+00AD (soft hyphen)"
    assert second == ("U+00A0 (no-break space)", f"{NO_BREAK} e int)")


@pytest.mark.parametrize("sql", ["select über, 漢字, имя, שם from t", "select 'é' as né -- ✓ 👍🏽", ""])
def test_letters_of_any_script_are_none(sql: str) -> None:
    assert found(sql) == []
