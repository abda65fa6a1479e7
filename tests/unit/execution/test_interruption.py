"""Which error ends a run after a signal, a lost connection or a lost lock, and what is written before."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from dbmate_wrap.errors import ExitCode, FailedError, LockedError, UnreachableError, WrapError
from dbmate_wrap.execution import interruption
from dbmate_wrap.execution.interruption import interruptions_as_errors
from dbmate_wrap.execution.ledger_writer import LedgerWriter
from dbmate_wrap.execution.run import AttendedRun
from dbmate_wrap.process import Terminated
from dbmate_wrap.workspace.history import History

APPLIED = History(("001",), ())


@dataclass
class Recorder:
    """An interruption that notes what is asked of it; `fails` is what writing the ledger ends with."""

    fails: WrapError | None = None
    asked: list[str] = field(default_factory=list)

    def describe(self, history: History | None) -> tuple[str, str]:
        self.asked.append("describe")
        return ("not known", "look") if history is None else (f"{len(history.applied)} applied", "go on")

    def record(self) -> None:
        self.asked.append("record")
        if self.fails is not None:
            raise self.fails


@dataclass
class Ledger:
    """A ledger that notes whether it was disabled."""

    disabled: bool = False

    def disable(self) -> None:
        self.disabled = True


def end_with(
    cause: BaseException,
    final: History | None,
    monkeypatch: pytest.MonkeyPatch,
    *,
    lost: bool = False,
    recorder: Recorder | None = None,
) -> tuple[WrapError, Ledger, Recorder, list[float | None]]:
    """The error that `cause` becomes, what was asked of ledger and verb, and the waits for the server."""
    waits: list[float | None] = []

    def read_final_state(run: AttendedRun, *, wait: float | None = None) -> History | None:
        waits.append(wait)
        return final

    monkeypatch.setattr(interruption, "read_final_state", read_final_state)
    values = SimpleNamespace(connect_timeout=3.0)
    run = SimpleNamespace(environment=SimpleNamespace(values=values), lock=SimpleNamespace(lost=lost))
    ledger, asked = Ledger(), recorder or Recorder()
    with (
        pytest.raises(WrapError) as raised,
        interruptions_as_errors(
            cast(AttendedRun, run), cast(LedgerWriter, ledger), asked.describe, asked.record
        ),
    ):
        raise cause
    return raised.value, ledger, asked, waits


@pytest.mark.parametrize(
    ("signal", "code"), [(KeyboardInterrupt(), ExitCode.INTERRUPTED), (Terminated(), ExitCode.TERMINATED)]
)
def test_a_signal_ends_with_its_code_after_state_and_ledger(
    signal: BaseException, code: ExitCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    error, ledger, asked, waits = end_with(signal, APPLIED, monkeypatch)
    assert (error.code, error.message, error.hint) == (code, "stopped: 1 applied", "go on")
    assert asked.asked == ["record", "describe"]
    assert (ledger.disabled, waits) == (False, [None])


def test_a_signal_whose_state_cannot_be_read_leaves_the_run_open_in_the_ledger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error, ledger, asked, _ = end_with(KeyboardInterrupt(), None, monkeypatch)
    assert error.message == "stopped: not known"
    assert (ledger.disabled, asked.asked) == (True, ["describe"])


def test_a_ledger_that_cannot_be_written_after_a_signal_changes_no_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = Recorder(UnreachableError("gone", kind="other"))
    error, _, asked, _ = end_with(KeyboardInterrupt(), APPLIED, monkeypatch, recorder=broken)
    assert (error.code, asked.asked) == (ExitCode.INTERRUPTED, ["record", "describe"])


def test_a_lost_connection_waits_for_a_restart_and_says_what_is_applied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cause = UnreachableError("the server went away", kind="other", sqlstate="57P01")
    error, ledger, asked, waits = end_with(cause, APPLIED, monkeypatch)
    assert isinstance(error, UnreachableError)
    assert (error.message, error.hint) == ("the server went away: 1 applied", "go on")
    assert (error.kind, error.sqlstate, str(error)) == ("other", "57P01", error.message)
    assert (asked.asked, waits, ledger.disabled) == (["describe"], [3.0], False)
    assert cause.message == "the server went away", "an error that was raised is not changed"


def test_a_lost_lock_writes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    error, ledger, asked, _ = end_with(LockedError("lost"), APPLIED, monkeypatch, lost=True)
    assert error.code is ExitCode.LOCKED
    assert "the advisory lock was lost" in error.message
    assert error.message.endswith(": 1 applied")
    assert (ledger.disabled, asked.asked) == (True, ["describe"])


@pytest.mark.parametrize("cause", [LockedError("another run"), FailedError("boo")])
def test_any_other_error_is_final_as_it_is(cause: WrapError, monkeypatch: pytest.MonkeyPatch) -> None:
    error, ledger, asked, waits = end_with(cause, APPLIED, monkeypatch)
    assert error is cause
    assert (asked.asked, waits, ledger.disabled) == ([], [], False)
