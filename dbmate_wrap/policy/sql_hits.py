"""Runs every SQL rule over the blocks of one migration."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from dbmate_wrap.domain.migration import Block, ParsedMigration
from dbmate_wrap.migrations.phase import waits_for_rollout
from dbmate_wrap.policy.hit import BlockContext, Hit
from dbmate_wrap.policy.rules import (
    data_write,
    database_name,
    drops_before_rollout,
    history_table,
    invisible_character,
    literal_password,
    mixed_changes,
    needs_no_transaction,
    one_statement_outside_transaction,
    ownership,
    psql_command,
    publication_for_all_tables,
    search_path,
    session_state,
    swallowed_errors,
    syntax_error,
    transaction_control,
    unqualified_name,
)
from dbmate_wrap.policy.rules.drops_before_rollout import MadeObjects
from dbmate_wrap.sql.parse import Reading, Statement, read_sql

_RULES = (
    search_path.find,
    data_write.find,
    unqualified_name.find,
    transaction_control.find,
    needs_no_transaction.find,
    one_statement_outside_transaction.find,
    session_state.find,
    ownership.find,
    history_table.find,
    literal_password.find,
)
# These can find nothing in a text without their word, and most texts are without.
_RULES_BY_WORD = {
    "others": swallowed_errors.find,
    "publication": publication_for_all_tables.find,
    "database": database_name.find,
}


def find_hits(
    migration: ParsedMigration, table: tuple[str | None, str], earlier: MadeObjects, made: MadeObjects
) -> Iterator[tuple[Block, Hit]]:
    """All hits of a file, in no order; `table` is (schema or None, name) of dbmate's history table.

    `earlier` has what the migrations before it made; what this one makes is added to `made`.
    """
    ups: list[Block] = []
    texts: list[tuple[str, Sequence[Statement]]] = []
    for section in migration.sections:
        up, down, text = read_sql(section.up.sql), read_sql(section.down.sql), section.up.sql.lower()
        ups.append(section.up)
        texts.append((text, up.statements))
        yield from _hits(section.up, text, up, BlockContext(section.up.transaction, table))
        of_down = BlockContext(section.down.transaction, table, down=True)
        yield from _hits(section.down, section.down.sql.lower(), down, of_down)
    mixed = mixed_changes.find([statements for _, statements in texts])
    yield from _until_too_deep(ups[0], ((ups[index], hit) for index, hit in mixed))
    if not waits_for_rollout(migration.file):
        taken = drops_before_rollout.find(texts, earlier)
        yield from _until_too_deep(ups[0], ((ups[index], hit) for index, hit in taken))
    with suppress(RecursionError):  # That it is too deep was said above.
        for text, statements in texts:
            made.add(text, statements)


def _hits(block: Block, text: str, reading: Reading, context: BlockContext) -> Iterator[tuple[Block, Hit]]:
    """Yield the hits of a block; `text` is its SQL in lower case."""
    found: Iterable[Hit]
    for found in (
        syntax_error.find(reading),
        psql_command.find(reading),
        invisible_character.find(block.sql),
        *(find(reading.statements, context) for find in _RULES),
        *(find(reading.statements, context) for word, find in _RULES_BY_WORD.items() if word in text),
    ):
        yield from _until_too_deep(block, ((block, hit) for hit in found))


def _until_too_deep(block: Block, hits: Iterator[tuple[Block, Hit]]) -> Iterator[tuple[Block, Hit]]:
    """The hits, and a notice where a tree is too deep for a rule."""
    try:
        yield from hits
    except RecursionError:
        yield block, syntax_error.not_checked(0)
