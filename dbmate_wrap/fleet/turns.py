"""Whose turn it is: so many at once, and so many at once on one server."""

from collections import deque
from collections.abc import Hashable, Iterable
from typing import Generic, NamedTuple, TypeVar

_T = TypeVar("_T")


class Limits(NamedTuple):
    """How many targets are at work at once: in all, and on one server."""

    jobs: int
    per_server: int


class Turns(Generic[_T]):
    """Items that wait, each for a server; `take` gives one that may begin, `give_back` ends its turn.

    Servers take turns, and the items of one server keep their order.
    """

    def __init__(self, items: Iterable[tuple[Hashable, _T]], limits: Limits) -> None:
        self._limits = limits
        self._waiting: dict[Hashable, deque[_T]] = {}
        self._at_work: dict[Hashable, int] = {}
        self.waiting = self.running = 0  # How many have not begun, and how many have begun and are not back.
        # Servers that have items waiting and room for them, in the order of their turns.
        self._free: deque[Hashable] = deque()
        for server, item in items:
            self.add(server, item)

    def add(self, server: Hashable, item: _T) -> None:
        """Let another one wait, after those that wait already."""
        queue = self._waiting.setdefault(server, deque())
        queue.append(item)
        self.waiting += 1
        if len(queue) == 1 and self._has_room(server):
            self._free.append(server)

    def take(self) -> tuple[Hashable, _T] | None:
        """Return one that may begin now, and its server; None where none may."""
        if not self._free or self.running >= self._limits.jobs:
            return None
        server = self._free.popleft()
        item = self._waiting[server].popleft()
        self._at_work[server] = self._at_work.get(server, 0) + 1
        self.waiting, self.running = self.waiting - 1, self.running + 1
        if self._waiting[server] and self._has_room(server):
            self._free.append(server)
        return server, item

    def give_back(self, server: Hashable) -> None:
        """End the turn of one item of this server."""
        had_room = self._has_room(server)
        self._at_work[server] -= 1
        self.running -= 1
        if not had_room and self._waiting.get(server):
            self._free.append(server)

    def take_away(self) -> list[_T]:
        """Return all that have not begun, and let none of them begin."""
        left = [item for queue in self._waiting.values() for item in queue]
        self.waiting = 0
        self._waiting.clear()
        self._free.clear()
        return left

    def _has_room(self, server: Hashable) -> bool:
        return self._at_work.get(server, 0) < self._limits.per_server
