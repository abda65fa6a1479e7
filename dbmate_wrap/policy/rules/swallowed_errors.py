"""Rule swallowed-errors: no block goes on after any error whatever."""

from collections.abc import Iterator, Sequence

from dbmate_wrap.policy.hit import BlockContext, Hit
from dbmate_wrap.sql.bodies import bodies
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.nodes import pb
from dbmate_wrap.sql.parse import Statement

_MESSAGE = "swallows every error: WHEN OTHERS without a RAISE; its block is undone, and the rest goes on"
_HINT = "name the conditions that may be met (WHEN duplicate_object THEN ...), or end the handler with RAISE"


def find(statements: Sequence[Statement], context: BlockContext) -> Iterator[Hit]:
    """One hit per handler of PL/pgSQL for OTHERS that raises nothing, in DO blocks and functions."""
    for statement in statements:
        if (
            isinstance(statement.tree, pb.DoStmt | pb.CreateFunctionStmt)
            and "others" in statement.text.lower()
        ):
            for part in nested_statements(statement, later=True):
                for offset in (offset for body in bodies(part) for offset in body.swallows):
                    yield Hit("swallowed-errors", offset, _MESSAGE, _HINT)
