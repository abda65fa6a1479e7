"""What one statement of a pending migration does to relations that were there before."""

from dataclasses import dataclass
from enum import StrEnum


class Work(StrEnum):
    """What a statement does to a relation that was there before."""

    DATA = "data"
    FOREIGN_KEY_CHECK = "foreign-key check"
    INDEX_BUILD = "index build"
    SCAN = "scan"
    REWRITE = "rewrite"


class LockMode(StrEnum):
    """The modes of relation locks as pg_locks names them, the weakest first."""

    ACCESS_SHARE = "AccessShareLock"
    ROW_SHARE = "RowShareLock"
    ROW_EXCLUSIVE = "RowExclusiveLock"
    SHARE_UPDATE_EXCLUSIVE = "ShareUpdateExclusiveLock"
    SHARE = "ShareLock"
    SHARE_ROW_EXCLUSIVE = "ShareRowExclusiveLock"
    EXCLUSIVE = "ExclusiveLock"
    ACCESS_EXCLUSIVE = "AccessExclusiveLock"


class Until(StrEnum):
    """When a lock is released."""

    STATEMENT = "end of statement"
    COMMIT = "commit"


@dataclass(frozen=True)
class RelationLock:
    """The strongest lock that the migration holds on a relation which the statement uses.

    `relation` is schema and name as a person reads them; `kind` is "table", "partition", "index", "view",
    "materialized view", "sequence" or "foreign table".
    """

    relation: str
    kind: str
    mode: LockMode
    until: Until


@dataclass(frozen=True)
class RelationWork:
    """Work that grows with the size of a relation."""

    relation: str
    work: Work


@dataclass(frozen=True)
class TracedStatement:
    """One statement, at `line` of `file`, and what it was seen to do; `tag` is its kind ("ALTER TABLE").

    `locks` and `works` are about relations that existed before the migration, never catalogs; `makes` are new
    ones. `waits_for_snapshots`: it is CONCURRENTLY, and waits for old transactions. `not_judged` is the
    reason where it could not be traced, or where it may do something else on other data.
    """

    version: str
    file: str
    line: int
    text: str
    tag: str
    locks: tuple[RelationLock, ...] = ()
    works: tuple[RelationWork, ...] = ()
    makes: tuple[str, ...] = ()
    waits_for_snapshots: bool = False
    not_judged: str | None = None
