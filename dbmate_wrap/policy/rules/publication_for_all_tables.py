"""Rule publication-for-all-tables: the tables of dbmate and of the ledger are not for subscribers."""

from collections.abc import Iterator, Sequence

from dbmate_wrap.policy.hit import BlockContext, Hit
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.nodes import Message, pb
from dbmate_wrap.sql.parse import Statement

_LEDGER = "dbmate_wrap"
_HINT = (
    "name the tables, or schemas (FOR TABLES IN SCHEMA, from PostgreSQL 15 on); else make dbmate's table and"
    f" the schema {_LEDGER} on every subscriber first, or keep no ledger: ledger = false"
)


def find(statements: Sequence[Statement], context: BlockContext) -> Iterator[Hit]:
    """One hit per statement that publishes every table, or the ledger's schema; in DO too."""
    for statement in statements:
        if "publication" in statement.text.lower():
            for part in nested_statements(statement):
                if (what := _published(part.tree)) is not None:
                    message = f"publishes tables that only dbmate and this tool write: {what}"
                    yield Hit("publication-for-all-tables", part.offset, message, _HINT)


def _published(tree: Message) -> str | None:
    if not isinstance(tree, pb.CreatePublicationStmt | pb.AlterPublicationStmt):
        return None
    if tree.for_all_tables:
        return "FOR ALL TABLES"
    added = isinstance(tree, pb.CreatePublicationStmt) or tree.action != pb.AP_DropObjects
    schemas = [node.publication_obj_spec.name for node in tree.pubobjects] if added else []
    return f"TABLES IN SCHEMA {_LEDGER}" if _LEDGER in schemas else None
