"""The statements that a block executes when it is run: its own and those of its DO blocks."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.bodies import bodies
from dbmate_wrap.sql.grammar import SAFE_LENGTH
from dbmate_wrap.sql.parse import Statement

# DO in DO: each level is read once more by all the levels around it.
_DEEPEST = 8


def nested_statements(statement: Statement, *, later: bool = False) -> Iterator[Statement]:
    """Yield the statement, and for a DO block the statements of its body, also those of DO blocks in it.

    Bodies of functions run later: they are included only if `later`.
    """
    return (part for part, _ in _parts(statement, later))


def unread_offsets(statement: Statement) -> Iterator[int]:
    """Yield the offsets of code in a DO block, or a long function, that is too deep or long to be read."""
    later = len(statement.text) > SAFE_LENGTH
    for part, level in _parts(statement, later):
        if _has_body(part, later):
            if level == _DEEPEST:
                yield part.offset
            else:
                yield from (offset for body in bodies(part) for offset in body.unread)


def _parts(statement: Statement, later: bool, level: int = 0) -> Iterator[tuple[Statement, int]]:
    yield statement, level
    if level < _DEEPEST and _has_body(statement, later):
        for body in bodies(statement):
            for inside in body.statements:
                yield from _parts(inside, later, level + 1)


def _has_body(statement: Statement, later: bool) -> bool:
    tree = statement.tree
    return isinstance(tree, pb.DoStmt) or (later and isinstance(tree, pb.CreateFunctionStmt))
