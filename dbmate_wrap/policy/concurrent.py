"""Recognises statements that are CONCURRENTLY: they wait for old transactions and block nobody meanwhile."""

from collections.abc import Sequence

from dbmate_wrap import sql
from dbmate_wrap.domain.migration import Block
from dbmate_wrap.domain.sql_lexer import tokens
from dbmate_wrap.migrations.parse import has_statement

_WORD = "concurrently"
# Not REFRESH MATERIALIZED VIEW: it waits for no old snapshot, and keeps writers of the view out.
_COMMANDS = frozenset({"create", "drop", "reindex", "alter"})


def all_concurrent(blocks: Sequence[Block]) -> bool:
    """Return True where each block that has a statement is one concurrent statement outside a transaction.

    False where one of them is anything else: that may keep everybody else waiting.
    """
    working = [block for block in blocks if has_statement(block.sql)]
    return bool(working) and all(map(_is_one_concurrent, working))


def _is_one_concurrent(block: Block) -> bool:
    if block.transaction or _WORD not in block.sql.lower():
        return False
    known = None
    if sql.is_available():
        from dbmate_wrap.sql.effects import is_one_concurrent

        known = is_one_concurrent(block.sql)
    return _looks_concurrent(block.sql) if known is None else known


def _looks_concurrent(text: str) -> bool:
    """The same by the words alone, for want of a parser or of what it understands."""
    words = [token for token in tokens(text) if token.kind != "string"]
    while words and words[-1].text == ";":
        words.pop()
    if not words or words[0].text not in _COMMANDS or any(word.text == ";" for word in words):
        return False
    return any(word.text == _WORD for word in words)
