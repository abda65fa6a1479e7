"""What came in between two looks at a database, and in which order it can be dropped again."""

from dbmate_wrap.domain.leftovers import Thing, between


def thing(name: str, oid: int, *owners: int, invalid: bool = False) -> Thing:
    """An object; of `owners` it is a part."""
    return Thing(name, f"drop {name}", frozenset(owners), oid, invalid)


TABLE = thing("table public.t", 1)


def test_what_was_there_before_is_not_left_behind() -> None:
    assert between([TABLE], [TABLE]).things == ()
    # Dropped and made again: another oid, and nothing to clean up.
    assert between([TABLE], [thing("table public.t", 9)]).things == ()


def test_nothing_is_said_as_well() -> None:
    assert "no new object and no invalid index" in between([TABLE], []).sentence()


def test_what_was_made_last_is_dropped_first() -> None:
    view, other = thing("view public.v", 3), thing("type public.a", 2)
    assert [left.oid for left in between([], [TABLE, view, other]).things] == [3, 2, 1]


def test_what_goes_with_another_is_not_named_unless_that_one_stays() -> None:
    index = thing("index public.i", 2, 1)
    assert between([], [TABLE, index]).things == (TABLE,)
    assert between([TABLE], [TABLE, index]).things == (index,)


def test_an_invalid_index_is_always_named() -> None:
    index = thing("index public.i", 2, 1, invalid=True)
    assert between([], [TABLE, index]).invalid_indexes == (index,)
    valid = thing("index public.i", 2, 1)
    assert between([TABLE, valid], [TABLE, index]).things == (index,)
    assert between([TABLE, index], [TABLE, valid]).things == ()
    assert between([TABLE, index], [TABLE, index]).things == ()


def test_the_statements_stand_on_lines_of_their_own() -> None:
    index = thing("index public.i", 2, 1, invalid=True)
    assert between([], [TABLE, index]).sentence() == (
        "left behind: invalid index public.i, table public.t; to clean up:\n"
        "drop index public.i;\n"
        "drop table public.t;"
    )
