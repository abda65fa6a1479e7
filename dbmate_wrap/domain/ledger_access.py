"""The privileges of a role on the ledger, and the reason where they do not suffice."""

from dataclasses import dataclass

_TABLES = ("format", "run", "ledger", "stamp")


@dataclass(frozen=True)
class LedgerUnavailable:
    """The ledger cannot be used here: a value, because everything else works without it."""

    reason: str
    hint: str | None = None


@dataclass(frozen=True)
class LedgerAccess:
    """The privileges of `role` (quoted for SQL) on the ledger; `complete` when all its tables are there.

    `publications` names those that publish every table of its schema, also one that is made later.

    `hides_rows`: row level security may hide some from it. `identifiable`: it may read the server's system
    identifier. `names_history`: a run can say which history table it is about; a ledger of format 1 cannot.
    `keeps_text`: a line can have the text that ran; format 3.
    """

    role: str
    publications: str | None
    identifiable: bool
    has_schema: bool
    may_create: bool
    may_use: bool
    complete: bool
    readable: bool
    hides_rows: bool
    writable: bool
    names_history: bool
    keeps_text: bool

    @property
    def unreadable(self) -> LedgerUnavailable | None:
        """The reason why nothing can be read; None when it can, or when there is nothing."""
        if self.has_schema and not (self.may_use and self.readable):
            return LedgerUnavailable(f"role {self.role} may not read the schema dbmate_wrap", self._grants())
        if self.hides_rows:
            return LedgerUnavailable(
                f"row level security hides rows of the schema dbmate_wrap from role {self.role}",
                "let its owner run: "
                + "; ".join(
                    f"alter table dbmate_wrap.{table} disable row level security" for table in _TABLES
                ),
            )
        return None

    @property
    def obstacle(self) -> LedgerUnavailable | None:
        """The reason why nothing can be written; None when it can."""
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

    @property
    def publication_warning(self) -> tuple[str, str] | None:
        """The message and the hint where the next run makes tables that are published at once."""
        if self.complete or self.publications is None:
            return None
        return (
            "the tables of the schema dbmate_wrap are published as soon as they are made"
            f" ({self.publications}: FOR ALL TABLES, or IN SCHEMA); a subscriber that lacks them"
            " stops replicating, and this server keeps its WAL",
            "make the schema dbmate_wrap and its tables on the subscribers first (pg_dump --schema-only"
            " --schema=dbmate_wrap of a database that has them), or set ledger = false",
        )

    def _grants(self) -> str:
        create = "" if self.complete else ", create"
        return (
            f"let its owner run: grant usage{create} on schema dbmate_wrap to {self.role};"
            f" grant select, insert, update on all tables in schema dbmate_wrap to {self.role}"
        )
