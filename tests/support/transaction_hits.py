"""Runs the three rules about transactions together: each breach is to be a hit of one of them alone."""

from dbmate_wrap.policy.hit import BlockContext
from dbmate_wrap.policy.rules import (
    needs_no_transaction,
    one_statement_outside_transaction,
    transaction_control,
)
from dbmate_wrap.sql.parse import read_sql


def hits(sql: str, *, transactional: bool = True) -> list[tuple[str, str]]:
    """Rule and the text at the hit's place, up to its first blank."""
    context, statements = BlockContext(transactional, (None, "schema_migrations")), read_sql(sql).statements
    found = [
        *transaction_control.find(statements, context),
        *needs_no_transaction.find(statements, context),
        *one_statement_outside_transaction.find(statements, context),
    ]
    return [(hit.rule, (sql[hit.offset :].split() or [""])[0]) for hit in found]
