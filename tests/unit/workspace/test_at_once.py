"""Several databases are asked at once, and none stops another."""

import threading

import pytest

from dbmate_wrap.errors import ConfigError, UnreachableError, WrapError
from dbmate_wrap.workspace.at_once import ask_at_once


def fail(error: Exception) -> str:
    raise error


def test_each_answer_or_error_stands_in_the_order_of_the_questions() -> None:
    error = ConfigError("no")
    found = ask_at_once({"a": lambda: "", "b": lambda: fail(error), "c": lambda: "yes"})
    assert list(found.items()) == [("a", ""), ("b", error), ("c", "yes")]


def test_all_are_asked_before_one_has_answered() -> None:
    # Each waits for the other.
    met = threading.Barrier(2, timeout=30)
    assert sorted(ask_at_once({"a": met.wait, "b": met.wait}).values(), key=str) == [0, 1]


def test_what_has_no_answer_in_time_is_left_alone() -> None:
    for_ever = threading.Event()
    found = ask_at_once({"slow": for_ever.wait, "fast": lambda: True}, seconds=1.0)
    for_ever.set()
    assert found["fast"] is True
    assert isinstance(found["slow"], UnreachableError)
    assert found["slow"].message == "no answer within 1 s"


def test_a_bug_in_a_thread_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        ask_at_once({"a": lambda: 1 / 0})


def test_nothing_to_ask_is_nothing() -> None:
    nothing: dict[str, int | WrapError] = ask_at_once({}, seconds=0)
    assert nothing == {}
