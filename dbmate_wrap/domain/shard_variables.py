"""Which shard of a fleet a run is: as typed, or as the engine that started it says."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dbmate_wrap.domain.fleet import Shard
from dbmate_wrap.errors import UsageError

FORMS = "write I/N, as in 2/8, or auto, or auto/N"
_TYPED = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")
_AUTO = re.compile(r"auto(?:/([0-9]{1,6}))?")


@dataclass(frozen=True)
class _Engine:
    """The variables of one engine; `first` is its first index, `count` is None where it tells none."""

    name: str
    index: str
    first: int
    count: str | None


@dataclass(frozen=True)
class _Found:
    """What an engine says: `index` counts from 1, `count` is None where the engine does not tell it."""

    said: str
    index: int
    count: int | None


_ENGINES = (
    _Engine("Kubernetes Indexed Job", "JOB_COMPLETION_INDEX", 0, None),
    _Engine("GitLab parallel", "CI_NODE_INDEX", 1, "CI_NODE_TOTAL"),
    _Engine("GitHub matrix", "STRATEGY_JOB_INDEX", 0, "STRATEGY_JOB_TOTAL"),
    _Engine("AWS Batch", "AWS_BATCH_JOB_ARRAY_INDEX", 0, "AWS_BATCH_JOB_ARRAY_SIZE"),
    _Engine("Cloud Run", "CLOUD_RUN_TASK_INDEX", 0, "CLOUD_RUN_TASK_COUNT"),
    _Engine("GNU parallel", "PARALLEL_SEQ", 1, None),
)
_SLURM = "SLURM_ARRAY_TASK_ID"
_SLURM_REST = tuple(f"SLURM_ARRAY_TASK_{each}" for each in ("MIN", "MAX", "COUNT", "STEP"))
# All that are looked at: whoever reads the environment hands over these.
SHARD_VARIABLES: tuple[str, ...] = (
    *(each.index for each in _ENGINES),
    *(each.count for each in _ENGINES if each.count is not None),
    *(_SLURM, *_SLURM_REST),
)


def read_shard(text: str | None, variables: Mapping[str, str]) -> Shard | None:
    """Return the shard of `--shard`, None where none was asked for; `variables` has those of SHARD_VARIABLES.

    Raises UsageError: what cannot be told is never the whole fleet.
    """
    if text is None:
        return None
    if typed := _TYPED.fullmatch(text):
        return _checked(int(typed[1]), int(typed[2]), f"--shard {text}")
    auto = _AUTO.fullmatch(text)
    if auto is None:
        raise UsageError("it is no shard", hint=FORMS)
    wanted = int(auto[1]) if auto[1] else None
    if wanted == 0:
        raise UsageError("there is no part of 0 parts", hint=FORMS)
    return _agreed([*_told({name: each for name, each in variables.items() if each.strip()}, wanted)], wanted)


def _agreed(found: Sequence[_Found], wanted: int | None) -> Shard:
    if not found:
        names = ", ".join((*(each.index for each in _ENGINES), _SLURM))
        hint = "in a GitHub matrix set STRATEGY_JOB_INDEX and STRATEGY_JOB_TOTAL; or write --shard I/N"
        raise UsageError(f"no engine says which shard this is: none of {names} is set", hint=hint)
    said = " and ".join(each.said for each in found)
    if len({each.index for each in found}) > 1:
        raise UsageError(f"two engines say different shards: {said}", hint="write --shard I/N")
    counts = {each.count for each in found if each.count is not None}
    if len(counts) > 1 or (wanted is not None and counts - {wanted}):
        asked = f", and --shard says {wanted} parts" if wanted is not None else ""
        raise UsageError(f"the number of parts is not clear: {said}{asked}", hint="make them agree")
    if wanted is None and not counts:
        hint = "write --shard auto/N, with the number of parts"
        raise UsageError(f"it is not known how many parts there are: {said}", hint=hint)
    return _checked(found[0].index, wanted or counts.pop(), said)


def _checked(index: int, count: int, said: str) -> Shard:
    if not 1 <= index <= count:
        raise UsageError(f"there is no part {index} of {count} parts ({said})", hint="parts count from 1")
    return Shard(index, count)


def _told(variables: Mapping[str, str], wanted: int | None) -> Iterator[_Found]:
    for engine in _ENGINES:
        if engine.index in variables:
            index = _number(variables, engine.index)
            count = _number(variables, engine.count) if engine.count and engine.count in variables else None
            of = f" with {engine.count}={count}" if count is not None else ""
            said = f"{engine.index}={index}{of} ({engine.name}, from {engine.first})"
            yield _Found(said, index - engine.first + 1, count)
    if _SLURM in variables:
        yield _slurm(variables, wanted)


def _slurm(variables: Mapping[str, str], wanted: int | None) -> _Found:
    """Return the shard of a task of a Slurm array.

    An array that was submitted again in part tells nothing of the whole: ``--array=3`` has a COUNT of 1. So
    an array must be seen to be whole, or the number of parts be typed and the first one evident.
    """
    index = _number(variables, _SLURM)
    least, most, count, step = (
        _number(variables, name) if name in variables else None for name in _SLURM_REST
    )
    said = f"{_SLURM}={index} (Slurm, {_array(least, most, step)})"
    low, high = index if least is None else least, index if most is None else most
    if step in (1, None):
        if wanted is None and low in (0, 1) and count == high - low + 1 and count > 1:
            return _Found(said, index - low + 1, count)
        # Only an array from 0 has a 0, and only one from 1 has the number of its parts.
        if wanted is not None and ((low == 0 and high < wanted) or (low > 0 and high == wanted)):
            return _Found(said, index + 1 if low == 0 else index, None)
    parts = wanted if wanted is not None else "N"
    raise UsageError(
        f"it is not clear which part of which array this is: {said}",
        hint=f'write --shard "${_SLURM}/{parts}" for an array from 1, '
        f'--shard "$(({_SLURM} + 1))/{parts}" for one from 0',
    )


def _array(least: int | None, most: int | None, step: int | None) -> str:
    if least is None or most is None:
        return "an array of unknown bounds"
    return f"an array from {least} to {most}" + (f" by {step}" if step not in (1, None) else "")


def _number(variables: Mapping[str, str], name: str) -> int:
    text = variables[name].strip()
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise UsageError(f"{name} is set, and is no number", hint="write --shard I/N")
    return int(text)
