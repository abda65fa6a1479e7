"""Finds the migrations that must run in a dbmate process of their own: they change the server session."""

import re
from collections.abc import Sequence

from dbmate_wrap import sql
from dbmate_wrap.domain.migration import Block, ParsedMigration

# dbmate runs all files of one process in one server session (docs/architecture.md). This lets through
# more than what changes the session, so that the SQL parser is loaded and run only for files which may. Every
# statement that `sql.effects` looks for needs one of these words.
_SUSPICIOUS = re.compile(
    r"\b(?:set|reset|discard|load|listen|unlisten|prepare|deallocate|declare|temp|temporary|do"
    r"|begin|start|commit|end|rollback|savepoint|release|abort)\b"
    # U&"..." can spell any of these names in code points.
    r'|set_config|setseed|set_limit|pg_temp|advisory_|dblink_|replication_origin|u&"',
    re.IGNORECASE,
)
_TRANSACTION_WORDS = re.compile(r"\b(?:commit|end|rollback|abort|prepare)\b", re.IGNORECASE)


def batches(migrations: Sequence[ParsedMigration]) -> tuple[tuple[ParsedMigration, ...], ...]:
    """Return the migrations in order; each that changes session state or is no transaction is alone.

    Of the latter it must be told what it left behind, whatever ran before and after it.
    """
    result: list[list[ParsedMigration]] = []
    open_batch = False
    for migration in migrations:
        alone = not migration.transactional or changes_session(migration)
        if alone or not open_batch:
            result.append([])
        result[-1].append(migration)
        open_batch = not alone
    return tuple(tuple(batch) for batch in result)


def may_commit(block: Block, *, syntax_error: bool) -> bool:
    """Return whether a block that dbmate runs in a transaction may end it; a failure then leaves something.

    `syntax_error` says that the server refused the text: it parses all of a block before it runs any of it.
    """
    if not _TRANSACTION_WORDS.search(block.sql):
        return False
    if not sql.is_available():
        return True
    from dbmate_wrap.sql.effects import controls_transaction

    controls = controls_transaction(block.sql)
    return not syntax_error if controls is None else controls


def may_be_done_twice(migration: ParsedMigration) -> bool:
    """Return whether a second run, where the first was not recorded, would repeat its work without an error.

    What makes objects says that they exist already; what writes rows does not.
    """
    if migration.transactional:
        return False
    if not sql.is_available():
        return True
    from dbmate_wrap.sql.effects import writes_rows

    return any(writes_rows(section.up.sql) for section in migration.sections)


def changes_session(migration: ParsedMigration) -> bool:
    """Return whether what its way up does may outlive it in the server session."""
    texts = [section.up.sql for section in migration.sections]
    if not any(_SUSPICIOUS.search(text) for text in texts):
        return False
    if not sql.is_available():
        return True  # Alone is slower and always right.
    from dbmate_wrap.sql.effects import leaves_session_state

    return any(leaves_session_state(text) for text in texts)
