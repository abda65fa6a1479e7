"""A process for each target: how each ends is told, and nothing is left at work."""

import signal
from collections.abc import Iterable

import pytest

from dbmate_wrap.domain.failure_limit import FailureLimit
from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ErrorReport, ExitCode, InterruptedRun, TerminatedRun
from dbmate_wrap.fleet import run as module
from dbmate_wrap.fleet.messages import Said
from dbmate_wrap.fleet.run import FleetRun
from dbmate_wrap.fleet.schedule import Schedule, StopConditions, WaitingTarget
from dbmate_wrap.fleet.turns import Limits
from tests.support.consoles import FakeConsole
from tests.support.fleet_runs import FakeRun, Script, journal_of, outcome_of, url_of

WIDE = Limits(jobs=100, per_server=100)
HANGS = Script(seconds=None, stopping=None)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    """What stands for processes, signals and the clock."""
    made = FakeRun()
    monkeypatch.setattr(module, "wait_for", made.wait_for)
    monkeypatch.setattr(module, "signals_held", made.signals_held)
    return made


def fleet_run_of(
    run: FakeRun,
    names: Iterable[str],
    *,
    deadline: float | None = None,
    limits: Limits = WIDE,
    stop_on: StopConditions | None = None,
    console: FakeConsole | None = None,
) -> FleetRun:
    """The run over targets of these names."""
    targets = [FleetTarget(name, f"db_{name}") for name in names]
    schedule = Schedule([WaitingTarget(target, "server") for target in targets], limits, stop_on)
    urls = {target.name: url_of(target) for target in targets}
    said = console or FakeConsole()
    return FleetRun(schedule, run, urls, said, journal_of(targets), deadline, run.clock)


def results(fleet_run: FleetRun) -> dict[str, Outcome]:
    return {target.name: outcome for target, outcome in fleet_run.run()}


def codes(fleet_run: FleetRun) -> dict[str, ExitCode]:
    return {name: outcome.exit for name, outcome in results(fleet_run).items()}


def error_of(outcome: Outcome) -> ErrorReport:
    assert outcome.error is not None
    return outcome.error


def assert_nothing_left(run: FakeRun) -> None:
    assert all(worker.is_closed for worker in run.workers.values())


def test_each_target_ends_with_what_its_process_says(run: FakeRun) -> None:
    good, bad = outcome_of(applied=["003"]), outcome_of(ExitCode.FAILED)
    run.scripts = {"a": Script(2.0, good), "b": Script(1.0, bad)}
    ended = list(fleet_run_of(run, "ab").run())
    assert [(target.name, outcome) for target, outcome in ended] == [("b", bad), ("a", good)]
    assert_nothing_left(run)


def test_nobody_to_migrate_is_an_end_at_once(run: FakeRun) -> None:
    assert results(fleet_run_of(run, "")) == {}
    assert (run.now, run.workers) == (0.0, {})


def test_no_more_run_at_once_than_may(run: FakeRun) -> None:
    run.scripts = {name: Script(seconds) for seconds, name in enumerate("abdefg", 1)}
    assert set(codes(fleet_run_of(run, "abdefg", limits=Limits(2, 8))).values()) == {ExitCode.OK}
    assert run.most_at_once == 2


def test_a_target_is_yielded_while_another_one_runs(run: FakeRun) -> None:
    run.scripts = {"a": Script(100.0)}
    ended = fleet_run_of(run, "ab").run()
    assert next(ended)[0].name == "b"
    assert not run.workers["a"].is_closed
    assert run.now < 2
    assert [target.name for target, _ in ended] == ["a"]


@pytest.mark.parametrize(
    ("code", "how"), [(-9, "signal 9"), (-11, "signal 11"), (1, "exit code 1, and said nothing")]
)
def test_a_process_that_ended_without_a_word_is_143(run: FakeRun, code: int, how: str) -> None:
    run.scripts = {"a": Script(outcome=None, code=code)}
    outcome = results(fleet_run_of(run, "a"))["a"]
    assert outcome.exit is ExitCode.TERMINATED
    assert error_of(outcome) == ErrorReport(
        f"its process was ended by {how}: what it has done is not known here",
        "run it again: the database knows what is done",
    )


def test_what_was_said_before_the_process_was_killed_counts(run: FakeRun) -> None:
    run.scripts = {"a": Script(code=-9)}
    assert codes(fleet_run_of(run, "a")) == {"a": ExitCode.OK}


def test_what_failed_counts_for_the_conditions(run: FakeRun) -> None:
    error = ErrorReport("no", sqlstate="23505", migration="001_a.sql")
    run.scripts = {name: Script(outcome=outcome_of(ExitCode.FAILED, error)) for name in "abdefg"}
    fleet_run = fleet_run_of(run, "abdefg", limits=Limits(1, 1), stop_on=StopConditions(6))
    assert list(codes(fleet_run)) == ["a", "b", "d"]
    assert (fleet_run.schedule.stopped or "").startswith("the first 3 databases failed alike, in 001_a.sql")


def test_a_target_that_takes_too_long_is_told_to_end(run: FakeRun) -> None:
    run.scripts = {"a": Script(None, stopping=3.0), "b": Script(9.0)}
    outcomes = results(fleet_run_of(run, "ab", deadline=10.0))
    assert outcomes["b"].exit is ExitCode.OK
    assert run.workers["a"].signals == [signal.SIGTERM]
    assert outcomes["a"].exit is ExitCode.TERMINATED
    error = error_of(outcomes["a"])
    assert error.message == f"it took longer than --target-deadline, 10 s: {ExitCode.TERMINATED.meaning}"
    assert error.hint == "a hint"
    assert 13.0 <= run.now < 14.0


def test_a_target_that_does_not_end_then_is_killed_after_the_grace(run: FakeRun) -> None:
    run.scripts = {"a": HANGS}
    outcome = results(fleet_run_of(run, "a", deadline=90.0))["a"]
    assert run.workers["a"].signals == [signal.SIGTERM, signal.SIGKILL]
    assert 120.0 <= run.now < 121.0
    assert outcome.exit is ExitCode.TERMINATED
    error = error_of(outcome)
    assert error.message == (
        "it took longer than --target-deadline, 1 min 30 s: its process was ended by signal 9:"
        " what it has done is not known here"
    )
    assert error.hint == "run it again: the database knows what is done"


@pytest.mark.parametrize("code", [ExitCode.OK, ExitCode.FAILED])
def test_a_target_that_was_done_when_it_was_told_is_as_it_says(run: FakeRun, code: ExitCode) -> None:
    run.scripts = {"a": Script(10.1, outcome_of(code), stopping=5.0)}
    assert codes(fleet_run_of(run, "a", deadline=10.0)) == {"a": code}
    assert run.workers["a"].signals == [signal.SIGTERM]


def test_the_deadline_of_a_target_begins_with_its_process(run: FakeRun) -> None:
    run.scripts = {name: Script(8.0) for name in "abd"}
    ended = codes(fleet_run_of(run, "abd", limits=Limits(1, 1), deadline=10.0))
    assert (set(ended.values()), run.now) == ({ExitCode.OK}, 24.0)


@pytest.mark.parametrize(
    ("number", "word", "error"),
    [
        (signal.SIGINT, "interrupted", InterruptedRun),
        (signal.SIGTERM, "terminated", TerminatedRun),
        (signal.SIGHUP, "terminated", TerminatedRun),
    ],
)
def test_after_a_signal_nothing_begins_and_those_at_work_get_it(
    run: FakeRun, number: int, word: str, error: type[InterruptedRun]
) -> None:
    run.scripts = {"a": Script(None, stopping=2.0), "b": Script(None, stopping=2.0)}
    run.arrive_at(5.0, number)
    console = FakeConsole()
    fleet_run = fleet_run_of(run, "abde", limits=Limits(2, 2), console=console)
    ended = codes(fleet_run)
    how = ExitCode.INTERRUPTED if number == signal.SIGINT else ExitCode.TERMINATED
    assert ended == {"a": how, "b": how}
    assert [worker.signals for worker in run.workers.values()] == [[number], [number]]
    assert [target.name for target in fleet_run.schedule.not_begun] == ["d", "e"]
    assert fleet_run.schedule.stopped == f"the run was {word}"
    assert console.said == [f"the run was {word}: no further database is begun, stopping 2 databases at work"]
    with pytest.raises(error) as raised:
        fleet_run.raise_for_signal("0 of 4 migrated")
    assert type(raised.value) is error
    assert raised.value.message == f"the run was {word}: 0 of 4 migrated"
    assert raised.value.hint == "run the same command again: nothing is done twice"


def test_a_second_signal_is_handed_on_too(run: FakeRun) -> None:
    run.scripts = {"a": HANGS}
    for seconds, number in ((5.0, signal.SIGTERM), (5.0, signal.SIGHUP), (15.0, signal.SIGINT)):
        run.arrive_at(seconds, number)
    fleet_run = fleet_run_of(run, "a")
    codes(fleet_run)
    # The grace begins with the first.
    assert run.workers["a"].signals == [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL]
    assert 35.0 <= run.now < 36.0
    assert fleet_run.signal == signal.SIGTERM


def test_a_target_that_a_signal_stopped_is_not_late(run: FakeRun) -> None:
    run.scripts = {"a": Script(None, stopping=20.0)}
    run.arrive_at(5.0, signal.SIGINT)
    outcome = results(fleet_run_of(run, "a", deadline=10.0))["a"]
    assert (outcome.exit, run.workers["a"].signals) == (ExitCode.INTERRUPTED, [signal.SIGINT])
    assert "deadline" not in error_of(outcome).message


def test_no_target_is_begun_after_a_signal_that_came_while_another_one_started(run: FakeRun) -> None:
    def start(name: str) -> None:
        if name == "b":
            run.arrived.append(signal.SIGTERM)

    run.on_start = start
    fleet_run = fleet_run_of(run, "abde")
    codes(fleet_run)
    assert {name: worker.signals for name, worker in run.workers.items()} == {
        "a": [signal.SIGTERM],
        "b": [signal.SIGTERM],
    }


def test_a_signal_that_comes_while_another_one_is_handed_on_is_not_lost(
    run: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.scripts = {"a": Script(None, stopping=5.0)}
    run.arrive_at(1.0, signal.SIGINT)
    console = FakeConsole()

    def say(line: str) -> None:
        if line.startswith("the run was interrupted"):
            run.arrived.append(signal.SIGTERM)

    monkeypatch.setattr(console, "say", say)
    codes(fleet_run_of(run, "a", console=console))
    assert run.workers["a"].signals == [signal.SIGINT, signal.SIGTERM]


def test_a_run_that_a_brake_had_stopped_before_the_signal_says_both(run: FakeRun) -> None:
    run.scripts = {"a": Script(1.0, outcome_of(ExitCode.UNREACHABLE)), "b": Script(None)}
    run.arrive_at(5.0, signal.SIGINT)
    limit = FailureLimit(0, None)
    fleet_run = fleet_run_of(run, "abd", limits=Limits(2, 2), stop_on=StopConditions(3, limit))
    assert codes(fleet_run) == {"a": ExitCode.UNREACHABLE, "b": ExitCode.INTERRUPTED}
    assert fleet_run.schedule.stopped == "1 database failed, and --max-failures is 0"
    with pytest.raises(InterruptedRun) as raised:
        fleet_run.raise_for_signal("0 of 3 migrated")
    assert raised.value.message == "the run was interrupted: 0 of 3 migrated"


def test_a_run_without_a_signal_is_not_interrupted(run: FakeRun) -> None:
    fleet_run = fleet_run_of(run, "a")
    codes(fleet_run)
    fleet_run.raise_for_signal("1 of 1 migrated")


def use(fleet_run: FleetRun) -> None:
    """Fail with the first target that ends, as a full disk lets a journal fail."""
    for target, _ in fleet_run.run():
        raise OSError(f"no space left for {target.name}")


def test_what_is_raised_where_the_outcomes_go_ends_those_at_work(run: FakeRun) -> None:
    run.scripts = {"b": Script(None, stopping=2.0), "d": Script(None, stopping=3.0)}
    with pytest.raises(OSError, match="left for a"):
        use(fleet_run_of(run, "abd"))
    assert_nothing_left(run)
    assert [run.workers[name].signals for name in "bd"] == [[signal.SIGTERM], [signal.SIGTERM]]
    # All were told before one was waited for.
    assert run.now < 5.0


def test_one_that_does_not_heed_that_is_killed_and_what_it_says_is_still_read(run: FakeRun) -> None:
    run.scripts = {"b": Script(None, stopping=None, says=[(5.0, Said("x", is_warning=True))])}
    console = FakeConsole()
    with pytest.raises(OSError, match="left for a"):
        use(fleet_run_of(run, "ab", console=console))
    assert_nothing_left(run)
    assert run.workers["b"].signals == [signal.SIGTERM, signal.SIGKILL]
    assert console.said == ["b: x"]
    assert 30.0 <= run.now < 33.0


def test_a_process_that_cannot_be_started_ends_those_at_work(run: FakeRun) -> None:
    def fail(name: str) -> None:
        if name == "d":
            raise OSError("no more processes")

    run.on_start = fail
    run.scripts = {"b": Script(None)}
    with pytest.raises(OSError, match="no more processes"):
        results(fleet_run_of(run, "abd"))
    assert sorted(run.workers) == ["a", "b"]
    assert_nothing_left(run)


def test_warnings_of_a_target_are_said_and_all_else_to_who_asks_for_more(run: FakeRun) -> None:
    says = [(0.5, Said("applying 001_a.sql")), (0.6, Said("warning: slow", is_warning=True))]
    run.scripts = {"a": Script(1.0, says=says)}
    console = FakeConsole()
    codes(fleet_run_of(run, "a", console=console))
    assert (console.said, console.details) == (["a: warning: slow"], ["a: applying 001_a.sql"])


def test_a_terminal_shows_the_counts_in_place_and_takes_them_away(run: FakeRun) -> None:
    run.scripts = {
        "a": Script(1.0, outcome_of(ExitCode.FAILED)),
        "b": Script(3.0, says=[(1.5, Said("applying 001_a.sql"))]),
    }
    console = FakeConsole(has_terminal=True)
    codes(fleet_run_of(run, "abd", limits=Limits(2, 2), console=console))
    assert console.in_place[0] == (
        f"[{'.' * 20}] 0 %  0 done, 2 running, 0 failed, 1 waiting; longest at work: a for 0 s; b for 0 s"
    )
    assert (
        f"[{'#' * 6}{'.' * 14}] 33 %  1 done, 2 running, 1 failed, 0 waiting;"
        " longest at work: b for 1 s; d for 0 s"
    ) in console.in_place
    assert any(line.endswith("longest at work: b for 2 s: applying 001_a.sql") for line in console.in_place)
    assert "" in console.in_place[:-1]
    assert console.in_place[-1] == ""
    assert (console.said, console.details) == ([], ["b: applying 001_a.sql"])


def test_without_a_terminal_there_is_a_line_a_minute_with_who_hangs(run: FakeRun) -> None:
    said = [Said("waiting for the lock"), Said("notice: adopted 001")]
    run.scripts = {"a": Script(150.0, says=[(1.0, each) for each in said])}
    console = FakeConsole()
    codes(fleet_run_of(run, "ab", console=console))
    # A notice is about what is done.
    assert console.said == [
        f"1 done, 1 running, 0 failed, 0 waiting; longest at work: a for {time}: waiting for the lock"
        for time in ("1 min 0 s", "2 min 0 s")
    ]
