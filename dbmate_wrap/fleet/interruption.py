"""The end of a run over a fleet that a signal stops before it has changed anything."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import InterruptedRun, TerminatedRun
from dbmate_wrap.fleet.journal import Journal
from dbmate_wrap.fleet.survey import Found
from dbmate_wrap.process import Terminated


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
        is_terminated = isinstance(signal, Terminated)
        why = f"the run was {'terminated' if is_terminated else 'interrupted'}"
        noted, found = {end.row.name for end in journal.ends}, {each.target.name: each for each in todo}
        for target in targets:
            if target.name not in noted:
                journal.note_not_begun(found.get(target.name) or Found(target, journal.begin()), why)
        journal.sum_up(outcome, why)
        stopped = TerminatedRun if is_terminated else InterruptedRun
        raise stopped(f"{why}: no database was changed", hint="run it again") from None
