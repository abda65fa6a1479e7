"""What a role may do with the ledger, and in words why not."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LedgerUnavailable:
    """The ledger cannot be used here: a value, because everything else works without it."""

    reason: str
    hint: str | None = None


@dataclass(frozen=True)
class LedgerAccess:
    """What is there and what `role` (quoted for SQL) may do; `complete` when all tables are there.

    `identifiable` tells whether it may read the server's system identifier.
    """

    role: str
    identifiable: bool
    has_schema: bool
    may_create: bool
    may_use: bool
    complete: bool
    readable: bool
    writable: bool

    @property
    def unreadable(self) -> LedgerUnavailable | None:
        """Why nothing can be read; None when it can, or when there is nothing."""
        if self.has_schema and not (self.may_use and self.readable):
            return LedgerUnavailable(f"role {self.role} may not read the schema dbmate_wrap", self._grants())
        return None

    @property
    def obstacle(self) -> LedgerUnavailable | None:
        """Why nothing could be written; None when it can."""
        if self.complete:
            reason = f"role {self.role} may read the schema dbmate_wrap, but not write to it"
            return None if self.writable else LedgerUnavailable(reason, self._grants())
        if self.may_create:
            return None
        if self.has_schema:
            return LedgerUnavailable(
                f"role {self.role} may not create tables in the schema dbmate_wrap",
                f"let its owner run: grant usage, create on schema dbmate_wrap to {self.role}",
            )
        return LedgerUnavailable(
            f"role {self.role} may not create the schema dbmate_wrap",
            f"let the owner of the database run: create schema dbmate_wrap authorization {self.role};"
            " or set ledger = false",
        )

    def _grants(self) -> str:
        return (
            f"let its owner run: grant usage on schema dbmate_wrap to {self.role};"
            f" grant select, insert, update on all tables in schema dbmate_wrap to {self.role}"
        )
