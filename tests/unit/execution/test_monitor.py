"""The lines of the monitor and their times, by a clock that the tests turn."""

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from dbmate_wrap.domain.activity import (
    Activity,
    Blocker,
    Progress,
    blocked_lines,
    format_blocker,
    format_duration,
    progress_line,
)
from dbmate_wrap.errors import UnreachableError
from dbmate_wrap.execution.monitor import Monitor
from dbmate_wrap.execution.poller import Poller, Watched
from dbmate_wrap.postgres.session import Session
from tests.support.consoles import RecordedConsole
from tests.support.sessions import EmptySession

PSQL = Blocker(
    pid=4711,
    application="psql",
    user="app",
    state="idle in transaction",
    transaction_age=720,
    relation="public.orders",
    lock=None,
    mode="RowExclusiveLock",
    holds=True,
    wanted_mode="AccessExclusiveLock",
    query="update public.orders set paid = ?",
)
OTHER = replace(PSQL, pid=4712, application="batch")
QUIET = Activity(pid=1, running_for=1.0)
SCAN = Progress("CREATE INDEX", "building index: scanning table", 0, 200, "blocks", "public.orders")


class SteppedPoller(Poller):
    """A poller without a thread: its turns come by the clock of the tests."""

    due_at: float | None = 0.0

    def start(self) -> None:
        pass

    def stop(self) -> None:
        self.due_at = None
        self.close_session()

    def turn(self, now: float) -> None:
        """Look, if the time of the next turn has come."""
        if self.due_at is not None and now >= self.due_at:
            pause = self.poll()
            if pause is None:
                self.stop()
            else:
                self.due_at = now + pause


class Scene:
    """A monitor whose clock goes by quarters of a second, and its lines so far, with the time."""

    def __init__(
        self, *, terminal: bool = False, fails: Exception | None = None, lock_timeout: float | None = None
    ) -> None:
        self.now = 1000.0
        self.sees = QUIET
        self.fails = fails
        self.said: list[tuple[float, str]] = []
        self.shown: list[str] = []
        self.looks: list[float] = []
        self.sessions: list[EmptySession] = []
        self.hangs = False
        self.during_look: Callable[[], None] | None = None
        self.poller: SteppedPoller | None = None
        self.watcher = self.monitor(
            RecordedConsole(self.say, self.shown.append if terminal else None), lock_timeout
        )

    def monitor(self, console: RecordedConsole, lock_timeout: float | None = None) -> Monitor:
        return Monitor(
            Watched(self.open, "dbmate-wrap/x/dbmate", self.look),
            console,
            lock_timeout,
            clock=lambda: self.now,
            make_poller=self.make_poller,
        )

    def make_poller(
        self, watched: Watched, is_due: Callable[[], bool], interval: float, clock: Callable[[], float]
    ) -> Poller:
        self.poller = SteppedPoller(watched, is_due, interval, clock)
        return self.poller

    @property
    def lines(self) -> list[str]:
        return [line for _, line in self.said]

    @property
    def time(self) -> float:
        return self.now - 1000.0

    def say(self, line: str) -> None:
        self.said.append((self.time, line))

    def open(self) -> Session:
        self.sessions.append(EmptySession())
        return self.sessions[-1]

    def look(self, session: Session, name: str) -> Activity:
        self.looks.append(self.time)
        if self.fails is not None:
            raise self.fails
        if self.during_look is not None:
            self.during_look()
        return self.sees

    def turn(self) -> None:
        """Let the poller look, if that is due."""
        assert self.poller is not None
        if not self.hangs:
            self.poller.turn(self.now)

    def run(self, seconds: float) -> None:
        """Tick for so long."""
        for _ in range(int(seconds * 4)):
            self.watcher.tick()
            self.turn()
            self.now += 0.25


def blocked(*blockers: Blocker, since: float = 0.0) -> Activity:
    return Activity(pid=1, running_for=since, blocked_for=since, blockers=blockers)


def test_a_fast_run_opens_no_session() -> None:
    scene = Scene()
    scene.watcher.started("001_a.sql")
    scene.run(0.5)
    scene.watcher.finished(0.0351)
    scene.watcher.ended()
    scene.watcher.close()
    assert (scene.sessions, scene.lines) == ([], ["applied 001_a.sql in 35 ms"])


def test_it_looks_once_a_second_in_one_session() -> None:
    scene = Scene()
    scene.run(4)
    assert scene.looks == [0.5, 1.5, 2.5, 3.5]
    assert [session.closed for session in scene.sessions] == [False]
    scene.watcher.close()
    assert scene.sessions[0].closed


def test_a_blocker_is_named_within_two_seconds_and_again_every_ten() -> None:
    scene = Scene()
    scene.watcher.started("002_b.sql")
    scene.run(3)
    scene.sees = blocked(PSQL)
    scene.run(24)
    whom = (
        "by pid 4711 (psql, user app, idle in transaction for 12 min) holding RowExclusiveLock"
        " on public.orders (AccessExclusiveLock is wanted): update public.orders set paid = ?"
    )
    assert scene.said == [
        (1.0, "applying 002_b.sql"),
        (4.75, f"blocked for 1 s {whom}"),
        (14.75, f"blocked for 11 s {whom}"),
        (24.75, f"blocked for 21 s {whom}"),
    ]
    scene.sees = QUIET
    scene.run(2)
    scene.watcher.finished(29.2)
    scene.watcher.ended()
    assert scene.lines[4:] == ["no longer blocked, after 24 s", "  applied in 29 s"]


def test_what_was_a_wait_before_the_first_look_is_said_at_once() -> None:
    scene = Scene()
    scene.sees = blocked(PSQL, since=1.5)
    scene.run(1)
    [(when, line)] = scene.said
    assert when == 0.75
    assert line.startswith("blocked for 1 s by pid 4711")


def test_a_short_wait_is_not_worth_a_word_but_remembered() -> None:
    scene = Scene()
    scene.sees = blocked(PSQL)
    scene.run(0.75)
    scene.sees = QUIET
    scene.run(5)
    assert scene.said == []
    assert scene.watcher.blockers == (PSQL,)


def test_changed_blockers_are_named_soon_but_not_all_the_time() -> None:
    scene = Scene()
    for pid in range(1, 9):
        scene.sees = blocked(replace(PSQL, pid=pid), since=1.0)
        scene.run(1)
    times = [when for when, _ in scene.said]
    assert len(times) == 4
    assert all(later - earlier >= 2 for earlier, later in pairwise(times))


def test_all_blockers_are_remembered_as_they_were_seen_last() -> None:
    scene = Scene()
    scene.sees = blocked(PSQL)
    scene.run(2)
    later = replace(PSQL, transaction_age=721)
    scene.sees = blocked(later, OTHER)
    scene.run(2)
    scene.watcher.ended()
    assert scene.watcher.blockers == (later, OTHER)


def test_an_index_build_gets_a_line_at_every_tenth() -> None:
    scene = Scene()
    for second in range(21):
        scene.sees = Activity(1, float(second), progress=replace(SCAN, done=second * 10))
        scene.run(1)
    assert len(scene.lines) == 11
    assert scene.lines[1] == (
        "create index on public.orders (building index: scanning table): 10 %, 20 of 200 blocks, 2 s"
    )


def test_an_index_build_that_stands_still_gets_a_line_every_ten_seconds() -> None:
    scene = Scene()
    scene.sees = Activity(1, 1.0, progress=SCAN)
    scene.run(25)
    assert [round(when) for when, _ in scene.said] == [1, 11, 21]


def test_a_phase_that_cannot_be_counted_speaks_by_the_clock() -> None:
    scene = Scene()
    scene.sees = Activity(1, 9.0, progress=replace(SCAN, phase="initializing", done=None, total=None))
    scene.run(12)
    assert scene.lines == ["create index on public.orders (initializing): 9 s"]


def test_on_a_terminal_an_index_build_stays_in_place() -> None:
    scene = Scene(terminal=True)
    for second in (0, 1):
        scene.sees = Activity(1, float(second), progress=replace(SCAN, done=100 * second))
        scene.run(1)
    assert scene.said == []
    assert scene.shown == [
        "[....................] 0 %  create index on public.orders (building index: scanning table):"
        " 0 of 200 blocks, 0 s",
        "[##########..........] 50 %  create index on public.orders (building index: scanning table):"
        " 100 of 200 blocks, 1 s",
    ]
    scene.sees = blocked(PSQL, since=1)
    scene.run(1)
    assert scene.shown[2:] == [""]
    assert len(scene.said) == 1
    scene.watcher.close()


def test_what_stands_in_place_is_taken_away_when_it_is_over() -> None:
    scene = Scene(terminal=True)
    scene.sees = Activity(1, 1.0, progress=SCAN)
    scene.run(1)
    scene.sees = QUIET
    scene.run(1)
    assert scene.shown[1:] == ["", "dbmate has been running for 1 s"]
    scene.watcher.close()
    assert scene.shown[-1] == ""


def test_elapsed_time_is_told_every_ten_seconds_when_nothing_else_is() -> None:
    scene = Scene()
    scene.watcher.started("002_x.sql")
    scene.run(31)
    scene.watcher.started("003_y.sql")
    scene.run(11)
    assert scene.said == [
        (1.0, "applying 002_x.sql"),
        (10.0, "  running for 10 s"),
        (20.0, "  running for 20 s"),
        (30.0, "  running for 30 s"),
        (32.0, "applying 003_y.sql"),
        (41.0, "  running for 10 s"),
    ]


def test_elapsed_time_goes_back_to_tens_after_something_else_was_said() -> None:
    scene = Scene()
    scene.watcher.started("002_x.sql")
    scene.run(2)
    scene.sees = blocked(PSQL, since=1)
    scene.run(1)
    scene.sees = QUIET
    scene.run(30)
    assert scene.lines[3:] == [f"  running for {seconds} s" for seconds in (13, 20, 30)]


def test_from_a_minute_on_the_time_is_exact() -> None:
    scene = Scene()
    scene.watcher.started("002_x.sql")
    scene.run(71)
    assert scene.lines[-1] == "  running for 1 min 10 s"


def test_before_the_first_migration_it_is_dbmate_that_runs() -> None:
    scene = Scene()
    scene.run(11)
    assert scene.lines == ["dbmate has been running for 10 s"]


def test_on_a_terminal_elapsed_time_stays_in_place_and_moves_every_second() -> None:
    scene = Scene(terminal=True)
    scene.watcher.started("002_x.sql")
    scene.run(3)
    assert scene.said == []
    assert scene.shown == ["applying 002_x.sql", "applying (1 s) 002_x.sql", "applying (2 s) 002_x.sql"]
    scene.watcher.finished(3.24)
    scene.run(0.25)
    assert scene.shown[3:] == [""]
    assert scene.lines == ["applied 002_x.sql in 3.2 s"]


@pytest.mark.parametrize("terminal", [False, True])
def test_no_name_is_shown_twice_and_every_end_has_its_time(terminal: bool) -> None:
    scene = Scene(terminal=terminal)
    scene.watcher.started("001_a.sql")
    scene.watcher.finished(0.0052)
    scene.watcher.started("002_b.sql")
    scene.sees = Activity(1, 1.0, progress=SCAN)
    scene.run(3)
    scene.watcher.finished(3.04)
    scene.watcher.started("003_c.sql", doing="rolling back", done="rolled back")
    scene.watcher.finished(75.0)
    scene.watcher.ended()
    assert [line for line in scene.lines if not line.startswith("create index")] == [
        "applied 001_a.sql in 5 ms",
        "applying 002_b.sql",
        "  applied in 3.0 s",
        "rolled back 003_c.sql in 1 min 15 s",
    ]
    assert scene.shown[-1:] == [""] * terminal


def test_a_migration_that_does_not_come_to_its_end_is_named() -> None:
    scene = Scene(terminal=True)
    scene.watcher.started("001_a.sql")
    scene.run(0.5)
    scene.watcher.ended()
    assert (scene.shown, scene.lines) == (["applying 001_a.sql", ""], ["applying 001_a.sql"])


def test_the_next_migration_begins_anew() -> None:
    scene = Scene()
    scene.watcher.started("001_a.sql")
    scene.sees = blocked(PSQL, since=1)
    scene.run(2)
    scene.watcher.ended()
    scene.sees = blocked(PSQL, since=0.4)
    scene.run(0.25)
    scene.watcher.started("001_a.sql")
    scene.run(1)
    said = [line.partition(" by ")[0] for line in scene.lines]
    assert said == ["applying 001_a.sql", "blocked for 1 s", "applying 001_a.sql", "blocked"]


def test_a_look_from_before_the_migration_tells_nothing_about_it() -> None:
    def begin_the_next() -> None:
        scene.now += 0.25
        scene.watcher.started("002_b.sql")
        scene.during_look = None

    scene = Scene()
    scene.sees = blocked(PSQL, since=3)
    scene.during_look = begin_the_next
    scene.run(1)
    assert (scene.looks, scene.said) == ([0.5], [])
    assert scene.watcher.blockers == (PSQL,)


def test_a_look_that_ends_after_the_migration_counts_for_its_error_and_no_other() -> None:
    scene = Scene()
    scene.watcher.started("001_a.sql")
    scene.run(0.5)
    scene.watcher.tick()
    scene.sees = blocked(PSQL, since=3)
    scene.turn()
    scene.watcher.ended()
    assert [blocker.pid for blocker in scene.watcher.blockers] == [PSQL.pid]
    scene.sees = blocked(OTHER, since=3)
    scene.during_look = lambda: scene.watcher.ended()
    scene.watcher.started("002_b.sql")
    scene.now += 1
    scene.turn()
    assert [blocker.pid for blocker in scene.watcher.blockers] == [PSQL.pid, OTHER.pid]
    scene.watcher.started("003_c.sql")
    scene.watcher.tick()
    assert scene.lines == ["applying 001_a.sql", "applying 002_b.sql"]


def test_between_two_runs_of_dbmate_it_does_not_look() -> None:
    scene = Scene()
    scene.watcher.started("001_a.sql")
    scene.run(1)
    scene.watcher.ended()
    for _ in range(20):
        scene.turn()
        scene.now += 0.25
    assert scene.looks == [0.5]


@pytest.mark.parametrize(("lock_timeout", "looks"), [(0, 10), (0.5, 80), (1, 38), (2, 19), (60, 10)])
def test_a_short_lock_timeout_is_looked_into_four_times(lock_timeout: float, looks: int) -> None:
    scene = Scene(lock_timeout=lock_timeout)
    scene.watcher.started("001_a.sql")
    for _ in range(640):
        scene.turn()
        scene.now += 1 / 64
    assert len(scene.looks) == looks


def test_a_wait_that_began_and_ended_between_two_ticks_is_remembered() -> None:
    scene = Scene(lock_timeout=0.2)
    scene.watcher.started("001_a.sql")
    for seen in (QUIET, blocked(PSQL), QUIET):
        scene.sees = seen
        scene.turn()
        scene.now += 0.06
    assert scene.looks[0] == 0
    assert scene.watcher.blockers == (PSQL,)


def test_a_new_server_process_in_one_migration_gives_the_former() -> None:
    scene = Scene()
    scene.watcher.started("001_a.sql")
    scene.run(1)
    assert scene.watcher.former is None
    scene.sees = replace(QUIET, pid=2)
    scene.run(1)
    assert scene.watcher.former == 1
    scene.watcher.started("002_b.sql")
    scene.sees = replace(QUIET, pid=3)
    scene.run(2)
    assert scene.watcher.former is None


def test_a_server_process_that_runs_nothing_is_not_another_one() -> None:
    scene = Scene()
    scene.watcher.started("001_a.sql")
    scene.run(1)
    scene.sees = Activity(pid=2)
    scene.run(2)
    assert scene.watcher.former is None


def test_a_look_that_hangs_holds_up_nothing_but_the_looks() -> None:
    scene = Scene()
    scene.hangs = True
    scene.watcher.started("002_b.sql")
    scene.run(11)
    assert scene.lines == ["applying 002_b.sql", "  running for 10 s"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (UnreachableError("the connection was lost", kind="other"), "the connection was lost"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "secret"), "UnicodeDecodeError"),
    ],
)
def test_where_looking_fails_it_says_so_once_and_goes_on_by_the_clock(error: Exception, reason: str) -> None:
    scene = Scene(fails=error)
    scene.watcher.started("002_x.sql")
    scene.run(21)
    assert scene.lines == [
        f"warning: cannot see what dbmate waits for: {reason}",
        "applying 002_x.sql",
        "  running for 10 s",
        "  running for 20 s",
    ]
    assert len(scene.looks) == 1
    assert scene.sessions[0].closed
    scene.watcher.close()


def test_where_looking_fails_amid_an_index_build_the_clock_goes_on() -> None:
    scene = Scene()
    scene.watcher.started("002_x.sql")
    scene.sees = Activity(1, 1.0, progress=SCAN)
    scene.run(3)
    scene.fails = UnreachableError("the connection was lost", kind="other")
    scene.run(18)
    assert scene.lines[-1] == "  running for 20 s"


def test_a_failure_to_report_is_told_as_what_it_was() -> None:
    said: list[str] = []

    def broken_once(line: str) -> None:
        said.append(line)
        if len(said) == 1:
            raise ValueError(line)

    scene = Scene()
    watcher = scene.monitor(RecordedConsole(broken_once, None))
    watcher.started("002_x.sql")
    for _ in range(10):
        watcher.tick()
        scene.now += 0.25
    watcher.close()
    assert said == ["applying 002_x.sql", "warning: cannot see what dbmate waits for: ValueError"]


def test_a_failure_to_speak_breaks_nothing() -> None:
    def broken(line: str) -> None:
        raise ValueError(line)

    scene = Scene()
    watcher = scene.monitor(RecordedConsole(broken, broken))
    for _ in range(100):
        watcher.tick()
        scene.turn()
        scene.now += 0.25
    watcher.close()


def test_a_failure_to_begin_a_thread_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more_threads(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", no_more_threads)
    scene = Scene()
    watcher = Monitor(Watched(scene.open, "x"), RecordedConsole(scene.say), clock=lambda: scene.now)
    watcher.tick()
    watcher.tick()
    assert scene.lines == ["warning: cannot see what dbmate waits for: RuntimeError"]
    watcher.close()


def test_an_interrupt_passes() -> None:
    class Interrupted(BaseException):
        pass

    def interrupted(line: str) -> None:
        raise Interrupted

    scene = Scene()
    watcher = scene.monitor(RecordedConsole(interrupted))
    watcher.tick()
    scene.now += 10
    with pytest.raises(Interrupted):
        watcher.tick()
    watcher.close()


@pytest.mark.parametrize(
    ("seconds", "rough", "exact"),
    [
        (-1, "0 s", "0 s"),
        (59.9, "59 s", "59 s"),
        (90, "90 s", "1 min 30 s"),
        (120, "2 min", "2 min 0 s"),
        (3599, "59 min", "59 min 59 s"),
        (7140, "119 min", "1 h 59 min"),
        (7200, "2 h", "2 h 0 min"),
        (172_800, "2 days", "48 h 0 min"),
    ],
)
def test_durations_for_people(seconds: float, rough: str, exact: str) -> None:
    assert (format_duration(seconds), format_duration(seconds, exact=True)) == (rough, exact)


@pytest.mark.parametrize(
    ("blocker", "text"),
    [
        (
            replace(PSQL, state="active", transaction_age=30, query=None),
            "pid 4711 (psql, user app, active, in a transaction for 30 s) holding RowExclusiveLock"
            " on public.orders (AccessExclusiveLock is wanted)",
        ),
        (
            replace(PSQL, state=None, transaction_age=None, query=None, holds=False),
            "pid 4711 (psql, user app) waiting, ahead in the queue, for RowExclusiveLock"
            " on public.orders (AccessExclusiveLock is wanted)",
        ),
        (
            Blocker(5, None, None, None, None, None, None, None, False, None, None),
            "pid 5, whose transaction has to end first",
        ),
        (
            replace(PSQL, application="psql\x1b[2J", wanted_mode=None),
            "pid 4711 (psql[2J, user app, idle in transaction for 12 min) holding RowExclusiveLock"
            " on public.orders, whose transaction has to end first: update public.orders set paid = ?",
        ),
        (
            replace(PSQL, pid=0, application=None, state='prepared as "x"', query=None),
            'a prepared transaction (user app, prepared as "x" for 12 min) holding RowExclusiveLock'
            " on public.orders (AccessExclusiveLock is wanted)",
        ),
        (
            replace(PSQL, relation=None, lock="advisory lock 42", mode="ExclusiveLock", query="select ?"),
            "pid 4711 (psql, user app, idle in transaction for 12 min) holding ExclusiveLock"
            " on advisory lock 42 (AccessExclusiveLock is wanted): select ?",
        ),
    ],
)
def test_a_blocker_in_words(blocker: Blocker, text: str) -> None:
    assert format_blocker(blocker) == text


def test_several_blockers_and_those_behind_them() -> None:
    root = replace(PSQL, pid=1, direct=False)
    first, second = replace(PSQL, pid=2, waits_for=(1,)), replace(PSQL, pid=3)
    lines = blocked_lines((first, second, root), 5.0)
    heads = [line.partition(" (")[0] for line in lines]
    assert heads == ["blocked for 5 s by pid 2", "  and by pid 3", "  behind that, pid 2 is blocked by pid 1"]


def test_of_a_crowd_the_first_are_shown_and_always_a_root() -> None:
    crowd = tuple(replace(PSQL, pid=pid, waits_for=(99,)) for pid in range(1, 20))
    lines = blocked_lines((*crowd, replace(PSQL, pid=99, direct=False)), 5.0)
    heads = [line.partition(" (")[0] for line in lines]
    assert heads[:2] == ["blocked for 5 s by pid 1", "  and by pid 2"]
    assert heads[4:] == [
        "  and by 15 more",
        "  behind that, pid 1, 2, 3, 4, ... are blocked by pid 99",
    ]


def test_progress_that_is_past_its_total_stays_at_a_hundred() -> None:
    assert replace(SCAN, done=300).percent == 100
    assert replace(SCAN, total=0).percent is None
    line = progress_line(replace(SCAN, relation=None, total=None), None)
    assert line == "create index (building index: scanning table)"
