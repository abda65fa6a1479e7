"""Rule history-table: only dbmate and dbmate-wrap create, change or write their own tables."""

from collections.abc import Iterator, Sequence

from dbmate_wrap.policy.hit import BlockContext, Hit
from dbmate_wrap.sql.named import Named
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.nodes import Message, pb
from dbmate_wrap.sql.objects import objects, offset_of
from dbmate_wrap.sql.parse import Statement

_LEDGER = "dbmate_wrap"  # The schema of the ledger: see docs/formats.md.
_HINT = "remove it: dbmate and dbmate-wrap keep their tables themselves"
_WRITES = (pb.InsertStmt, pb.UpdateStmt, pb.DeleteStmt, pb.MergeStmt)
# Their queries only read, however deep; what they write is looked for by itself.
_READERS = (*_WRITES, pb.SelectStmt, pb.ExplainStmt, pb.DeclareCursorStmt, pb.VariableShowStmt)


def find(statements: Sequence[Statement], context: BlockContext) -> Iterator[Hit]:
    """One hit per statement that does more than read the history table or the ledger; in DO too."""
    table = context.history_table[1].lower()
    for statement in statements:
        # Both names are rare: most statements need no closer look.
        text = statement.text.lower()
        if table in text or _LEDGER in text:
            for part in nested_statements(statement):
                yield from _hits(part, context)


def _hits(statement: Statement, context: BlockContext) -> Iterator[Hit]:
    for named in objects(statement):
        if _is_history(named, context) and not _is_read(named, statement):
            message = f"touches {named.full}, where the history of migrations is kept"
            yield Hit("history-table", offset_of(named, statement), message, _HINT)
            return
    if _LEDGER in _schemas(statement.tree):
        message = f"touches schema {_LEDGER}, where the ledger of migrations is kept"
        yield Hit("history-table", statement.offset, message, _HINT)


def _is_history(named: Named, context: BlockContext) -> bool:
    if named.schema == _LEDGER:
        return True
    schema, table = context.history_table
    # Without a schema dbmate takes the first of the search path; elsewhere it is another tool's history.
    same_schema = named.schema in ("", schema or "public")
    return named.key[0] == "relation" and named.name == table and same_schema


def _is_read(named: Named, statement: Statement) -> bool:
    tree = statement.tree
    if isinstance(tree, pb.CopyStmt):
        return not tree.is_from
    if not isinstance(tree, _READERS):
        return False
    written = {node.relation.location for node in statement.of(*_WRITES)}
    written |= {into.rel.location for into in statement.of(pb.IntoClause)}
    return named.location not in written


def _schemas(tree: Message) -> list[str]:
    """The schemas that the statement creates, changes, drops, comments or grants."""
    match tree:
        case pb.CreateSchemaStmt():
            return [tree.schemaname or tree.authrole.rolename]
        case pb.RenameStmt() if tree.rename_type == pb.OBJECT_SCHEMA:
            return [tree.subname, tree.newname]
        case pb.AlterObjectSchemaStmt():
            return [tree.newschema]
        case pb.AlterOwnerStmt() if tree.object_type == pb.OBJECT_SCHEMA:
            return [tree.object.string.sval]
        case pb.CommentStmt() | pb.SecLabelStmt() if tree.objtype == pb.OBJECT_SCHEMA:
            return [tree.object.string.sval]
        case pb.DropStmt() if tree.remove_type == pb.OBJECT_SCHEMA:
            return _strings(tree.objects)
        case pb.GrantStmt():
            return _strings(tree.objects)
        case _:
            return []


def _strings(nodes: Sequence[Message]) -> list[str]:
    return [str(node.string.sval) for node in nodes if node.WhichOneof("node") == "string"]
