"""Merges what the shards of a run over a fleet have written into one report."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from dbmate_wrap.domain.fleet_result import FleetResult
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ConfigError
from dbmate_wrap.fleet.merge import Merged, ShardLines, merge
from dbmate_wrap.fleet.report import report

if TYPE_CHECKING:
    from dbmate_wrap.settings.fleets import FleetSettings
    from dbmate_wrap.workspace.context import Context

_STDIN = "-"


def fleet_report(
    outcome: Outcome, files: Sequence[str], stdin: Iterable[bytes], environment: str | None
) -> None:
    """Report what is in the files, of which ``-`` is `stdin`; asks no database and reads no settings.

    The exit code is that of one run over all targets; one that no file tells of counts as not begun (34).
    `environment` is the one that was asked for, None for any.
    """
    _report(outcome, merge(_shards(files, stdin)), environment)


def fleet_report_by_inventory(
    context: "Context", outcome: Outcome, fleet: "FleetSettings", files: Sequence[str], stdin: Iterable[bytes]
) -> None:
    """Report what is in the files as above, where none may say which targets there are: the project does.

    Raises ConfigError where its list is not the one that the shards saw.
    """
    # A report that needs no project is made without what asks databases.
    from dbmate_wrap.fleet.inventory import load_inventory

    merged = merge(_shards(files, stdin))
    _report(outcome, merged.within(load_inventory(context, fleet)), fleet.environment)


def _shards(files: Sequence[str], stdin: Iterable[bytes]) -> Iterator[ShardLines]:
    for name in dict.fromkeys(files):
        yield ("stdin", stdin) if name == _STDIN else (name, _lines(name))


def _lines(path: str) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            yield from file
    except OSError as error:
        hint = "give what `dbmate-wrap fleet up --format json` wrote to stdout"
        raise ConfigError(f"cannot read {path}: {error.strerror}", hint=hint) from None


def _report(outcome: Outcome, merged: Merged, environment: str | None) -> None:
    origin = merged.origin
    outcome.environment = origin.environment
    if environment not in (None, origin.environment):
        message = f"the files are of {origin.environment}, not of {environment}"
        raise ConfigError(message, hint="leave -e out: the files say it")
    found = report(merged)
    outcome.checks = [*found.checks]
    outcome.ends = [*found.ends]
    outcome.result = FleetResult(found.summary)
    outcome.exit, outcome.error = found.exit, found.error
