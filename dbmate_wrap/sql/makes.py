"""Recognises migrations that are there to make something in the schema."""

from collections.abc import Iterable

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.named import in_pg_temp, parts_of
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.parse import read_sql
from dbmate_wrap.sql.temporary import made_temporary

_MAKING = (
    *(pb.CreateStmt, pb.CreateTableAsStmt, pb.ViewStmt, pb.IndexStmt, pb.CreateSchemaStmt, pb.CreateSeqStmt),
    *(pb.CreateEnumStmt, pb.AlterEnumStmt, pb.CompositeTypeStmt, pb.CreateDomainStmt, pb.CreateRangeStmt),
    *(pb.CreateFunctionStmt, pb.CreateTrigStmt, pb.CreateExtensionStmt, pb.CreatePolicyStmt),
)
_ADDING = frozenset(
    {
        *(pb.AT_AddColumn, pb.AT_AddConstraint),
        *(pb.AT_ColumnDefault, pb.AT_SetNotNull, pb.AT_AlterColumnType),
    }
)


def makes_objects(texts: Iterable[str]) -> bool:
    """Return whether the statements make or extend objects, and drop none afterwards; in DO blocks too.

    A function that is made for the migration alone and dropped at its end is no object that lasts.
    """
    made = False
    for text in texts:
        for statement in read_sql(text, skip_long=True).statements:
            for part in nested_statements(statement):
                if made and isinstance(part.tree, pb.DropStmt):
                    return False
                made = made or _makes(part.tree)
    return made


def _makes(tree: Message) -> bool:
    match tree:
        case pb.AlterTableStmt():
            return any(node.alter_table_cmd.subtype in _ADDING for node in tree.cmds)
        case pb.CreateFunctionStmt():
            return not in_pg_temp(parts_of(tree.funcname))
        case _:
            return isinstance(tree, _MAKING) and made_temporary(tree) is None
