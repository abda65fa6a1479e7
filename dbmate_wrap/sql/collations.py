"""Tells whether a text names or makes collations of ICU, which not every server has."""

from collections.abc import Iterable

from dbmate_wrap.sql.nodes import Message, pb
from dbmate_wrap.sql.parse import read_sql

_ICU = "icu"


def uses_icu(text: str) -> bool:
    """Return whether a statement of the text has a collation of ICU; bodies are not looked into."""
    if _ICU not in text.lower():
        return False
    statements = read_sql(text, skip_long=True).statements
    return any(_has_icu(each.walk()) for each in statements if _ICU in each.text.lower())


def _has_icu(nodes: Iterable[Message]) -> bool:
    for node in nodes:
        if isinstance(node, pb.CollateClause) and node.collname[-1].string.sval.endswith("-x-icu"):
            return True
        if isinstance(node, pb.DefineStmt) and node.kind == pb.OBJECT_COLLATION and _ICU in str(node).lower():
            return True
    return False
