"""What a concurrent build that was cut off has left: only what it made itself may be dropped."""

from dataclasses import replace

import pytest

from dbmate_wrap.domain.leftovers import DatabaseObject, Leftovers
from dbmate_wrap.execution.concurrent_build import failed_builds

INVALID = DatabaseObject("index public.i", "drop index concurrently public.i", frozenset(), 10, invalid=True)
TABLE = DatabaseObject("table public.c", "drop table public.c", frozenset(), 11)


@pytest.mark.parametrize(
    ("left", "builds"),
    [
        (Leftovers(()), ()),
        (Leftovers((INVALID,)), (INVALID,)),
        (Leftovers((INVALID, TABLE)), None),
        (Leftovers((INVALID,), changed=("table public.a",)), None),
        (Leftovers((INVALID,), gone=("table public.a",)), None),
        # A DROP INDEX CONCURRENTLY that was cut off has made an index of others invalid.
        (Leftovers((replace(INVALID, name="index public.old"),)), None),
    ],
    ids=["nothing", "index", "also-a-table", "changed", "gone", "of-others"],
)
def test_only_an_index_that_the_build_itself_made_is_taken_away(
    left: Leftovers, builds: tuple[DatabaseObject, ...] | None
) -> None:
    before = (DatabaseObject("index public.old", "drop index public.old", frozenset(), 9),)
    assert failed_builds(before, left) == builds
