"""Asks several databases at once, so that all take as long as the slowest."""

import threading
import time
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import TypeVar

from dbmate_wrap.errors import UnreachableError, WrapError

_T = TypeVar("_T")


def ask_at_once(
    questions: Mapping[str, Callable[[], _T]], *, seconds: float | None = None
) -> dict[str, _T | WrapError]:
    """Return the answer to each question, or the error that it ended with, in the order of the questions.

    Each is asked in a thread of its own, and none stops another. One that has no answer after `seconds` is
    left alone: an UnreachableError stands for it. Any error but a WrapError is raised here.
    """
    answers: SimpleQueue[tuple[str, _T | BaseException]] = SimpleQueue()

    def run(name: str, ask: Callable[[], _T]) -> None:
        try:
            answers.put((name, ask()))
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
            answers.put((name, error))

    for name, ask in questions.items():
        # A thread that still waits for a silent host must not keep the process from ending.
        threading.Thread(target=run, args=(name, ask), daemon=True).start()
    deadline = None if seconds is None else time.monotonic() + seconds
    found: dict[str, _T | WrapError] = {}
    while len(found) < len(questions):
        try:
            name, answer = answers.get(
                timeout=None if deadline is None else max(deadline - time.monotonic(), 0)
            )
        except Empty:
            break
        if isinstance(answer, BaseException) and not isinstance(answer, WrapError):
            raise answer
        found[name] = answer
    return {name: found[name] if name in found else _no_answer(seconds) for name in questions}


def _no_answer(seconds: float | None) -> UnreachableError:
    return UnreachableError(f"no answer within {seconds or 0:g} s", kind="timeout")
