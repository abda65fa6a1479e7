"""Has squawk look at all files at once, and finds those that it crashes on or takes too long for."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from dbmate_wrap.policy.squawk.program import Answer, Failure, attempt, seconds_for, unusable
from dbmate_wrap.policy.squawk.violations import Violation

# Bytes; smaller files are never slow: the worst of them takes a second.
_NEVER_SLOW = 20_000
# For finding the bad ones, this many times as long as one run for all may take.
_PATIENCE = 4


def lint(program: Path, copies: Mapping[str, bytes], server_major: int | None) -> Answer:
    """All that squawk says of `copies` (file name -> content; plain names that end in ``.sql``).

    Raises BinaryError when squawk cannot be started, or does not even manage an empty file.
    """
    answer = attempt(program, copies, server_major)
    if isinstance(answer, Answer):
        return answer
    probe = attempt(program, {}, server_major)
    if isinstance(probe, Failure):
        raise unusable(program, probe.reason)
    return _Search(program, server_major, time.monotonic() + _PATIENCE * seconds_for(copies)).narrowed(
        copies, answer
    )


class _Search:
    """One file spoils the whole run: parts are tried until it stands alone, but not beyond `last`."""

    def __init__(self, program: Path, server_major: int | None, last: float) -> None:
        self._program, self._major, self._last = program, server_major, last

    def narrowed(self, copies: Mapping[str, bytes], failure: Failure) -> Answer:
        """What is said of the files, and of which nothing, after a run for all of them has failed."""
        if len(copies) == 1:
            return Answer((), dict.fromkeys(copies, failure.reason))
        violations: list[Violation] = []
        failed: dict[str, str] = {}
        for names in _parts(copies, failure):
            part = {name: copies[name] for name in names}
            answer = self._answer(part, failure)
            violations += answer.violations
            failed |= answer.failed
        return Answer(tuple(violations), failed)

    def _answer(self, part: Mapping[str, bytes], failure: Failure) -> Answer:
        if time.monotonic() > self._last:
            return Answer((), dict.fromkeys(part, failure.reason))
        answer = attempt(self._program, part, self._major)
        return self.narrowed(part, answer) if isinstance(answer, Failure) else answer


def _parts(copies: Mapping[str, bytes], failure: Failure) -> Iterator[list[str]]:
    """Halves; of a run that was too slow the small files together and the others one by one."""
    small = [name for name in copies if failure.slow and len(copies[name]) < _NEVER_SLOW]
    large = [name for name in copies if failure.slow and len(copies[name]) >= _NEVER_SLOW]
    if large:
        yield from ([name] for name in large)
        yield from [small] if small else []
    else:
        names = list(copies)
        yield names[: len(names) // 2]
        yield names[len(names) // 2 :]
