"""Whose turn it is: never more at once than may be, each exactly once, and no server holds up another."""

import random
from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.fleet.turns import Limits, Turns


def take_all(turns: Turns[str]) -> list[str]:
    """The items that may begin now, in their order."""
    found = []
    while (taken := turns.take()) is not None:
        found.append(taken[1])
    return found


def on_servers(*items: str) -> list[tuple[str, str]]:
    """Items such as ``a1``, which is on the server ``a``."""
    return [(item[0], item) for item in items]


def test_no_more_begin_than_there_are_jobs() -> None:
    turns = Turns(on_servers("a1", "b1", "c1", "d1"), Limits(jobs=3, per_server=2))
    assert take_all(turns) == ["a1", "b1", "c1"]
    assert (turns.running, turns.waiting) == (3, 1)
    turns.give_back("b")
    assert take_all(turns) == ["d1"]


def test_no_more_begin_on_one_server_than_may() -> None:
    turns = Turns(on_servers("a1", "a2", "a3", "b1"), Limits(jobs=8, per_server=2))
    assert take_all(turns) == ["a1", "b1", "a2"]
    turns.give_back("b")
    assert take_all(turns) == []
    turns.give_back("a")
    assert take_all(turns) == ["a3"]


def test_servers_take_turns_and_the_items_of_one_keep_their_order() -> None:
    turns = Turns(on_servers("a1", "a2", "a3", "b1", "b2", "c1"), Limits(jobs=100, per_server=100))
    assert take_all(turns) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_what_is_added_later_waits_after_what_waits_already() -> None:
    turns = Turns(on_servers("a1"), Limits(jobs=1, per_server=1))
    turns.add("a", "a2")
    turns.add("b", "b1")
    assert take_all(turns) == ["a1"]
    turns.give_back("a")
    turns.add("a", "a3")
    begun = []
    for _ in range(3):
        taken = turns.take()
        assert taken is not None
        begun.append(taken[1])
        turns.give_back(taken[0])
    assert sorted(begun) == ["a2", "a3", "b1"]
    assert begun.index("a2") < begun.index("a3")


@pytest.mark.parametrize("per_server", [1, 2])
def test_after_all_was_taken_away_nothing_begins_and_what_runs_can_still_end(per_server: int) -> None:
    turns = Turns(on_servers("a1", "a2", "a3", "b1"), Limits(jobs=2, per_server=per_server))
    begun = take_all(turns)
    left = turns.take_away()
    assert sorted(begun + left) == ["a1", "a2", "a3", "b1"]
    assert (turns.waiting, turns.running) == (0, 2)
    for item in begun:
        turns.give_back(item[0])
        assert turns.take() is None
    assert (turns.waiting, turns.running, turns.take_away()) == (0, 0, [])


def test_ten_thousand_items_on_one_server_are_quick() -> None:
    turns = Turns((("a", number) for number in range(10_000)), Limits(jobs=8, per_server=4))
    order = []
    while turns.waiting or turns.running:
        while (taken := turns.take()) is not None:
            order.append(taken[1])
        turns.give_back("a")
    assert order == list(range(10_000))


def run_randomly(
    items: Iterable[tuple[int, int]], later: list[tuple[int, int]], limits: Limits, choice: random.Random
) -> list[tuple[int, int]]:
    """Take and give back in a random order to the end; return what began, in its order, with its server."""
    turns = Turns(items, limits)
    begun: list[tuple[int, int]] = []
    at_work: list[int] = []
    while turns.waiting or turns.running or later:
        what = choice.choice(("take", "give back", "add"))
        if what == "add" and later:
            turns.add(*later.pop())
        elif what == "take" and (taken := turns.take()) is not None:
            begun.append((int(str(taken[0])), taken[1]))
            at_work.append(begun[-1][0])
        elif what == "give back" and at_work:
            turns.give_back(at_work.pop(choice.randrange(len(at_work))))
        counts = Counter(at_work)
        assert turns.running == len(at_work) <= limits.jobs
        assert max(counts.values(), default=0) <= limits.per_server
        if not at_work and turns.waiting:
            # Where nothing runs, something may begin: nothing waits for ever.
            taken = turns.take()
            assert taken is not None
            begun.append((int(str(taken[0])), taken[1]))
            at_work.append(begun[-1][0])
    return begun


@given(
    servers=st.lists(st.integers(0, 4), max_size=30),
    begins=st.integers(0, 30),
    jobs=st.integers(1, 6),
    per_server=st.integers(1, 4),
    choice=st.randoms(use_true_random=False),
)
def test_each_item_begins_once_within_the_limits_and_in_the_order_of_its_server(
    servers: list[int], begins: int, jobs: int, per_server: int, choice: random.Random
) -> None:
    items = [(server, number) for number, server in enumerate(servers)]
    first, later = items[:begins], items[begins:][::-1]
    begun = run_randomly(first, later, Limits(jobs, per_server), choice)
    assert sorted(begun, key=lambda each: each[1]) == items
    for server in set(servers):
        of_it = [number for where, number in begun if where == server]
        assert of_it == sorted(of_it)
