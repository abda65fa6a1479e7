"""The pauses between two tries."""

from collections.abc import Callable, Iterator

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0


def delays(retries: int, random: Callable[[], float]) -> Iterator[float]:
    """`retries` delays in seconds: doubling, and each anywhere between half of its step and the whole.

    The jitter (`random` gives 0 to 1) keeps two runs that were blocked together from meeting again. Half of
    the step stays, so that whoever holds the lock gets time to finish.
    """
    step = FIRST_SECONDS
    for _ in range(retries):
        yield step * (0.5 + random() / 2)
        step = min(step * 2, LONGEST_SECONDS)
