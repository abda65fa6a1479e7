"""The names of a project that errors give."""

from dataclasses import dataclass

from dbmate_wrap.domain.history import amend_command

# No database has a migration with one.
_SYNTAX_ERROR = "42601"


@dataclass(frozen=True)
class ProjectNames:
    """The names that errors give: the migrations folder as people see it, dbmate's history table for SQL,
    the account that migrates, and the sealed files. `one_of_many`: the database is one of a fleet's.
    """

    folder: str
    migrations_table: str
    account: str = "the account"
    sealed: frozenset[str] = frozenset()
    one_of_many: bool = False

    def fix(self, name: str, sqlstate: str | None = None) -> str:
        """Return what is done about a migration that fails, before it is run again."""
        if name not in self.sealed:
            return f"fix {name} and "
        amended = f"(edit it, then `{amend_command(name)}`)"
        if self.one_of_many and sqlstate != _SYNTAX_ERROR:
            # Where others have applied it, a changed file would be refused for all of them.
            elsewhere = f"or, where no other database has {name}, fix it {amended}"
            return f"mend what is in its way here; {elsewhere}; then "
        # Of class 42 are errors that no row has to do with: syntax, and what is not there.
        data = "" if (sqlstate or "").startswith("42") else ", or fix the data that it met,"
        return f"fix {name} {amended}{data} and "
