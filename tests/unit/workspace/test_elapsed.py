"""What tells nothing of its progress shows for how long it has been at work, on a terminal alone."""

import pytest

from dbmate_wrap.workspace.elapsed import elapsed_time
from tests.support.consoles import FakeConsole


def shown_at(*seconds: float, terminal: bool = True) -> list[str]:
    """What stands in place while the work lasts, looked at at these times."""
    console, times = FakeConsole(has_terminal=terminal), iter([0.0, *seconds])
    with elapsed_time(console, "reading the schema of crm", lambda: next(times)) as show:
        assert [show() for _ in seconds] == [False] * len(seconds)
    assert console.said == []
    return console.in_place


def test_a_second_passes_before_anything_is_shown_and_nothing_is_left() -> None:
    assert shown_at(0.5, 1.0, 1.5, 61.0) == [
        "reading the schema of crm: 1 s",
        "reading the schema of crm: 1 min 1 s",
        "",
    ]


def test_nothing_is_shown_of_what_is_over_soon_or_without_a_terminal() -> None:
    assert shown_at(0.1, 0.9) == []
    assert shown_at(60.0, terminal=False) == []


def fail(console: FakeConsole) -> None:
    times = iter([0.0, 2.0])
    with elapsed_time(console, "reading", lambda: next(times)) as show:
        show()
        raise ZeroDivisionError


def test_it_is_taken_away_where_the_work_fails() -> None:
    console = FakeConsole(has_terminal=True)
    with pytest.raises(ZeroDivisionError):
        fail(console)
    assert console.in_place == ["reading: 2 s", ""]
