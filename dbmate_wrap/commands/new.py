"""Creates the next migration file."""

import re
from datetime import UTC, datetime

from dbmate_wrap.domain.migration import is_sequential
from dbmate_wrap.domain.numbering import next_versions
from dbmate_wrap.domain.outcome import MigrationRow, Outcome
from dbmate_wrap.domain.results import NewResult
from dbmate_wrap.errors import UsageError
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
    now = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    [version] = next_versions(present, 1, sequential=sequential, now=now)
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
