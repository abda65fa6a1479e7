"""What the process of one target sends: masked lines, and the outcome of its verb at the end."""

import gc
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

import pytest

from dbmate_wrap import settings
from dbmate_wrap.cli.fleet_worker import Fork
from dbmate_wrap.domain.command_hint import TargetOfFleet
from dbmate_wrap.domain.database_url import DatabaseUrl, parse
from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.domain.outcome import MigrationRow, Outcome
from dbmate_wrap.errors import ErrorReport, ExitCode, FailedError
from dbmate_wrap.fleet.messages import Done, Said
from dbmate_wrap.process.workers import Workers
from dbmate_wrap.workspace.context import Context
from tests.support.fleet_runs import context_of
from tests.support.settings_files import empty_project, write

PASSWORD = "hunter2-Long"
ACME = FleetTarget("acme", "db_acme")
URL = parse(f"postgres://app:{PASSWORD}@db.example.com/db_acme", os_user="app")
PLACE = TargetOfFleet("staging", "acme")


class KeptMessages:
    """The sending end of a pipe that keeps what is sent; `on_send` happens in the middle of it."""

    def __init__(self, on_send: Callable[[], None] = lambda: None) -> None:
        self.sent: list[object] = []
        self._on_send = on_send
        self._is_sending = False

    def send(self, message: object) -> None:
        assert not self._is_sending, "two at once"
        self._is_sending = True
        try:
            self._on_send()
            self.sent.append(message)
        finally:
            self._is_sending = False


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """The context of a run over the fleet."""
    root = empty_project(tmp_path, monkeypatch)
    write(root, {"dbmate-wrap.toml": "[environments.staging]\n"})
    monkeypatch.setattr(sys, "argv", ["dbmate-wrap", "fleet", "up"])
    monkeypatch.setattr(gc, "disable", lambda: None)
    return context_of(settings.load(environment="staging"))


# Pickled by its name, as each verb of a fleet is: so what it does stands here.
_verb: list[Callable[[Context, Outcome], None]] = []


def verb(context: Context, outcome: Outcome, url: DatabaseUrl, request: str) -> None:
    """Do what the test wants."""
    assert (url, request) == (URL, "a request")
    _verb[0](context, outcome)


def run(
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    what: Callable[[Context, Outcome], None],
    messages: KeptMessages | None = None,
    *,
    verbose: bool = False,
) -> list[object]:
    """Everything that the process of the target sends, had it been one."""
    kept = messages or KeptMessages()

    def start(workers: Workers, work: Callable[[Connection, object], None], argument: object) -> None:
        work(cast(Connection, kept), argument)

    monkeypatch.setattr(Workers, "start", start)
    _verb[:] = [what]
    Fork(verb, verbose=verbose).share(context, "a request").start(ACME, URL, PLACE)
    return kept.sent


def outcome_in(sent: list[object]) -> Outcome:
    """The last message."""
    assert isinstance(sent[-1], Done)
    return sent[-1].outcome


def test_the_verb_runs_in_the_context_of_its_target(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Context] = []

    def look(target: Context, outcome: Outcome) -> None:
        seen.append(target)
        outcome.summary = "done"

    outcome = outcome_in(run(context, monkeypatch, look))
    (found,) = seen
    assert (found.environment.name, found.environment.target) == ("staging", ACME)
    assert found.project.root == context.project.root
    assert (found.scripts_dir, found.search_path) == (context.scripts_dir, context.search_path)
    assert (outcome.command, outcome.environment, outcome.summary) == ("fleet up", "staging", "done")
    assert (outcome.exit, outcome.error) == (ExitCode.OK, None)
    # Its sessions and its ledger have an id of their own.
    assert found.invocation.run_id == outcome.run_id != context.invocation.run_id


def test_rows_that_say_that_all_is_well_stay_there(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    states = ("applied", "applied (former text)", "edited", "applied", "pending")

    def fill(target: Context, outcome: Outcome) -> None:
        outcome.applied = ["004"]
        outcome.migrations = [
            MigrationRow(f"{number:03}", None, state, None, None) for number, state in enumerate(states, 1)
        ]

    told = outcome_in(run(context, monkeypatch, fill)).migrations
    assert [(row.version, row.state) for row in told] == [
        ("003", "edited"),
        ("004", "applied"),
        ("005", "pending"),
    ]


@pytest.mark.parametrize("verbose", [True, False])
def test_what_it_says_is_sent_masked_and_printable(
    context: Context, monkeypatch: pytest.MonkeyPatch, verbose: bool
) -> None:
    def talk(target: Context, outcome: Outcome) -> None:
        target.console.say(f"applying with {PASSWORD}")
        target.console.say(f"warning: {PASSWORD}\x1b[31m")
        target.console.detail(f"URL {PASSWORD}")
        target.console.show("a result")
        assert target.console.replace_line is None
        assert not target.console.can_ask

    sent = run(context, monkeypatch, talk, verbose=verbose)
    details = [Said("URL ***"), Said("a result")] if verbose else []
    assert sent[:-1] == [Said("applying with ***"), Said("warning: ***\\x1b[31m", is_warning=True), *details]


def test_what_was_confirmed_for_the_fleet_is_the_answer_to_every_question(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(target: Context, outcome: Outcome) -> None:
        outcome.summary = target.console.ask("type its name")

    assert outcome_in(run(context, monkeypatch, ask)).summary == "staging"


def test_an_error_is_masked_and_its_hint_names_the_target(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(target: Context, outcome: Outcome) -> None:
        raise FailedError(f"no {PASSWORD}", hint="run `dbmate-wrap status`", sqlstate="23505")

    outcome = outcome_in(run(context, monkeypatch, fail))
    assert outcome.exit is ExitCode.FAILED
    assert outcome.error == ErrorReport(
        "no ***", "run `dbmate-wrap status -e staging --target acme`", "23505"
    )


def test_a_bug_ends_one_target_and_is_written_down_without_a_secret(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(target: Context, outcome: Outcome) -> None:
        raise ValueError(PASSWORD)

    outcome = outcome_in(run(context, monkeypatch, fail))
    assert outcome.exit is ExitCode.INTERNAL
    assert outcome.error is not None
    assert outcome.error.message == "internal error: ValueError: ***"
    (report,) = (context.project.root / ".dbmate-wrap" / "reports").iterdir()
    assert PASSWORD not in report.read_text()


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)],
)
def test_a_signal_is_the_end_of_the_verb_and_a_last_word(
    context: Context, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: ExitCode
) -> None:
    def stop(target: Context, outcome: Outcome) -> None:
        signal.raise_signal(number)

    assert outcome_in(run(context, monkeypatch, stop)).exit is code


def test_a_signal_in_the_middle_of_a_message_comes_after_it(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [signal.SIGTERM]

    def talk(target: Context, outcome: Outcome) -> None:
        target.console.say("whole")
        pytest.fail("the verb was to end")

    messages = KeptMessages(lambda: signal.raise_signal(numbers.pop()) if numbers else None)
    sent = run(context, monkeypatch, talk, messages)
    assert sent[:-1] == [Said("whole")]
    assert outcome_in(sent).exit is ExitCode.TERMINATED


def test_a_signal_after_the_verb_does_not_keep_its_outcome_from_being_told(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = KeptMessages(lambda: signal.raise_signal(signal.SIGTERM))
    assert outcome_in(run(context, monkeypatch, lambda target, outcome: None, messages)).exit is ExitCode.OK


def test_a_run_that_is_gone_does_not_disturb_the_verb(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def talk(target: Context, outcome: Outcome) -> None:
        target.console.say("stopping dbmate")
        done.append("stopped")

    def fail() -> None:
        raise BrokenPipeError

    assert run(context, monkeypatch, talk, KeptMessages(fail)) == []
    assert done == ["stopped"]
    assert not (context.project.root / ".dbmate-wrap").exists()


def test_several_threads_send_one_message_at_a_time(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = threading.Barrier(4, timeout=30)

    def talk(target: Context, outcome: Outcome) -> None:
        def say() -> None:
            at_once.wait()
            for number in range(20):
                target.console.say(str(number))

        threads = [threading.Thread(target=say) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    # Lets another thread run in the middle of each.
    sent = run(context, monkeypatch, talk, KeptMessages(_let_others_run))
    assert len(sent) == 81


def _let_others_run() -> None:
    threading.Event().wait(0.0001)


def test_what_starts_the_processes_shows_no_secret(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGING_DATABASE_URL", f"postgres://app:{PASSWORD}@db.example.com/crm")
    project = settings.load(environment="staging")
    shared = Fork(verb, verbose=False).share(replace(context, project=project), "a request")
    assert PASSWORD.encode() in shared.shared
    assert PASSWORD not in repr(shared)
