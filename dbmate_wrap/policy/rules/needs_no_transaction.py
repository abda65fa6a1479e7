"""Rule needs-no-transaction: some statements cannot run in a transaction, or not in the one before them."""

from collections.abc import Iterator, Sequence

from dbmate_wrap.policy.hit import BlockContext, Hit
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.new_values import uses_of_new_values
from dbmate_wrap.sql.non_transactional import refused_in_transaction, subscription_without_slot
from dbmate_wrap.sql.parse import Statement

_RULE = "needs-no-transaction"
_HINT = "put it alone in a migration of its own, marked -- migrate:up transaction:false"
_DOWN_HINT = "make it the only statement of the way down, marked -- migrate:down transaction:false"
_DO_HINT = "write it as a statement of its own, alone in a migration marked transaction:false"
_VALUE_HINT = "add the value in a migration of its own and use it in the next one"


def find(statements: Sequence[Statement], context: BlockContext) -> Iterator[Hit]:
    """One hit per statement that the server refuses there, and per use of a new enum value."""
    detached: set[str] = set()
    for statement in statements:
        for part in nested_statements(statement):
            in_do = part is not statement
            # A DO block is a function to the server: nothing of this kind runs in it, transaction or not.
            command = refused_in_transaction(part, detached) if in_do or context.transactional else None
            if command is not None:
                where = "in a DO block" if in_do else "inside a transaction"
                hint = _DO_HINT if in_do else _DOWN_HINT if context.down else _HINT
                yield Hit(_RULE, part.offset, f"{command} cannot run {where}", hint)
        if name := subscription_without_slot(statement.tree):
            detached.add(name)
    if context.transactional:
        for value, offset in uses_of_new_values(statements):
            message = f"uses the enum value '{value}' in the transaction that adds it"
            yield Hit(_RULE, offset, message, _VALUE_HINT)
