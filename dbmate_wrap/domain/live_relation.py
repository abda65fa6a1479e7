"""What a live server says about the relations that pending migrations lock, and who is in their way."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class SessionInWay:
    """A session that a migration would wait for; `pid` is 0 for a prepared transaction.

    `age` is of its transaction, in seconds; None where this account may not see it. `query` is masked, on
    one line, and empty where it is not known. `why`: ``holds AccessShareLock``, ``waits for
    AccessExclusiveLock``, ``autovacuum to prevent wraparound``, ``old snapshot``, ``open transaction``,
    ``idle in transaction``, ``prepared transaction``.
    """

    pid: int
    age: float | None
    application: str
    query: str
    why: str


@dataclass(frozen=True)
class LiveRelation:
    """A relation of the live database: an estimate of its rows (None: unknown), and its sizes in bytes.

    `reads` and `writes` are rows a second, over one second; None where there are no statistics. Of a
    partitioned table all these are sums over its partitions.
    """

    name: str
    rows: int | None
    heap: int
    indexes: int
    toast: int
    reads: float | None
    writes: float | None
    in_way: tuple[SessionInWay, ...]

    @property
    def bytes(self) -> int:
        """The size of everything that belongs to it."""
        return self.heap + self.indexes + self.toast


@dataclass(frozen=True)
class LiveFacts:
    """The relations that exist live, by their names; what is not there is not in it.

    `old_snapshots` are in the way of every statement that waits for snapshots (CONCURRENTLY), whatever its
    relation. `notes` say what could not be read, and why.
    """

    relations: Mapping[str, LiveRelation]
    long_transactions: tuple[SessionInWay, ...]
    notes: tuple[str, ...]
    old_snapshots: tuple[SessionInWay, ...] = ()


@dataclass(frozen=True)
class Took:
    """The time that a migration took in another environment.

    `bytes` is the size there, now, of the relations that it works on; None where they are not there.
    """

    environment: str
    bytes: int | None
    seconds: float


@dataclass(frozen=True)
class Durations:
    """The durations by version, and what is to be said about environments that could not be asked."""

    took: Mapping[str, tuple[Took, ...]]
    notes: tuple[str, ...]
