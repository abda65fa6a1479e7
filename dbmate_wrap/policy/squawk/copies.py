"""Makes the copy of a migration that squawk reads: transactions visible, each migrate:down blank."""

import re

from dbmate_wrap.domain.migration import Block, ParsedMigration

# The white space of dbmate's directive may span lines (migrations/parse.py); its comment ends with the line.
_DIRECTIVE = re.compile(rb"(--[\t\n\f\r ]*)(migrate:(?:up|down)[^\r\n]*)")
_VISIBLE = re.compile(rb"[^\r\n]")


def copy_for_squawk(migration: ParsedMigration) -> bytes:
    """The copy of the file, as long as the original, every statement at its place.

    `begin;` replaces the directive of a transactional migrate:up, and `commit;` that of the next
    migrate:down: `--assume-in-transaction` would be for all files of a run and for all sections of a file.
    Each migrate:down is blank: no hazard is looked for there. What stands before the first directive stays:
    only comments can, and `-- squawk-ignore-file` may be one.
    """
    blocks = b"".join(
        _opened(section.up) + _closed(section.down, section.up.transaction) for section in migration.sections
    )
    content = migration.file.content
    return content[: len(content) - len(blocks)] + blocks


def _opened(up: Block) -> bytes:
    head, directive, statements = _parts(up)
    return _blank(head) + (b"begin;" if up.transaction else b"").ljust(len(directive)) + statements


def _closed(down: Block, transaction: bool) -> bytes:
    # The semicolon first: the last statement of migrate:up may lack its own.
    head, directive, statements = _parts(down)
    return _blank(head) + (b";commit;" if transaction else b";").ljust(len(directive)) + _blank(statements)


def _parts(block: Block) -> tuple[bytes, bytes, bytes]:
    sql = block.sql.encode()
    found = _DIRECTIVE.match(sql)
    assert found is not None, "a block begins with its directive"
    return found[1], found[2], sql[found.end() :]


def _blank(text: bytes) -> bytes:
    return _VISIBLE.sub(b" ", text)
