"""Rule history-table: only dbmate and dbmate-wrap create, change or write their own tables."""

from collections.abc import Iterator, Sequence

from dbmate_wrap.policy.hit import BlockContext, Hit
from dbmate_wrap.sql.catalog_queries import sweeps
from dbmate_wrap.sql.named import Named
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.nodes import WRITES, Message, pb
from dbmate_wrap.sql.objects import objects, offset_of
from dbmate_wrap.sql.parse import Statement

_LEDGER = "dbmate_wrap"  # The schema of the ledger: see docs/formats.md.
_HINT = "remove it: dbmate and dbmate-wrap keep their tables themselves"
_SCHEMA_HINT = "the history goes with it: drop or move by name what is to go, and leave the schema"
_OWNED_HINT = "the history goes with it where that role owns it: write REASSIGN OWNED BY ... TO ... before it"
_REASSIGN_HINT = "dbmate may no longer write the history then: name the objects, ALTER ... OWNER TO ..."
# Their queries only read, however deep; what they write is looked for by itself.
_READERS = (*WRITES, pb.SelectStmt, pb.ExplainStmt, pb.DeclareCursorStmt, pb.VariableShowStmt)
# What they change is named in part, or only when they run.
_OPAQUE = (pb.DoStmt, pb.DropStmt, pb.RenameStmt, pb.DropOwnedStmt, pb.ReassignOwnedStmt)


def find(statements: Sequence[Statement], context: BlockContext) -> Iterator[Hit]:
    """One hit per statement that does more than read the history table or the ledger; in DO too."""
    schema, table = context.history_table[0] or "public", context.history_table[1]
    reassigned: set[str] = set()
    for statement in statements:
        text = statement.text.lower()
        # Both names are rare: most statements need no closer look.
        names_it = table.lower() in text or _LEDGER in text
        if not (names_it or isinstance(statement.tree, _OPAQUE)):
            continue
        parts = list(nested_statements(statement))
        for part in parts:
            if names_it:
                yield from _hits(part, context)
            if (taken := _taken(part.tree, schema, reassigned)) is not None:
                yield Hit("history-table", part.offset, f"takes the history away: {taken[0]}", taken[1])
        for offset, command in sweeps(parts, schema, table) if "execute" in text else ():
            message = f"takes the history away: {command} of all tables that a catalog lists"
            hint = f"leave the history out by its name: ... WHERE tablename <> '{table}'"
            yield Hit("history-table", offset, message, hint)


def _taken(tree: Message, schema: str, reassigned: set[str]) -> tuple[str, str] | None:
    """The statement by which the history goes together with other things, and the hint."""
    match tree:
        case pb.DropStmt() if tree.remove_type == pb.OBJECT_SCHEMA and schema in _strings(tree.objects):
            return f"DROP SCHEMA {schema}", _SCHEMA_HINT
        case pb.RenameStmt() if tree.rename_type == pb.OBJECT_SCHEMA and tree.subname == schema:
            return f"ALTER SCHEMA {schema} RENAME", _SCHEMA_HINT
        case pb.DropOwnedStmt() if not reassigned.issuperset(names := _role_names(tree)):
            return f"DROP OWNED BY {', '.join(names)}", _OWNED_HINT
        case pb.ReassignOwnedStmt():
            reassigned.update(names := _role_names(tree))
            return ("REASSIGN OWNED BY CURRENT_USER", _REASSIGN_HINT) if "CURRENT_USER" in names else None
        case _:
            return None


def _role_names(tree: Message) -> list[str]:
    """The roles; whoever runs the migration is CURRENT_USER."""
    return [node.role_spec.rolename or "CURRENT_USER" for node in tree.roles]


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
    written = {node.relation.location for node in statement.of(*WRITES)}
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
