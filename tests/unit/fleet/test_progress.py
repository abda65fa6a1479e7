"""In place on a terminal, a line a minute elsewhere."""

from dbmate_wrap.domain.fleet_progress import FleetProgress, Running
from dbmate_wrap.fleet.progress import ProgressDisplay
from tests.support.consoles import FakeConsole
from tests.support.fleet_runs import FakeRun


def progress(seconds: float) -> FleetProgress:
    return FleetProgress(0, 0, 0, (Running("a", seconds),), seconds)


def line(time: str) -> str:
    return f"0 done, 1 running, 0 failed, 0 waiting; longest at work: a for {time}"


def in_place(time: str) -> str:
    return f"[....................] 0 %  {line(time)}"


def test_on_a_terminal_a_line_is_shown_when_it_is_another_one() -> None:
    console = FakeConsole(has_terminal=True)
    display = ProgressDisplay(console, FakeRun().clock)
    for seconds in (0.0, 0.25, 0.5, 1.0, 1.25):
        display.show(progress(seconds))
    assert console.in_place == [in_place("0 s"), in_place("1 s")]
    display.clear()
    display.clear()
    assert console.in_place[2:] == [""]
    display.show(progress(1.5))
    assert console.in_place[3:] == [in_place("1 s")]
    assert console.said == []


def test_elsewhere_a_line_a_minute_is_said_and_none_in_the_first() -> None:
    console, time = FakeConsole(), FakeRun(now=1_000.0)
    display = ProgressDisplay(console, time.clock)
    for seconds in range(0, 200, 25):
        time.now = 1_000.0 + seconds
        display.show(progress(seconds))
        display.clear()
    assert console.said == [line("1 min 15 s"), line("2 min 30 s")]
    assert console.in_place == []


def test_a_short_run_says_nothing() -> None:
    console, time = FakeConsole(), FakeRun()
    display = ProgressDisplay(console, time.clock)
    for time.now in (0.0, 30.0, 59.9):
        display.show(progress(time.now))
    display.clear()
    assert console.said == []
