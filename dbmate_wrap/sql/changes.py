"""The objects that one statement changes, as far as the statement alone shows them."""

from collections.abc import Iterator

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.named import Named
from dbmate_wrap.sql.parse import Statement

_TABLES = frozenset({pb.OBJECT_TABLE, pb.OBJECT_FOREIGN_TABLE})
# They change a table, or create an object and name all objects that it depends on.
_NAMING_ALL = (
    *(pb.CreateStmt, pb.CreateForeignTableStmt, pb.CreateTableAsStmt, pb.ViewStmt, pb.CreateSeqStmt),
    *(pb.CompositeTypeStmt, pb.CreateEnumStmt, pb.CreateRangeStmt, pb.CreateDomainStmt),
    *(pb.IndexStmt, pb.CreateTrigStmt, pb.CreatePolicyStmt, pb.AlterPolicyStmt),
    *(pb.RuleStmt, pb.CreateStatsStmt),
    *(pb.InsertStmt, pb.UpdateStmt, pb.DeleteStmt, pb.MergeStmt, pb.CopyStmt, pb.TruncateStmt),
)
_ON_TABLES = frozenset({*_TABLES, pb.OBJECT_TRIGGER, pb.OBJECT_POLICY, pb.OBJECT_RULE})
# Objects that others may depend on: a view on a table, a column on a type, a table on another.
_HAS_DEPENDANTS = frozenset(
    {
        *_TABLES,
        *(pb.OBJECT_VIEW, pb.OBJECT_MATVIEW, pb.OBJECT_TYPE, pb.OBJECT_DOMAIN, pb.OBJECT_SEQUENCE),
        *(pb.OBJECT_FUNCTION, pb.OBJECT_PROCEDURE, pb.OBJECT_ROUTINE, pb.OBJECT_AGGREGATE),
    }
)
_REMOVING = frozenset({pb.AT_DropColumn, pb.AT_DropConstraint, pb.AT_AlterColumnType})


def names_its_objects(tree: Message) -> bool:
    """Return whether the statement names the objects that it changes, and those that they depend on.

    ALTER or DROP of an index, a view, a type or a function does not: their tables are not named. Nor does a
    trigger's function: its table is the trigger's. Privileges, owners and comments are no change here.
    """
    match tree:
        case pb.AlterTableStmt():
            changed = any(command.subtype != pb.AT_ChangeOwner for command in _commands(tree))
            return changed and tree.objtype in _TABLES
        case pb.DropStmt():
            return tree.remove_type in _ON_TABLES
        case pb.RenameStmt():
            return tree.rename_type in _ON_TABLES or tree.relation_type in _TABLES
        case pb.AlterObjectSchemaStmt():
            return tree.object_type in _TABLES
        case pb.CreateSchemaStmt():
            return bool(tree.schema_elts)
        case pb.CreateFunctionStmt():
            return [name.string.sval for name in tree.return_type.names] != ["trigger"]
        case _:
            return isinstance(tree, _NAMING_ALL)


def removes(tree: Message) -> bool:
    """Return whether the statement drops something: removals of one file may belong together."""
    if isinstance(tree, pb.AlterTableStmt):
        return any(command.subtype in _REMOVING for command in _commands(tree))
    return isinstance(tree, pb.DropStmt)


def may_free_others(tree: Message) -> bool:
    """Return whether the statement drops an object that others may have depended on."""
    return isinstance(tree, pb.DropStmt) and tree.remove_type in _HAS_DEPENDANTS


def new_names(statement: Statement) -> Iterator[Named]:
    """Yield the name that an object gets by RENAME or SET SCHEMA, and names of objects outside schemas."""
    tree = statement.tree
    match tree:
        case pb.RenameStmt() if tree.rename_type in _HAS_DEPENDANTS and tree.HasField("relation"):
            yield Named("relation", str(tree.relation.schemaname), str(tree.newname))
        case pb.AlterObjectSchemaStmt() if tree.HasField("relation"):
            yield Named("relation", str(tree.newschema), str(tree.relation.relname))
        case pb.CreatePublicationStmt() | pb.AlterPublicationStmt():
            yield Named("publication", "", str(tree.pubname))
        case _:
            pass


def _commands(tree: Message) -> Iterator[Message]:
    return (node.alter_table_cmd for node in tree.cmds)
