"""Finds the relations that a statement names, without aliases, queries of WITH and built-in ones."""

from collections.abc import Iterator, Set

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.named import Named
from dbmate_wrap.sql.parse import Statement

_WRITES = (pb.InsertStmt, pb.UpdateStmt, pb.DeleteStmt, pb.MergeStmt)
_KIND_OF_OBJECT = {
    pb.OBJECT_TABLE: "table",
    pb.OBJECT_FOREIGN_TABLE: "table",
    pb.OBJECT_VIEW: "view",
    pb.OBJECT_MATVIEW: "view",
    pb.OBJECT_SEQUENCE: "sequence",
    pb.OBJECT_INDEX: "index",
    pb.OBJECT_TYPE: "type",
}
_KIND_OF_STATEMENT = {
    pb.CreateStmt: "table",
    pb.CreateForeignTableStmt: "table",
    pb.ViewStmt: "view",
    pb.CreateSeqStmt: "sequence",
    pb.AlterSeqStmt: "sequence",
    pb.CompositeTypeStmt: "type",
}
# The field in which ALTER, RENAME and so on give the kind of the relation that they name first.
_KIND_FIELD = {
    pb.AlterTableStmt: "objtype",
    pb.AlterObjectSchemaStmt: "object_type",
    pb.AlterObjectDependsStmt: "object_type",
    pb.AlterOwnerStmt: "object_type",
}


def relations(statement: Statement) -> Iterator[Named]:
    """Yield the relations in the order of the tree: the one that the statement changes comes first.

    The queries of views, rules and functions in standard SQL are included: their names are looked up at once.
    """
    nodes = tuple(statement.of(pb.RangeVar))
    if not nodes or isinstance(statement.tree, pb.ConstraintsSetStmt | pb.ImportForeignSchemaStmt):
        # Names of constraints, and names on another server.
        return
    aliases = _aliases(statement)
    queries = {cte.ctename for cte in statement.of(pb.CommonTableExpr)}
    written = {node.relation.location for node in statement.of(*_WRITES)} if queries else set()
    kind = _kind(statement.tree)
    for node in nodes:
        is_query = node.relname in queries and not node.schemaname and node.location not in written
        if node.location not in aliases and not is_query and not _is_old_or_new(node, statement.tree):
            yield from _relation(node, kind)
        if kind != "index":
            kind = "relation"


def is_ours(schema: str, name: str) -> bool:
    """Return whether a relation of this name is not built in; built-in ones need no schema."""
    if schema:
        return schema not in ("pg_catalog", "information_schema")
    return not name.startswith("pg_")


def _relation(node: Message, kind: str) -> Iterator[Named]:
    if is_ours(node.schemaname, node.relname):
        temporary = node.relpersistence == "t" or node.schemaname.startswith("pg_temp")
        schema = "" if temporary else str(node.schemaname)
        yield Named(kind, schema, str(node.relname), node.location, temporary)


def _aliases(statement: Statement) -> Set[int]:
    """Return the locations of names in FOR UPDATE OF, which refer to FROM."""
    return {
        locked.range_var.location
        for clause in statement.of(pb.LockingClause)
        for locked in clause.locked_rels
    }


def _is_old_or_new(node: Message, tree: Message) -> bool:
    """Return whether the node is OLD or NEW of a rule."""
    return isinstance(tree, pb.RuleStmt) and not node.schemaname and node.relname in ("old", "new")


def _kind(tree: Message) -> str:
    kind = _KIND_OF_STATEMENT.get(type(tree))
    if kind is not None:
        return kind
    if isinstance(tree, pb.RenameStmt):
        return _KIND_OF_OBJECT.get(tree.rename_type) or _KIND_OF_OBJECT.get(tree.relation_type, "relation")
    if isinstance(tree, pb.ReindexStmt):
        return "index" if tree.kind == pb.REINDEX_OBJECT_INDEX else "table"
    field = _KIND_FIELD.get(type(tree))
    return _KIND_OF_OBJECT.get(getattr(tree, field), "relation") if field else "relation"
