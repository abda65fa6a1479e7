"""Finds the objects, other than relations and types, that a statement creates, changes, drops or grants."""

from collections.abc import Iterator

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.catalog_types import TRIGGER_FUNCTIONS
from dbmate_wrap.sql.named import KIND_OF_OBJECT, Named, by_parts, parts_of

# The kind of object that a statement names, and the field with its name.
_NAMES = {
    pb.AlterCollationStmt: ("collation", "collname"),
    pb.AlterDomainStmt: ("domain", "type_name"),
    pb.AlterEnumStmt: ("type", "type_name"),
    pb.AlterStatsStmt: ("statistics", "defnames"),
    pb.AlterTypeStmt: ("type", "type_name"),
    pb.CreateConversionStmt: ("conversion", "conversion_name"),
    pb.CreateDomainStmt: ("domain", "domainname"),
    pb.CreateEnumStmt: ("type", "type_name"),
    pb.CreateRangeStmt: ("type", "type_name"),
    pb.CreateStatsStmt: ("statistics", "defnames"),
}
# The field with the kind of what `object` or `objects` hold.
_KIND_FIELDS = {
    pb.AlterExtensionContentsStmt: "objtype",
    pb.AlterObjectDependsStmt: "object_type",
    pb.AlterObjectSchemaStmt: "object_type",
    pb.AlterOwnerStmt: "object_type",
    pb.CommentStmt: "objtype",
    pb.DropStmt: "remove_type",
    pb.GrantStmt: "objtype",
    pb.RenameStmt: "rename_type",
    pb.SecLabelStmt: "objtype",
}
# Their name is that of a relation and, last, their own.
_PARTS_OF_RELATIONS = frozenset(
    {pb.OBJECT_COLUMN, pb.OBJECT_TRIGGER, pb.OBJECT_RULE, pb.OBJECT_POLICY, pb.OBJECT_TABCONSTRAINT}
)


def object_names(tree: Message) -> Iterator[Named]:
    """Yield the objects that the kind of statement names; relations and types have nodes of their own."""
    if type(tree) in _NAMES:
        kind, field = _NAMES[type(tree)]
        yield from by_parts(kind, parts_of(getattr(tree, field)))
    elif type(tree) in _KIND_FIELDS:
        nodes = tree.objects if isinstance(tree, pb.DropStmt | pb.GrantStmt) else [tree.object]
        for node in nodes:
            yield from _object(getattr(tree, _KIND_FIELDS[type(tree)]), node)
    elif isinstance(tree, pb.CreateSeqStmt | pb.AlterSeqStmt):
        yield from _owners_of_sequence(tree)
    elif isinstance(tree, pb.DefineStmt):
        if tree.kind in KIND_OF_OBJECT:
            yield from by_parts(KIND_OF_OBJECT[tree.kind], parts_of(tree.defnames))
    else:
        yield from _functions(tree)


def _object(kind: int, node: Message) -> Iterator[Named]:
    match node.WhichOneof("node"):
        case "list" if kind in _PARTS_OF_RELATIONS:
            yield from by_parts("relation", parts_of(node.list.items)[:-1])
        case "list" if kind in KIND_OF_OBJECT and node.list.items[0].WhichOneof("node") == "string":
            yield from by_parts(KIND_OF_OBJECT[kind], parts_of(node.list.items))
        case "object_with_args" if kind in KIND_OF_OBJECT:
            yield from _without_built_in(KIND_OF_OBJECT[kind], parts_of(node.object_with_args.objname))
        case _:
            pass  # An object without a schema, or a type.


def _functions(tree: Message) -> Iterator[Named]:
    match tree:
        case pb.CreateFunctionStmt():
            yield from by_parts("procedure" if tree.is_procedure else "function", parts_of(tree.funcname))
        case pb.AlterFunctionStmt():
            kind = KIND_OF_OBJECT.get(tree.objtype, "function")
            yield from _without_built_in(kind, parts_of(tree.func.objname))
        case pb.CreateTrigStmt() | pb.CreateEventTrigStmt():
            executed = _without_built_in("function", parts_of(tree.funcname))
            yield from (one for one in executed if one.schema or one.name not in TRIGGER_FUNCTIONS)
        case pb.CreateCastStmt():
            yield from by_parts("function", parts_of(tree.func.objname))
        case _:
            pass


def _without_built_in(kind: str, parts: list[str]) -> Iterator[Named]:
    found = by_parts(kind, parts)
    return (one for one in found if one.schema != "pg_catalog" and not one.name.startswith("pg_"))


def _owners_of_sequence(tree: Message) -> Iterator[Named]:
    for option in tree.options:
        if option.def_elem.defname == "owned_by":
            # A table's column; a name of one part is OWNED BY NONE.
            yield from by_parts("table", parts_of(option.def_elem.arg.list.items)[:-1])
