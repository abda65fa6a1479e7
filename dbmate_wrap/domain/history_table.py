"""dbmate's history table as a database has it, and the errors for one whose rows must not be believed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dbmate_wrap.domain.count import count
from dbmate_wrap.errors import HistoryError, PreflightError, WrapError

# dbmate 2.37.0 reads the version as the digits at the beginning of a file's name, and inserts nothing else.
_ELSEWHERE = (
    'give dbmate a table of its own: migrations_table = "dbmate_migrations";'
    " to take over what has been applied, see `dbmate-wrap explain adopt`"
)
# A column that only this tool's table has.
_TOOL_OF_COLUMN = {
    "dirty": "golang-migrate",
    "inserted_at": "Ecto",
    "installed_rank": "Flyway",
    "version_num": "Alembic",
    "migration_time": "knex",
    "run_on": "node-pg-migrate",
}


@dataclass(frozen=True)
class HistoryColumn:
    """A column; `is_text`: it takes any text, `required`: an INSERT that leaves it out fails."""

    name: str
    is_text: bool
    required: bool


@dataclass(frozen=True)
class HistoryTable:
    """The table in which dbmate keeps (or would create) its history; `name` is quoted for SQL.

    `role` is the session's, quoted for SQL; it sees no row where not `readable`, and perhaps not every row
    where `hides_rows` (row level security without a policy that shows all). `beside_rails`: the schema has
    the table that Rails makes together with its own schema_migrations. `key`: the columns of its primary key.
    """

    schema: str
    table: str
    name: str
    exists: bool
    role: str = ""
    readable: bool = True
    hides_rows: bool = False
    beside_rails: bool = False
    is_view: bool = False
    key: tuple[str, ...] = ()
    columns: tuple[HistoryColumn, ...] = ()

    @property
    def place(self) -> tuple[str, str]:
        """Schema and table."""
        return self.schema, self.table

    @property
    def setting(self) -> str:
        """The table as `migrations_table` takes it."""
        return f"{self.schema}.{self.table}"


def objection_to_table(table: HistoryTable, *, reads_only: bool = False) -> WrapError | None:
    """The error for a table that is not dbmate's (13), or cannot be read whole (22); None where it can.

    `reads_only`: the hint asks for no more than a role needs that only reads it.
    """
    if not table.exists:
        return None
    if table.columns and (why := _other_shape(table.columns)):
        return HistoryError(f"{table.name} is not dbmate's: {why}", hint=_ELSEWHERE)
    if "version" in table.key and len(table.key) > 1:
        return HistoryError(
            f"{table.name} is not dbmate's: its key is {', '.join(table.key)}, so a version in it may be"
            " another project's",
            hint=_ELSEWHERE,
        )
    if table.is_view:
        return HistoryError(
            f"{table.name} is a view: whether it shows all that is applied is not known",
            hint='name the table itself, as in migrations_table = "public.schema_migrations"',
        )
    if not table.readable:
        return unreadable_error(table, reads_only=reads_only)
    if table.hides_rows:
        command = " for select" if reads_only else ""
        check = "" if reads_only else " with check (true)"
        return PreflightError(
            f"row level security hides rows of {table.name} from role {table.role}:"
            " what is applied is not known",
            hint=f"let its owner run: create policy dbmate_wrap on {table.name}{command} to {table.role}"
            f" using (true){check}; or: alter table {table.name} disable row level security",
        )
    return None


def unreadable_error(table: HistoryTable, *, reads_only: bool) -> PreflightError:
    """The error for a role that lacks a privilege, with the statements that give it."""
    rights = "select" if reads_only else "select, insert"
    return PreflightError(
        f"role {table.role} may not read {table.name}: what is applied is not known",
        hint=f"let its owner run: grant usage on schema {table.name.rpartition('.')[0]} to {table.role};"
        f" grant {rights} on {table.name} to {table.role}",
    )


def objection_to_rows(
    table: HistoryTable, applied: Sequence[str], known: Collection[str]
) -> HistoryError | None:
    """The error for rows of which dbmate wrote none, or this project none; `known` are its versions."""
    if foreign := next((version for version in applied if not version[:1].isdecimal()), None):
        return HistoryError(
            f"{table.name} is not dbmate's: it has the row '{foreign}', and dbmate's versions are numbers",
            hint=_ELSEWHERE,
        )
    if table.beside_rails and not applied:
        return HistoryError(
            f"{table.name} has no rows, and beside it is ar_internal_metadata, so it may be that of Rails",
            hint=_ELSEWHERE,
        )
    if not known or not applied or not set(applied).isdisjoint(known):
        return None
    rails = " (beside it is ar_internal_metadata, so it may be that of Rails)" if table.beside_rails else ""
    return HistoryError(
        f"the history in this database is another project's: {table.name}{rails} has"
        f" {count(len(applied), 'row')}, from {applied[0]} to {applied[-1]}, and no file here has one"
        " of these versions",
        hint="check that it is the right database and that the files are all there; if the table is that of"
        f" another tool or project, {_ELSEWHERE}",
    )


def _other_shape(columns: Sequence[HistoryColumn]) -> str | None:
    names = {column.name for column in columns}
    tool = next((f", as {tool} makes it" for name, tool in _TOOL_OF_COLUMN.items() if name in names), "")
    version = next((column for column in columns if column.name == "version"), None)
    if version is None:
        return f"it has no column version{tool}"
    if not version.is_text:
        return f"its column version takes no text{tool}"
    required = [column.name for column in columns if column.required and column.name != "version"]
    return f"dbmate leaves its column {required[0]} out, which must not be null{tool}" if required else None
