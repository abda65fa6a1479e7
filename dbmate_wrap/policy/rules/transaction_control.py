"""Rule transaction-control: a migration neither begins nor ends a transaction, for dbmate does."""

from collections.abc import Iterator, Sequence

from dbmate_wrap.policy.hit import BlockContext, Hit
from dbmate_wrap.sql.bodies import bodies
from dbmate_wrap.sql.nodes import pb
from dbmate_wrap.sql.parse import Statement

_RULE = "transaction-control"
_HINT = "remove it: dbmate wraps each block in a transaction, unless it says transaction:false"
_COMMIT_HINT = "a DO block can commit only outside a transaction: mark the block transaction:false"
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


def find(statements: Sequence[Statement], context: BlockContext) -> Iterator[Hit]:
    """One hit per command; in a DO block only where it runs inside a transaction."""
    for statement in statements:
        if isinstance(statement.tree, pb.TransactionStmt):
            message = f"controls the transaction: {_COMMANDS[statement.tree.kind]}"
            yield Hit(_RULE, statement.offset, message, _HINT)
        elif context.transactional and isinstance(statement.tree, pb.DoStmt):
            for offset in (offset for body in bodies(statement) for offset in body.commits):
                yield Hit(_RULE, offset, "ends the transaction inside a DO block", _COMMIT_HINT)
