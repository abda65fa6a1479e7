"""The pauses between two tries, and between two looks."""

from collections.abc import Callable, Iterator
from itertools import islice

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 10.0


def delays(retries: int, random: Callable[[], float]) -> Iterator[float]:
    """`retries` delays in seconds: doubling, and each anywhere between half of its step and the whole.

    The jitter (`random` gives 0 to 1) keeps two runs that were blocked together from meeting again. Half of
    the step stays, so that whoever holds the lock gets time to finish.
    """
    return islice(_steps(FIRST_SECONDS, LONGEST_SECONDS, random), retries)


def pauses(random: Callable[[], float]) -> Iterator[float]:
    """Pauses without end, in seconds, as `delays` has them: so many that look at one server stay apart."""
    return _steps(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, random)


def _steps(first: float, longest: float, random: Callable[[], float]) -> Iterator[float]:
    step = first
    while True:
        yield step * (0.5 + random() / 2)
        step = min(step * 2, longest)
