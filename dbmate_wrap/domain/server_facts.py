"""The facts about a server before a migration, part by part."""

from dataclasses import dataclass
from typing import Literal

from dbmate_wrap.domain.ownership import NotOwned
from dbmate_wrap.domain.session_limit import SessionLimit


@dataclass(frozen=True)
class Unavailable:
    """A part that the server did not give, and the reason."""

    reason: str


@dataclass(frozen=True)
class ServerMode:
    """`backend_pid` is the process that answered; `read_only_source` is where the default was set to on."""

    backend_pid: int
    user: str
    database: str
    in_recovery: bool
    read_only: bool
    read_only_source: str | None


@dataclass(frozen=True)
class Privileges:
    """`closed_schemas` are those of the wanted that exist and in which nothing may be created;
    `history_schema_open` is None where there is no such schema; `not_owned` are the relations that pending
    migrations change and this account may not; `history_owner` is None where there is no history table."""

    create_schema: bool
    has_current_schema: bool
    closed_schemas: tuple[str, ...]
    history_schema_exists: bool
    history_schema_open: bool | None
    history_missing: tuple[str, ...]
    not_owned: tuple[NotOwned, ...] = ()
    history_owner: str | None = None


@dataclass(frozen=True)
class Migrating:
    """A session that runs migrations; `how` is the sign by which it was recognised."""

    pid: int
    application: str
    user: str | None
    how: Literal["wrapped", "lock", "history", "query"]


@dataclass(frozen=True)
class Transaction:
    """An open transaction of somebody else; `idle` when nothing runs in it, `age` in seconds.

    `query` is its last one, masked.
    """

    pid: int
    application: str
    user: str
    idle: bool
    age: float
    query: str = ""

    @property
    def label(self) -> str:
        """``pid 7 'psql' of alice (idle in transaction, 12 min)``."""
        name = f" {self.application!r}" if self.application else ""
        idle = "idle in transaction, " if self.idle else ""
        return f"pid {self.pid}{name} of {self.user} ({idle}{format_rounded(self.age)})"


@dataclass(frozen=True)
class Transactions:
    """The first 20, and the number of sessions that this account may not look into."""

    transactions: tuple[Transaction, ...]
    hidden: int


@dataclass(frozen=True)
class Prepared:
    """A prepared transaction; `name` is a quoted literal, `age` in seconds."""

    name: str
    user: str
    age: float


@dataclass(frozen=True)
class Slots:
    """Connections still free for this account; None where nothing limits them."""

    server: int
    role: int | None
    database: int | None

    @property
    def left(self) -> int:
        """The least of them."""
        return min(limit for limit in (self.server, self.role, self.database) if limit is not None)


@dataclass(frozen=True)
class Lag:
    """A standby or slot, and how far behind it is."""

    name: str
    bytes: int
    seconds: float = 0.0


@dataclass(frozen=True)
class Replication:
    """Standbys that lag, slots that nobody reads, and how many standbys this account may not look into."""

    lagging: tuple[Lag, ...]
    inactive: tuple[Lag, ...]
    hidden: int


@dataclass(frozen=True)
class InvalidIndex:
    """An index that is unusable and that nobody is building; `visible` when its name needs no schema."""

    schema: str
    name: str
    quoted: str
    visible: bool


@dataclass(frozen=True)
class PendingDetach:
    """A partition (its quoted name) that is marked as detached and not yet off; `finish` is the statement."""

    name: str
    finish: str


@dataclass(frozen=True)
class ServerFacts:
    """All facts about the server; a part that it did not give is Unavailable."""

    server: ServerMode | Unavailable
    privileges: Privileges | Unavailable
    migrations: tuple[Migrating, ...] | Unavailable
    transactions: Transactions | Unavailable
    prepared: tuple[Prepared, ...] | Unavailable
    invalid_indexes: tuple[InvalidIndex, ...] | Unavailable
    detaching: tuple[PendingDetach, ...] | Unavailable
    missing_extensions: tuple[str, ...] | Unavailable
    untrusted_extensions: tuple[str, ...] | Unavailable
    slots: Slots | Unavailable
    replication: Replication | Unavailable
    limits: tuple[SessionLimit, ...] | Unavailable


def format_rounded(seconds: float) -> str:
    """``45 s``, ``12 min`` or ``3 h``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
