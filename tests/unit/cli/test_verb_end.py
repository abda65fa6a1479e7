"""Whatever a verb ends with is an exit code and an error, whose hint can be typed."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from dbmate_wrap.cli.verb_end import end_verb
from dbmate_wrap.domain.command_hint import TargetOfFleet
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ErrorReport, ExitCode, LockedError
from dbmate_wrap.process import Terminated
from dbmate_wrap.redact import Secrets
from tests.support.fleet_runs import outcome_of

TARGET = TargetOfFleet("production", "acme")
HINT = "see the state with `dbmate-wrap status{}`"


def ended(
    error: BaseException | None, folder: Path, environment: str | TargetOfFleet | None = None
) -> Outcome:
    """The outcome of a verb that raises this."""
    outcome, secrets = outcome_of(), Secrets()
    secrets.learn("hunter2-Long")

    def verb() -> None:
        if error is not None:
            raise error

    end_verb(verb, outcome, SimpleNamespace(environment=environment), folder, secrets)
    return outcome


def test_a_verb_that_returns_has_no_error(tmp_path: Path) -> None:
    outcome = ended(None, tmp_path)
    assert (outcome.exit, outcome.error) == (ExitCode.OK, None)


@pytest.mark.parametrize(
    ("environment", "named"),
    [(None, ""), ("staging", " -e staging"), (TARGET, " -e production --target acme")],
)
@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (KeyboardInterrupt(), ExitCode.INTERRUPTED, "interrupted"),
        (Terminated(), ExitCode.TERMINATED, "terminated"),
        (LockedError("locked", hint=HINT.format("")), ExitCode.LOCKED, "locked"),
    ],
)
def test_a_signal_and_an_error_have_a_code_and_a_hint_that_names_what_the_run_is_about(
    tmp_path: Path,
    error: BaseException,
    code: ExitCode,
    message: str,
    environment: str | TargetOfFleet | None,
    named: str,
) -> None:
    outcome = ended(error, tmp_path, environment)
    assert (outcome.exit, outcome.error) == (code, ErrorReport(message, HINT.format(named)))


def test_a_bug_is_1_with_a_report_in_the_project_and_no_secret(tmp_path: Path) -> None:
    outcome = ended(ValueError("with hunter2-Long in it"), tmp_path)
    assert outcome.exit is ExitCode.INTERNAL
    assert outcome.error is not None
    (report,) = (tmp_path / ".dbmate-wrap" / "reports").iterdir()
    assert str(report) in (outcome.error.hint or "")
    assert "hunter2" not in report.read_text()
