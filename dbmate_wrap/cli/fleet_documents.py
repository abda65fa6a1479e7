"""Where the outcomes of single databases of a fleet go: a line of JSON each, or a line for each failure."""

from datetime import UTC, datetime

from dbmate_wrap.cli.options import Common
from dbmate_wrap.cli.output import begin_outcome, write_target_document
from dbmate_wrap.cli.terminal import Terminal
from dbmate_wrap.domain.fleet_result import FleetDriftResult, FleetTargetResult
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.fleet.journal import TargetDocuments
from dbmate_wrap.workspace.context import Context

# The summary groups failures: a thousand that are alike are no thousand lines before it.
_MOST_FAILURES_SAID = 20


def documents_of(whole: Outcome, context: Context, common: Common) -> TargetDocuments:
    """Return what begins the outcomes of single databases in the run `whole`, and writes them."""
    terminal = context.console
    assert isinstance(terminal, Terminal), "the commands are run by the boundary"
    said = 0

    def report(outcome: Outcome) -> None:
        nonlocal said
        if outcome.error is not None and outcome.exit is not ExitCode.AGAIN:
            said += 1
            if said <= _MOST_FAILURES_SAID:
                terminal.say(_failure_line(outcome))
            elif said == _MOST_FAILURES_SAID + 1:
                terminal.say("further failures are in the summary")
        write_target_document(outcome, common, terminal, context.secrets, datetime.now(UTC))

    return TargetDocuments(lambda: begin_outcome(whole.command), report)


def _failure_line(outcome: Outcome) -> str:
    assert isinstance(outcome.result, FleetTargetResult | FleetDriftResult)
    assert outcome.error is not None
    place = f", {outcome.error.migration}" if outcome.error.migration else ""
    message = outcome.error.message.split("\n", 1)[0]
    return f"{outcome.result.fleet_target.name}: {outcome.exit.label} ({int(outcome.exit)}){place}: {message}"
