"""Asks many targets, so many at once, in threads of this process."""

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from queue import SimpleQueue
from typing import TypeVar

from dbmate_wrap.fleet.turns import Limits, Turns

_Q = TypeVar("_Q")
_A = TypeVar("_A")


def ask_in_turns(
    questions: Iterable[tuple[Hashable, _Q]], ask: Callable[[_Q], _A], limits: Limits
) -> Iterator[_A]:
    """Yield the answer to each question as it comes; beside each question stands the server that is asked.

    Whatever `ask` raises is raised here.
    """
    turns = Turns(questions, limits)
    answers: SimpleQueue[tuple[Hashable, _A | None, BaseException | None]] = SimpleQueue()

    def run(server: Hashable, question: _Q) -> None:
        try:
            answers.put((server, ask(question), None))
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
            answers.put((server, None, error))

    while turns.waiting or turns.running:
        while (taken := turns.take()) is not None:
            # A thread that still waits for a silent host must not keep the process from ending.
            threading.Thread(target=run, args=taken, daemon=True).start()
        server, answer, error = answers.get()
        turns.give_back(server)
        if error is not None:
            raise error
        yield answer  # type: ignore[misc] # Without an error there is one.
