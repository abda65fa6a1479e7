"""A replay in two halves at once, each on a server of its own: roles and settings belong to a server."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Event, Thread

from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.shadow.replay import ReplayPlan, ReplayResult, plan_replay, run_replay
from dbmate_wrap.shadow.scratch import ReplayTools

# A second server costs as much as some round trips, and one of those as much as to apply some files.
_FEWEST_ROUND_TRIPS = 24
_APPLIED_FOR_ONE = 5


class ReplayStopped(Exception):
    """The other half has failed, or the check was interrupted."""


@dataclass(frozen=True)
class ReplayPlans:
    """The plan of the `whole`, which says what is done, and those that are run: `first` may be None."""

    whole: ReplayPlan
    first: ReplayPlan | None
    last: ReplayPlan


@dataclass(frozen=True)
class Half:
    """One half: its plan, and the means of its server."""

    tools: ReplayTools
    plan: ReplayPlan


def is_worth_halving(due: Sequence[int]) -> bool:
    """Return True where two servers are sooner done with the round trips `due` than one.

    The server of the first half has no templates: it applies all that is before its first round trip.
    """
    return len(due) >= _FEWEST_ROUND_TRIPS and len(due) * _APPLIED_FOR_ONE >= due[0]


def plan_halves(
    migrations: Sequence[ParsedMigration],
    keys: Sequence[str],
    due: Sequence[int],
    longest_cached_prefix: Callable[[Sequence[str]], int],
    *,
    at_once: bool,
) -> ReplayPlans:
    """Return the plans of two halves; one plan for it all where they are not to run at once.

    The first half ends before the first round trip of the second, which only applies what is before it.
    """
    if not at_once:
        plan = plan_replay(migrations, keys, due, longest_cached_prefix)
        return ReplayPlans(plan, None, plan)
    middle = len(due) // 2
    end = due[middle]
    first = plan_replay(migrations[:end], keys[:end], due[:middle], lambda keys: 0)
    last = plan_replay(migrations, keys, due[middle:], longest_cached_prefix)
    return ReplayPlans(replace(last, due=tuple(due), base=due[0], start=0), first, last)


def run_halves(first: Half, second: Half) -> ReplayResult:
    """Run both, the first in a thread, and return their results as one.

    Raises what `run_replay` raises: the error of the half that meets one first, which stops the other.
    """
    stop = Event()
    results: list[ReplayResult] = []
    errors: list[Exception] = []

    def run_first() -> None:
        try:
            results.append(run_replay(_stoppable(first.tools, stop), first.plan))
        except Exception as error:  # noqa: BLE001 - raised in the other thread
            errors.append(error)
            stop.set()

    thread = Thread(target=run_first, name="first half of the replay")
    thread.start()
    try:
        last = run_replay(_stoppable(second.tools, stop), second.plan)
        thread.join()
    except Exception:
        if errors:
            raise errors[0] from None
        raise
    finally:
        # Also after a signal: nothing works on a server that is about to be removed.
        stop.set()
        thread.join()
    if errors:
        raise errors[0]
    return combine_results(results[0], last)


def combine_results(first: ReplayResult, second: ReplayResult) -> ReplayResult:
    """Return the result of the whole: all faults in order, and the schema at the end."""
    without_effect = first.without_effect + second.without_effect
    return ReplayResult(first.faults + second.faults, second.dump, without_effect)


def _stoppable(tools: ReplayTools, stop: Event) -> ReplayTools:
    def should_stop() -> bool:
        return tools.events.should_stop() or stop.is_set()

    def judged(migration: ParsedMigration) -> None:
        tools.judged(migration)
        if stop.is_set():
            raise ReplayStopped

    return replace(tools, events=replace(tools.events, should_stop=should_stop), judged=judged)
