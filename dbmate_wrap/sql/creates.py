"""Finds the objects that the statements of a text create, and their schemas, for the preflight."""

from collections.abc import Sequence
from dataclasses import dataclass

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.effects import in_pg_temp
from dbmate_wrap.sql.parse import Statement, read_sql

# Objects on which the privilege CREATE is needed.
_CONTAINERS = frozenset({pb.OBJECT_SCHEMA, pb.OBJECT_DATABASE})
# The field that holds the name of a new object that is no relation.
_NAME_FIELD = {
    "CreateFunctionStmt": "funcname",
    "CreateEnumStmt": "type_name",
    "CreateRangeStmt": "type_name",
    "CreateDomainStmt": "domainname",
    "DefineStmt": "defnames",
    "CreateStatsStmt": "defnames",
    "CreateConversionStmt": "conversion_name",
    "CreateOpClassStmt": "opclassname",
    "CreateOpFamilyStmt": "opfamilyname",
}


@dataclass(frozen=True)
class Creates:
    """The objects that one statement creates, by plain names; `""` is a schema that it does not name.

    `schema` is that of the new object; None if the statement creates none in a schema. `repaired_indexes` are
    dropped or rebuilt.
    """

    schema: str | None = None
    new_schema: str | None = None
    extension: str | None = None
    index: tuple[str, str] | None = None
    repaired_indexes: tuple[tuple[str, str], ...] = ()
    changes_privileges: bool = False
    changes_path: bool = False


def creates_of(sql: str) -> tuple[Creates, ...]:
    """Return one value per statement, in order; none for a statement that cannot be read.

    Bodies of DO blocks and functions are not looked into.
    """
    # Walking every tree for this one call takes longer than all the rest.
    calls = "set_config" in sql.lower()
    reading = read_sql(sql, skip_long=True)
    if any(place.kind != "too-deep" for place in reading.unreadable):
        return ()
    return tuple(_creates(statement, calls) for statement in reading.statements)


def _creates(statement: Statement, calls_set_config: bool) -> Creates:
    top = statement.tree
    match top:
        case pb.CreateSchemaStmt():
            return Creates(new_schema=top.schemaname or top.authrole.rolename)
        case pb.CreateExtensionStmt():
            return Creates(extension=top.extname)
        case pb.IndexStmt():
            # An index is in its table's schema, and a table without one may be anywhere on the path.
            schema = top.relation.schemaname
            name = (schema, top.idxname) if top.idxname else None
            return Creates(schema=schema or None, index=name)
        case pb.DropStmt() if top.remove_type == pb.OBJECT_INDEX:
            return Creates(repaired_indexes=tuple(_pair(item.list.items) for item in top.objects))
        case pb.ReindexStmt():
            return Creates(repaired_indexes=((top.relation.schemaname, top.relation.relname),))
        case pb.GrantRoleStmt() | pb.ReassignOwnedStmt():
            return Creates(changes_privileges=True)
        case pb.GrantStmt():
            return Creates(changes_privileges=top.objtype in _CONTAINERS)
        case pb.AlterOwnerStmt():
            return Creates(changes_privileges=top.object_type in _CONTAINERS)
        case pb.VariableSetStmt():
            return Creates(
                changes_privileges=top.name in ("role", "session_authorization"),
                changes_path=top.name == "search_path" or not top.name,
            )
        case _:
            return Creates(schema=_schema_of(top), changes_path=calls_set_config and _sets_path(statement))


def _schema_of(top: Message) -> str | None:
    match top:
        case pb.CreateStmt():
            return _relation_schema(top.relation)
        case pb.CreateForeignTableStmt():
            return _relation_schema(top.base_stmt.relation)
        case pb.CreateTableAsStmt():
            return _relation_schema(top.into.rel)
        case pb.SelectStmt():
            return _relation_schema(top.into_clause.rel) if top.HasField("into_clause") else None
        case pb.ViewStmt():
            return _relation_schema(top.view)
        case pb.CreateSeqStmt():
            return _relation_schema(top.sequence)
        case pb.CompositeTypeStmt():
            return _relation_schema(top.typevar)
        case pb.AlterObjectSchemaStmt():
            return str(top.newschema)
        case pb.ImportForeignSchemaStmt():
            return str(top.local_schema)
        case _:
            name: Sequence[pb.Node] = getattr(top, _NAME_FIELD.get(type(top).__name__, ""), ())
            return None if not name or in_pg_temp(name) else _pair(name)[0]


def _relation_schema(relation: pb.RangeVar) -> str | None:
    temporary = relation.relpersistence == "t" or relation.schemaname.startswith("pg_temp")
    return None if temporary else str(relation.schemaname)


def _pair(name: Sequence[pb.Node]) -> tuple[str, str]:
    # A third name, before these two, would be the database.
    schema = str(name[-2].string.sval) if len(name) > 1 else ""
    return schema, str(name[-1].string.sval)


def _sets_path(statement: Statement) -> bool:
    return any(node.funcname[-1].string.sval == "set_config" for node in statement.of(pb.FuncCall))
