"""Code without its layout is the same where only white space and comments differ."""

import pytest

from dbmate_wrap.domain.sql_layout import remove_layout


def command(body: str, tag: str = "$$") -> str:
    return f"CREATE FUNCTION f() RETURNS int\n    LANGUAGE sql\n    AS {tag}{body}{tag};"


@pytest.mark.parametrize(
    ("body", "other"),
    [
        ("select 1", "\n  select\t1 -- one\n"),
        ("select a<=b", "select a <= /* really */ b"),
        ("select f(a,b)", "select f( a, b )"),
        ("", "-- nothing"),
    ],
)
def test_layout_makes_no_difference(body: str, other: str) -> None:
    assert remove_layout(command(body)) == remove_layout(command(other))
    assert remove_layout(command(body)) == remove_layout(command(other, "$_$"))


@pytest.mark.parametrize(
    ("body", "other"),
    [
        ("select 1", "select 2"),
        ("select 1", "select 1;"),
        ("select 'a b'", "select 'a  b'"),
        ("select '-- a'", "select '-- b'"),
        ("select $x$a b$x$", "select $x$a  b$x$"),
        ('select "a b"', 'select "a  b"'),
        ("select a < - b", "select a <- b"),
        ("select ab", "select a b"),
        ("select 1 -- a", "select 1 - - a"),
        ("select a\u00a0b", "select a b"),
    ],
)
def test_what_is_quoted_or_code_makes_one(body: str, other: str) -> None:
    assert remove_layout(command(body)) != remove_layout(command(other))
