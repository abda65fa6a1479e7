"""What came in between two looks at a database, and in which order it can be dropped again."""

from dbmate_wrap.domain.leftovers import DatabaseObject, diff_inventories


def thing(name: str, oid: int, *owners: int, invalid: bool = False) -> DatabaseObject:
    """An object; of `owners` it is a part."""
    return DatabaseObject(name, f"drop {name}", frozenset(owners), oid, invalid)


TABLE = thing("table public.t", 1)


def test_what_was_there_before_is_not_left_behind() -> None:
    assert diff_inventories([TABLE], [TABLE]).objects == ()
    # Dropped and made again: another oid, and nothing to clean up.
    assert diff_inventories([TABLE], [thing("table public.t", 9)]).objects == ()


def test_nothing_is_said_as_well() -> None:
    assert "no new object and no invalid index" in diff_inventories([TABLE], []).sentence()


def test_what_was_made_last_is_dropped_first() -> None:
    view, other = thing("view public.v", 3), thing("type public.a", 2)
    assert [left.oid for left in diff_inventories([], [TABLE, view, other]).objects] == [3, 2, 1]


def test_what_goes_with_another_is_not_named_unless_that_one_stays() -> None:
    index = thing("index public.i", 2, 1)
    assert diff_inventories([], [TABLE, index]).objects == (TABLE,)
    assert diff_inventories([TABLE], [TABLE, index]).objects == (index,)


def test_an_invalid_index_is_always_named() -> None:
    index = thing("index public.i", 2, 1, invalid=True)
    assert diff_inventories([], [TABLE, index]).invalid_indexes == (index,)
    valid = thing("index public.i", 2, 1)
    assert diff_inventories([TABLE, valid], [TABLE, index]).objects == (index,)
    assert diff_inventories([TABLE, index], [TABLE, valid]).objects == ()
    assert diff_inventories([TABLE, index], [TABLE, index]).objects == ()


def test_the_statements_stand_on_lines_of_their_own() -> None:
    index = thing("index public.i", 2, 1, invalid=True)
    assert diff_inventories([], [TABLE, index]).sentence() == (
        "left behind: invalid index public.i, table public.t; to clean up:\n"
        "drop index public.i;\n"
        "drop table public.t;"
    )
