"""Runs, taken in turns, as the samples of a row."""

from collections.abc import Sequence

from scripts.bench.measure import Run


def milliseconds(runs: Sequence[Run]) -> list[float]:
    """The wall times."""
    return [round(run.seconds * 1000, 1) for run in runs]


def mebibytes(*kinds: Sequence[Run]) -> list[float]:
    """The highest peak of all runs: the memory that a machine must have."""
    return [round(max(run.mebibytes for runs in kinds for run in runs), 1)]


def ratios(ours: Sequence[Run], theirs: Sequence[Run]) -> list[float]:
    """Ours against theirs, of each turn: what slows the machine for a while slows both."""
    return [round(one.seconds / other.seconds, 3) for one, other in zip(ours, theirs, strict=True)]


def beyond(ours: Sequence[Run], theirs: Sequence[Run]) -> list[float]:
    """By how many milliseconds ours takes longer, of each turn."""
    pairs = zip(ours, theirs, strict=True)
    return [round((one.seconds - other.seconds) * 1000, 1) for one, other in pairs]
