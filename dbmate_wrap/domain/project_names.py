"""The names of a project that errors give."""

from dataclasses import dataclass

from dbmate_wrap.domain.history import amend_command


@dataclass(frozen=True)
class ProjectNames:
    """The names that errors give: the migrations folder as people see it, dbmate's history table for SQL,
    the account that migrates, and the sealed files."""

    folder: str
    migrations_table: str
    account: str = "the account"
    sealed: frozenset[str] = frozenset()

    def fix(self, name: str, sqlstate: str | None = None) -> str:
        """Return what is done about a migration that fails, before it is run again."""
        if name not in self.sealed:
            return f"fix {name} and "
        # Of class 42 are errors that no row has to do with: syntax, and what is not there.
        data = "" if (sqlstate or "").startswith("42") else ", or fix the data that it met,"
        return f"fix {name} (edit it, then `{amend_command(name)}`){data} and "
