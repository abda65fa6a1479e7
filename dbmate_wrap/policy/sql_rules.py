"""Runs every SQL rule over the blocks of one migration."""

from collections.abc import Iterator
from dataclasses import dataclass

from dbmate_wrap.domain.migration import Block, ParsedMigration
from dbmate_wrap.policy.rules import (
    data_write,
    history_table,
    mixed_changes,
    ownership,
    search_path,
    session_state,
    syntax,
    transactions,
    unqualified_name,
)
from dbmate_wrap.policy.rules.hit import BlockContext, Hit
from dbmate_wrap.sql.parse import Reading, read

_RULES = (
    search_path.find,
    data_write.find,
    unqualified_name.find,
    transactions.find,
    session_state.find,
    ownership.find,
    history_table.find,
)


@dataclass(frozen=True)
class BlockHit:
    """A hit with its block; `unjudged` says that the piece was too deep for the parser, which is no fault."""

    block: Block
    hit: Hit
    unjudged: bool = False


def hits_of(migration: ParsedMigration, table: tuple[str | None, str]) -> Iterator[BlockHit]:
    """All hits of a file, in no order; `table` is (schema or None, name) of dbmate's history table."""
    ups: list[tuple[Block, Reading]] = []
    for section in migration.sections:
        up, down = read(section.up.sql), read(section.down.sql)
        ups.append((section.up, up))
        yield from _hits(section.up, up, BlockContext(section.up.transaction, table))
        yield from _hits(section.down, down, BlockContext(section.down.transaction, table))
    mixed_up = mixed_changes.find_mixed([reading.statements for _, reading in ups])
    yield from _contained(ups[0][0], (BlockHit(ups[index][0], hit) for index, hit in mixed_up))


def _hits(block: Block, reading: Reading, context: BlockContext) -> Iterator[BlockHit]:
    for found in (syntax.find(reading), *(rule(reading.statements, context) for rule in _RULES)):
        hits = (BlockHit(block, hit, unjudged=hit.message == syntax.NOT_JUDGED) for hit in found)
        yield from _contained(block, hits)


def _contained(block: Block, hits: Iterator[BlockHit]) -> Iterator[BlockHit]:
    """The hits, and one that says so where a tree is too deep for a rule."""
    try:
        yield from hits
    except RecursionError:
        yield BlockHit(block, syntax.not_judged(0), unjudged=True)
