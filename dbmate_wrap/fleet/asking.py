"""Asks many targets, so many at once, in threads of this process."""

import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from dbmate_wrap.fleet.turns import Limits, Turns

_Q = TypeVar("_Q")
_A = TypeVar("_A")
_LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class Asked(Generic[_Q]):
    """How many have answered, how many wait for their turn, and who is asked since when (of the clock)."""

    done: int
    waiting: int
    running: tuple[tuple[_Q, float], ...]


def ask_in_turns(
    questions: Iterable[tuple[Hashable, _Q]],
    ask: Callable[[_Q], _A],
    limits: Limits,
    watch: Callable[[Asked[_Q]], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[_A]:
    """Yield the answer to each question as it comes; beside each question stands the server that is asked.

    `watch` is called several times a second. Whatever `ask` raises is raised here.
    """
    turns = Turns(questions, limits)
    answers: SimpleQueue[tuple[int, _A | None, BaseException | None]] = SimpleQueue()
    running: dict[int, tuple[Hashable, _Q, float]] = {}
    done, looked = 0, clock()

    def run(number: int, question: _Q) -> None:
        try:
            answers.put((number, ask(question), None))
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
            answers.put((number, None, error))

    while turns.waiting or turns.running:
        while (taken := turns.take()) is not None:
            number = done + len(running)
            running[number] = (*taken, clock())
            # A thread that still waits for a silent host must not keep the process from ending.
            threading.Thread(target=run, args=(number, taken[1]), daemon=True).start()
        if watch is not None and clock() - looked >= _LOOK_SECONDS:
            watch(Asked(done, turns.waiting, tuple(each[1:] for each in running.values())))
            looked = clock()
        try:
            number, answer, error = answers.get(timeout=_LOOK_SECONDS)
        except Empty:
            continue
        turns.give_back(running.pop(number)[0])
        done += 1
        if error is not None:
            raise error
        yield answer  # type: ignore[misc] # Without an error there is one.
