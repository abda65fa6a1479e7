"""Many are asked in threads, within the limits; each answer comes once, and a bug is raised."""

import threading
from collections import Counter
from itertools import count

import pytest

from dbmate_wrap.fleet.asking import Asked, ask_in_turns
from dbmate_wrap.fleet.turns import Limits

PATIENCE = 30.0


def test_each_answer_comes_once() -> None:
    questions = [(number % 3, number) for number in range(50)]
    answers = list(ask_in_turns(questions, lambda number: number * 2, Limits(8, 4)))
    assert sorted(answers) == [number * 2 for number in range(50)]


def test_as_many_are_asked_at_once_as_may_be_and_no_more() -> None:
    """The first six meet: three on each of two servers, which are all that may be asked at once."""
    met = threading.Barrier(6, timeout=PATIENCE)
    lock = threading.Lock()
    asked: Counter[str] = Counter()
    most: Counter[str] = Counter()

    def ask(question: tuple[str, int]) -> str:
        server, number = question
        with lock:
            asked[server] += 1
            most[server] = max(most[server], asked[server])
            most["all"] = max(most["all"], asked.total())
        if number < 3:
            met.wait()
        with lock:
            asked[server] -= 1
        return server

    questions = [(server, (server, number)) for number in range(9) for server in ("a", "b")]
    answers = list(ask_in_turns(questions, ask, Limits(jobs=8, per_server=3)))
    assert Counter(answers) == {"a": 9, "b": 9}
    assert most == {"a": 3, "b": 3, "all": 6}


def test_an_answer_is_there_before_all_have_answered() -> None:
    slow = threading.Event()
    answers = ask_in_turns(
        [("a", "slow"), ("b", "fast")],
        lambda question: question if question == "fast" else str(slow.wait(PATIENCE)),
        Limits(2, 1),
    )
    assert next(answers) == "fast"
    slow.set()
    assert list(answers) == ["True"]


def test_a_bug_in_a_thread_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        list(ask_in_turns([("a", 0)], lambda number: 1 / number, Limits(1, 1)))


def test_no_thread_that_waits_for_ever_keeps_the_process_from_ending() -> None:
    for_ever = threading.Event()
    begun: list[bool] = []

    def ask(question: int) -> int:
        begun.append(threading.current_thread().daemon)
        if question == 0:
            raise ValueError("a bug")
        for_ever.wait(PATIENCE)
        return question

    with pytest.raises(ValueError, match="a bug"):
        list(ask_in_turns([("a", 1), ("b", 0)], ask, Limits(2, 1)))
    assert begun == [True, True]
    for_ever.set()


def test_who_is_asked_since_when_is_told_before_anybody_has_answered() -> None:
    told: list[Asked[str]] = []
    looked = threading.Event()

    def watch(asked: Asked[str]) -> None:
        told.append(asked)
        looked.set()

    def ask(question: str) -> str:
        assert looked.wait(PATIENCE)
        return question

    clock = map(float, count()).__next__
    questions = [("a", "x"), ("a", "y"), ("b", "z")]
    assert sorted(ask_in_turns(questions, ask, Limits(8, 1), watch, clock)) == ["x", "y", "z"]
    assert told[0] == Asked(0, 1, (("x", 1.0), ("z", 2.0)))
    assert told[-1].waiting == 0
    assert told[-1].done + len(told[-1].running) == 3


def test_nobody_asked_is_no_answer() -> None:
    nobody: list[tuple[str, int]] = []
    assert list(ask_in_turns(nobody, lambda number: number, Limits(1, 1))) == []
