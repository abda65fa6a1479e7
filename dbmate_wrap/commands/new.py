"""Creates the next migration file."""

import re
from datetime import UTC, datetime

from dbmate_wrap.domain.migration import MigrationFile, is_sequential, is_time
from dbmate_wrap.domain.outcome import MigrationRow, Outcome
from dbmate_wrap.domain.results import NewResult
from dbmate_wrap.errors import ConfigError, UsageError
from dbmate_wrap.migrations import directory
from dbmate_wrap.workspace.context import Context

TEMPLATE = """\
-- migrate:up
-- One change of the schema: names with their schema, no rows, no search_path, no BEGIN or COMMIT.
-- `dbmate-wrap check` proves it; `dbmate-wrap explain RULE` says more.


-- migrate:down
-- What undoes it, in the opposite order; or a comment why nothing can.

"""


def new(context: Context, outcome: Outcome, name: str) -> None:
    """Write `NNN_name.sql` with empty sections; never overwrites. Raises UsageError for an empty name."""
    slug = slug_of(name)
    folder = context.environment.values.migrations_dir
    present = directory.list_migrations(folder).files if folder.exists() else ()
    sequential = is_sequential(context.environment.values.numbering, [file.version for file in present])
    version = _next_version(present, sequential=sequential)
    path = folder / f"{version}_{slug}.sql"
    directory.create_migration(path, TEMPLATE)
    outcome.migrations = [MigrationRow(version, path.name, "pending", None, None)]
    outcome.result = NewResult(context.environment.display_path(path))
    outcome.summary = outcome.result.path


def slug_of(name: str) -> str:
    """``Add orders!`` becomes ``add_orders``."""
    slug = re.sub(r"[^a-z0-9]+", "_", name.removesuffix(".sql").lower()).strip("_")
    if not slug:
        message = f"{name!r} has no letter or digit to name a file by"
        raise UsageError(message, hint="dbmate-wrap new add_orders")
    if len(slug) > 100:
        raise UsageError("the name is longer than 100 characters", hint="say what changes, in a few words")
    return slug


def _next_version(present: tuple[MigrationFile, ...], *, sequential: bool) -> str:
    now = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    if not present:
        return "001" if sequential else now
    newest = max(present, key=lambda file: int(file.version))
    following = str(int(newest.version) + 1).zfill(len(newest.version))
    by_number = sequential and not is_time(newest.version)
    # Two made in one second, or a clock that was ahead: the next number is as good as a time.
    version = following if by_number else max(now, following, key=int)
    if f"{version}_" < newest.name:
        raise ConfigError(
            f"dbmate orders by the text of the names, and {version}_ would run before {newest.name}",
            hint="begin a new migrations_dir with a migrations_table of its own:"
            " see `dbmate-wrap explain adopt`",
        )
    return version
