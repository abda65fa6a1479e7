"""The end of a run over a fleet that a signal stops: its words, and the sum of what it has found."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.domain.fleet_summary import RUN_AGAIN
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import InterruptedRun, TerminatedRun, WrapError
from dbmate_wrap.fleet.journal import Journal
from dbmate_wrap.fleet.survey import Found
from dbmate_wrap.process import Terminated


def stop_reason(*, is_interrupt: bool) -> str:
    """Return why nothing more is begun after a signal, that of Ctrl-C or another."""
    return f"the run was {'interrupted' if is_interrupt else 'terminated'}"


def stopped_run(done: str, *, is_interrupt: bool) -> WrapError:
    """Return the error of a run that a signal stopped (130, 143); `done` is what it has done."""
    error = InterruptedRun if is_interrupt else TerminatedRun
    return error(f"{stop_reason(is_interrupt=is_interrupt)}: {done}", hint=RUN_AGAIN)


@contextmanager
def summed_up_when_stopped(
    journal: Journal, targets: Sequence[FleetTarget], todo: Iterable[Found], outcome: Outcome
) -> Iterator[None]:
    """Sum up where a signal arrives inside the block, which changes nothing.

    Then it raises InterruptedRun (130) or TerminatedRun (143). What was not noted of `targets` is not begun;
    `todo` are those that the block has found, and that wait.
    """
    try:
        yield
    except (KeyboardInterrupt, Terminated) as signal:
        is_interrupt = isinstance(signal, KeyboardInterrupt)
        why = stop_reason(is_interrupt=is_interrupt)
        noted, found = {end.row.name for end in journal.ends}, {each.target.name: each for each in todo}
        for target in targets:
            if target.name not in noted:
                journal.note_not_begun(found.get(target.name) or Found(target, journal.begin()), why)
        journal.sum_up(outcome, why)
        raise stopped_run("no database was changed", is_interrupt=is_interrupt) from None
