"""Rules transaction-control, needs-no-transaction and one-statement-outside-transaction."""

from collections.abc import Iterator, Sequence

from postgast import pg_query_pb2 as pb

from dbmate_wrap.policy.rules.hit import BlockContext, Hit
from dbmate_wrap.sql.bodies import bodies
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.new_values import uses_of_new_values
from dbmate_wrap.sql.non_transactional import refused_in_transaction, subscription_without_slot
from dbmate_wrap.sql.parse import Statement

_COMMANDS = {
    pb.TRANS_STMT_BEGIN: "BEGIN",
    pb.TRANS_STMT_START: "START TRANSACTION",
    pb.TRANS_STMT_COMMIT: "COMMIT",
    pb.TRANS_STMT_ROLLBACK: "ROLLBACK",
    pb.TRANS_STMT_SAVEPOINT: "SAVEPOINT",
    pb.TRANS_STMT_RELEASE: "RELEASE SAVEPOINT",
    pb.TRANS_STMT_ROLLBACK_TO: "ROLLBACK TO SAVEPOINT",
    pb.TRANS_STMT_PREPARE: "PREPARE TRANSACTION",
    pb.TRANS_STMT_COMMIT_PREPARED: "COMMIT PREPARED",
    pb.TRANS_STMT_ROLLBACK_PREPARED: "ROLLBACK PREPARED",
}
_CONTROL_HINT = "remove it: dbmate wraps each block in a transaction, unless it says transaction:false"
_COMMIT_HINT = "a DO block can commit only outside a transaction: mark the block transaction:false"
_OUTSIDE_HINT = "put it alone in a migration of its own, marked -- migrate:up transaction:false"
_DO_HINT = "write it as a statement of its own, alone in a migration marked transaction:false"
_VALUE_HINT = "add the value in a migration of its own and use it in the next one"
_SINGLE_HINT = "one statement per block: put each of the others in a migration of its own"


def find(statements: Sequence[Statement], context: BlockContext) -> Iterator[Hit]:
    """Hits of the three rules, in the order of the rules."""
    yield from _control(statements, context)
    yield from _refused(statements, context)
    if context.transactional:
        for use in uses_of_new_values(statements):
            message = f"uses the enum value '{use.value}' in the transaction that adds it"
            yield Hit("needs-no-transaction", use.offset, message, _VALUE_HINT)
    elif len(statements) > 1:
        message = f"{len(statements)} statements outside a transaction run as one transaction after all"
        yield Hit("one-statement-outside-transaction", statements[1].offset, message, _SINGLE_HINT)


def _control(statements: Sequence[Statement], context: BlockContext) -> Iterator[Hit]:
    for statement in statements:
        if isinstance(statement.tree, pb.TransactionStmt):
            message = f"controls the transaction: {_COMMANDS[statement.tree.kind]}"
            yield Hit("transaction-control", statement.offset, message, _CONTROL_HINT)
        elif context.transactional and isinstance(statement.tree, pb.DoStmt):
            for offset in (offset for body in bodies(statement) for offset in body.commits):
                message = "ends the transaction inside a DO block"
                yield Hit("transaction-control", offset, message, _COMMIT_HINT)


def _refused(statements: Sequence[Statement], context: BlockContext) -> Iterator[Hit]:
    detached: set[str] = set()
    for statement in statements:
        for part in nested_statements(statement):
            in_do = part is not statement
            # A DO block is a function to the server: nothing of this kind runs in it, transaction or not.
            command = refused_in_transaction(part, detached) if in_do or context.transactional else None
            if command is not None:
                where = "in a DO block" if in_do else "inside a transaction"
                hint = _DO_HINT if in_do else _OUTSIDE_HINT
                yield Hit("needs-no-transaction", part.offset, f"{command} cannot run {where}", hint)
        if name := subscription_without_slot(statement.tree):
            detached.add(name)
