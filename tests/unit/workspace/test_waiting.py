"""When a wait ends, how long its pauses are, and what it says meanwhile; the time is the test's own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from dbmate_wrap.domain.outcome import Target
from dbmate_wrap.errors import HistoryError, PreflightError, UnreachableError, WrapError
from dbmate_wrap.workspace.awaited import Awaited
from dbmate_wrap.workspace.history_look import HistoryLook
from dbmate_wrap.workspace.waiting import Clock, HistoryWait

TARGET = Target("db", 5432, "crm", "18.1")
DONE = HistoryLook(TARGET, ("001", "002"))
PENDING = HistoryLook(TARGET, ("001",))
NO_TABLE = HistoryLook(TARGET, absent="there is no table public.schema_migrations yet")
REFUSED = HistoryLook(
    None, error=UnreachableError("nothing answers on db:5432", kind="refused", hint="start it")
)
MISSING = HistoryLook(None, error=UnreachableError('there is no database "crm"', kind="database_missing"))
HIDDEN = HistoryLook(TARGET, error=PreflightError("role app may not read it", hint="grant select"))


@dataclass
class World:
    """Time passes by sleeping alone; the looks come one after the other, and the last one again and again."""

    looks: list[HistoryLook | WrapError]
    now: float = 1000.0
    slept: list[float] = field(default_factory=list)
    said: list[tuple[float, str]] = field(default_factory=list)
    taken: int = 0

    def look(self) -> HistoryLook:
        look = self.looks[min(self.taken, len(self.looks) - 1)]
        self.taken += 1
        if isinstance(look, WrapError):
            raise look
        return look

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def waiting(self, timeout: float) -> HistoryWait:
        """A wait for 002 that begins now; the jitter is 0."""
        clock = Clock(lambda: self.now, self.sleep, lambda: 1.0)
        began, say = self.now, self.said.append
        return HistoryWait(
            Awaited("002"), timeout, self.look, lambda line: say((self.now - began, line)), clock
        )


def test_what_is_applied_already_is_told_at_once_and_nothing_is_said() -> None:
    world = World([DONE])
    waiting = world.waiting(600)
    assert waiting.run() == "002 is applied"
    assert (world.slept, world.said, waiting.rows, waiting.target) == ([], [], [], TARGET)


def test_it_ends_with_the_look_that_finds_it_and_tells_how_long_that_took() -> None:
    world = World([REFUSED, NO_TABLE, PENDING, DONE])
    waiting = world.waiting(600)
    assert waiting.run() == "002 is applied; waited 7.0 s"
    assert world.slept == [1.0, 2.0, 4.0]
    assert world.said == [(0.0, "waiting at most 10m for version 002: nothing answers on db:5432")]
    assert waiting.rows == []


def test_it_looks_once_more_when_the_time_is_over_and_says_for_how_long_it_was_so() -> None:
    world = World([REFUSED, NO_TABLE, PENDING])
    waiting = world.waiting(30)
    assert waiting.run() is None
    assert world.slept == [1.0, 2.0, 4.0, 8.0, 10.0, 5.0]
    assert waiting.describe_timeout() == (
        "002 is not applied; the newest is 001 (given up after 30s; it was so for 27 s)"
    )
    assert [(row.version, row.file, row.state) for row in waiting.rows] == [("002", None, "pending")]
    assert waiting.target == TARGET


def test_without_time_it_looks_once() -> None:
    world = World([PENDING])
    waiting = world.waiting(0)
    assert waiting.run() is None
    assert waiting.describe_timeout() == "002 is not applied; the newest is 001"
    assert (world.slept, world.said, world.taken) == ([], [], 1)


@pytest.mark.parametrize(("look", "kind"), [(REFUSED, "refused"), (MISSING, "database_missing")])
def test_without_a_connection_at_the_end_it_is_21_also_where_there_was_one(
    look: HistoryLook, kind: str
) -> None:
    world = World([PENDING, PENDING, look])
    waiting = world.waiting(20)
    with pytest.raises(UnreachableError) as raised:
        waiting.run()
    error = raised.value
    assert look.error is not None
    assert error.message == f"{look.error.message} (given up after 20s; it was so for 17 s)"
    assert (error.kind, error.hint) == (kind, look.error.hint)
    # What is known stays: the database as it was met, and what was pending there.
    assert waiting.target == TARGET
    assert [row.version for row in waiting.rows] == ["002"]


@pytest.mark.parametrize(
    "error", [HistoryError("not dbmate's"), UnreachableError("wrong", kind="password")], ids=str
)
def test_what_does_not_pass_ends_it_at_once(error: WrapError) -> None:
    world = World([PENDING, error])
    with pytest.raises(type(error)) as raised:
        world.waiting(600).run()
    assert raised.value is error
    assert world.taken == 2


def test_a_lack_of_privileges_ends_it_at_once() -> None:
    world = World([REFUSED, PENDING, HIDDEN])
    with pytest.raises(PreflightError, match=r"^role app may not read it$"):
        world.waiting(600).run()
    assert world.taken == 3


@pytest.mark.parametrize("before", [NO_TABLE, MISSING])
def test_privileges_may_come_with_the_first_run(before: HistoryLook) -> None:
    assert World([before, HIDDEN, HIDDEN, DONE]).waiting(600).run() == "002 is applied; waited 7.0 s"
    world = World([before, HIDDEN])
    with pytest.raises(PreflightError) as raised:
        world.waiting(20).run()
    assert raised.value.message == "role app may not read it (given up after 20s; it was so for 19 s)"
    assert raised.value.hint == "grant select"


def test_it_says_why_it_goes_on_at_most_once_a_minute() -> None:
    world = World([REFUSED, *[NO_TABLE] * 5, PENDING])
    assert world.waiting(200).run() is None
    times = [at for at, _ in world.said]
    assert times[0] == 0.0
    assert all(later - earlier >= 60 for earlier, later in pairwise(times))
    assert [line for _, line in world.said] == [
        "waiting at most 200s for version 002: nothing answers on db:5432",
        "waiting for 65 s now: 002 is not applied; the newest is 001",
        "waiting for 2 min now: 002 is not applied; the newest is 001",
        "waiting for 3 min now: 002 is not applied; the newest is 001",
    ]


def test_the_reason_may_change_in_words_and_stay_the_same_failure() -> None:
    def refused(text: str) -> HistoryLook:
        return HistoryLook(None, error=UnreachableError(text, kind="refused"))

    world = World([refused("a"), refused("b")])
    with pytest.raises(UnreachableError, match=r"^b \(given up after 20s; it was so for 20 s\)$"):
        world.waiting(20).run()


def test_a_wait_that_is_stopped_tells_what_it_saw() -> None:
    class Stop(BaseException):
        pass

    def raising(world: World) -> Callable[[float], None]:
        def sleep(seconds: float) -> None:
            world.sleep(seconds)
            if len(world.slept) == 2:
                raise Stop

        return sleep

    world = World([PENDING])
    clock = Clock(lambda: world.now, raising(world), lambda: 1.0)
    waiting = HistoryWait(Awaited("002"), 600, world.look, lambda line: None, clock)
    assert waiting.describe_stop() is None
    with pytest.raises(Stop):
        waiting.run()
    assert waiting.describe_stop() == "stopped after 3.0 s: 002 is not applied; the newest is 001"
