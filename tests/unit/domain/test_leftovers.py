"""What came in between two looks at a database, and in which order it can be dropped again."""

from dataclasses import replace

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
    assert not diff_inventories([TABLE], [TABLE])
    assert (
        diff_inventories([TABLE], [TABLE])
        .sentence()
        .startswith("the catalogs are as before: no object, column")
    )


def test_what_was_changed_or_is_gone_is_named_without_a_statement() -> None:
    column = thing("column public.t.i", 0, 1)
    left = diff_inventories([TABLE, column], [replace(TABLE, definition="other")])
    assert left.sentence() == "changed: table public.t; gone: column public.t.i"
    assert diff_inventories([TABLE, column], []).gone == ("table public.t",)


def test_what_no_statement_undoes_is_named_all_the_same() -> None:
    value = replace(thing("value 'a' of type public.e", 0), drop=None)
    assert diff_inventories([], [value]).sentence() == "left behind: value 'a' of type public.e"


def test_a_part_goes_before_what_it_may_depend_on() -> None:
    kind, column = thing("type public.e", 7), thing("column public.t.e", 0, 1)
    assert diff_inventories([TABLE], [TABLE, kind, column]).objects == (column, kind)


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
