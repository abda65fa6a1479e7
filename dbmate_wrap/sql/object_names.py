"""Finds the objects, other than relations and types, that a statement creates, changes, drops or grants."""

from collections.abc import Callable, Iterator, Mapping

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.catalog_types import TRIGGER_FUNCTIONS
from dbmate_wrap.sql.named import Named, by_parts, parts_of

_Finder = Callable[[Message], Iterator[Named]]

_KINDS = {
    pb.OBJECT_TABLE: "table",
    pb.OBJECT_VIEW: "view",
    pb.OBJECT_MATVIEW: "view",
    pb.OBJECT_FOREIGN_TABLE: "table",
    pb.OBJECT_SEQUENCE: "sequence",
    pb.OBJECT_INDEX: "index",
    pb.OBJECT_TYPE: "type",
    pb.OBJECT_DOMAIN: "domain",
    pb.OBJECT_DOMCONSTRAINT: "domain",
    pb.OBJECT_FUNCTION: "function",
    pb.OBJECT_PROCEDURE: "procedure",
    pb.OBJECT_ROUTINE: "routine",
    pb.OBJECT_AGGREGATE: "aggregate",
    pb.OBJECT_COLLATION: "collation",
    pb.OBJECT_CONVERSION: "conversion",
    pb.OBJECT_STATISTIC_EXT: "statistics",
}
# Their name is that of a relation and, last, their own.
_PARTS_OF_RELATIONS = frozenset(
    {pb.OBJECT_COLUMN, pb.OBJECT_TRIGGER, pb.OBJECT_RULE, pb.OBJECT_POLICY, pb.OBJECT_TABCONSTRAINT}
)


def object_names(tree: Message) -> Iterator[Named]:
    """Yield the objects that the kind of statement names; relations and types have nodes of their own."""
    find = _FINDERS.get(type(tree))
    return find(tree) if find is not None else iter(())


def _object(kind: int, node: Message) -> Iterator[Named]:
    match node.WhichOneof("node"):
        case "list" if kind in _PARTS_OF_RELATIONS:
            yield from by_parts("relation", parts_of(node.list.items)[:-1])
        case "list" if kind in _KINDS and node.list.items[0].WhichOneof("node") == "string":
            yield from by_parts(_KINDS[kind], parts_of(node.list.items))
        case "object_with_args" if kind in _KINDS:
            yield from _without_built_in(by_parts(_KINDS[kind], parts_of(node.object_with_args.objname)))
        case _:
            pass  # An object without a schema, or a type.


def _without_built_in(found: Iterator[Named]) -> Iterator[Named]:
    return (one for one in found if one.schema != "pg_catalog" and not one.name.startswith("pg_"))


def _one(kind_field: str) -> _Finder:
    return lambda tree: _object(getattr(tree, kind_field), tree.object)


def _several(kind_field: str) -> _Finder:
    def find(tree: Message) -> Iterator[Named]:
        for node in tree.objects:
            yield from _object(getattr(tree, kind_field), node)

    return find


def _name(kind: str, field: str) -> _Finder:
    return lambda tree: by_parts(kind, parts_of(getattr(tree, field)))


def _function(tree: Message) -> Iterator[Named]:
    return by_parts("procedure" if tree.is_procedure else "function", parts_of(tree.funcname))


def _altered_function(tree: Message) -> Iterator[Named]:
    return _without_built_in(by_parts(_KINDS.get(tree.objtype, "function"), parts_of(tree.func.objname)))


def _executed_function(tree: Message) -> Iterator[Named]:
    found = by_parts("function", parts_of(tree.funcname))
    return (one for one in _without_built_in(found) if one.schema or one.name not in TRIGGER_FUNCTIONS)


def _cast_function(tree: Message) -> Iterator[Named]:
    return by_parts("function", parts_of(tree.func.objname))


def _defined(tree: Message) -> Iterator[Named]:
    if tree.kind in _KINDS:
        yield from by_parts(_KINDS[tree.kind], parts_of(tree.defnames))


def _owner_of_sequence(tree: Message) -> Iterator[Named]:
    for option in tree.options:
        if option.def_elem.defname == "owned_by":
            # A table's column; a name of one part is OWNED BY NONE.
            yield from by_parts("table", parts_of(option.def_elem.arg.list.items)[:-1])


_FINDERS: Mapping[type[Message], _Finder] = {
    pb.AlterCollationStmt: _name("collation", "collname"),
    pb.AlterDomainStmt: _name("domain", "type_name"),
    pb.AlterEnumStmt: _name("type", "type_name"),
    pb.AlterExtensionContentsStmt: _one("objtype"),
    pb.AlterFunctionStmt: _altered_function,
    pb.AlterObjectDependsStmt: _one("object_type"),
    pb.AlterObjectSchemaStmt: _one("object_type"),
    pb.AlterOwnerStmt: _one("object_type"),
    pb.AlterSeqStmt: _owner_of_sequence,
    pb.AlterStatsStmt: _name("statistics", "defnames"),
    pb.AlterTypeStmt: _name("type", "type_name"),
    pb.CommentStmt: _one("objtype"),
    pb.CreateCastStmt: _cast_function,
    pb.CreateConversionStmt: _name("conversion", "conversion_name"),
    pb.CreateDomainStmt: _name("domain", "domainname"),
    pb.CreateEnumStmt: _name("type", "type_name"),
    pb.CreateEventTrigStmt: _executed_function,
    pb.CreateFunctionStmt: _function,
    pb.CreateRangeStmt: _name("type", "type_name"),
    pb.CreateSeqStmt: _owner_of_sequence,
    pb.CreateStatsStmt: _name("statistics", "defnames"),
    pb.CreateTrigStmt: _executed_function,
    pb.DefineStmt: _defined,
    pb.DropStmt: _several("remove_type"),
    pb.GrantStmt: _several("objtype"),
    pb.RenameStmt: _one("rename_type"),
    pb.SecLabelStmt: _one("objtype"),
}
