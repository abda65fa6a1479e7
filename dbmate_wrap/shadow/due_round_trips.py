"""Says which migrations get a round trip: those under review that have not passed one."""

import re
from collections.abc import Collection, Sequence

from dbmate_wrap import sql
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.migrations.parse import has_statement

# What makes an object only where it is not there; every other statement fails then.
_CONDITION = re.compile(r"\bif\s+not\s+exists\b|\bor\s+replace\b|\bdo\b", re.IGNORECASE)


def round_trips_due(
    migrations: Sequence[ParsedMigration],
    keys: Sequence[str],
    names: Collection[str],
    passed: Collection[str],
) -> tuple[int, ...]:
    """Return the indexes of the files `names` that have a key that has not `passed`.

    Only of those that have a migrate:down or may have no effect.
    """
    return tuple(
        index
        for index, migration in enumerate(migrations)
        if migration.file.name in names
        and keys[index] not in passed
        and (has_down(migration) or may_have_no_effect(migration))
    )


def has_down(migration: ParsedMigration) -> bool:
    """Return whether there is anything to undo it with."""
    return any(has_statement(section.down.sql) for section in migration.sections)


def may_have_no_effect(migration: ParsedMigration) -> bool:
    """Return whether it is there to make something, and may find that there already."""
    texts = [section.up.sql for section in migration.sections]
    return any(map(_CONDITION.search, texts)) and makes_objects(texts)


def makes_objects(texts: Sequence[str]) -> bool:
    """Return whether any of the statements makes an object; False where the parser cannot be loaded."""
    if not sql.is_available():
        return False
    from dbmate_wrap.sql import makes

    return makes.makes_objects(texts)
