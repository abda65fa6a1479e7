"""Which differences of two texts may be one of how PostgreSQL writes an expression, and which cannot."""

import pytest

from dbmate_wrap.domain.drift import find_differences, may_be_the_same
from dbmate_wrap.domain.dumped_objects import DumpedObject, dumped_objects
from dbmate_wrap.domain.same_text import pair_digests, with_known_parts
from tests.support.dump_texts import entry, table

BETWEEN = "CONSTRAINT c CHECK (((n >= 0) AND (n <= 9)))"
REWRITTEN = "CONSTRAINT c CHECK ((((n >= 0)) AND (n <= 9)))"


@pytest.mark.parametrize(
    ("expected", "live", "may"),
    [
        (table("t", "n integer"), table("t", "n integer"), False),
        (table("t", "n integer"), table("t", "n bigint"), False),
        (table("t", "n integer"), table("t", "n integer NOT NULL"), False),
        (table("t", "n integer DEFAULT 1"), table("t", "n integer"), False),
        (table("t", "n integer DEFAULT 1"), table("t", "n bigint DEFAULT 2"), False),
        (table("t", "n integer DEFAULT 1"), table("t", "n integer DEFAULT (1)::integer"), True),
        (table("t", "n integer DEFAULT 1 NOT NULL"), table("t", "n integer DEFAULT 2 NOT NULL"), True),
        (table("t", "n integer DEFAULT 1 NOT NULL"), table("t", "n integer DEFAULT 1"), False),
        (table("t", "n integer", BETWEEN), table("t", "n integer", REWRITTEN), True),
        (table("t", "n integer", BETWEEN), table("t", "n integer"), False),
        (table("t", "n integer", BETWEEN), table("t", "n bigint", REWRITTEN), True),
        (table("t", "a integer", "b integer"), table("t", "b integer", "a integer"), True),
        (entry("v", "VIEW", "CREATE VIEW v AS a;"), entry("v", "VIEW", "CREATE VIEW v AS b;"), True),
        (entry("v", "VIEW", "CREATE VIEW v AS a;"), "", False),
        ("", entry("v", "VIEW", "CREATE VIEW v AS a;"), False),
    ],
)
def test_a_difference_in_an_expression_alone_may_be_none(expected: str, live: str, may: bool) -> None:
    assert may_be_the_same(expected, live, None, frozenset()) is may


def test_what_is_known_to_say_the_same_is_no_difference_beside_another() -> None:
    before = table("t", "n integer", "note text", BETWEEN)
    loaded = table("t", "n integer", "note text", REWRITTEN)
    [(named, text)] = dumped_objects(before, None).items()
    [other] = dumped_objects(loaded, None).values()
    same = frozenset(pair_digests(named, text, other))
    assert find_differences(before, loaded, None, same) == ()
    live = table("t", "n integer", "note integer", REWRITTEN)
    assert may_be_the_same(before, live, None, same) is False
    [found] = find_differences(before, live, None, same)
    assert "note integer" in found.diff
    assert REWRITTEN not in found.diff


def test_other_objects_are_known_as_a_whole() -> None:
    view = DumpedObject("VIEW", "app", "v")
    same = frozenset(pair_digests(view, "a", "b"))
    assert with_known_parts(view, "a", "b", same) == "a"
    assert with_known_parts(view, "a", "c", same) == "c"
    assert with_known_parts(view, "a", "b", frozenset()) == "b"
