"""Finds the objects in schemas that a statement names, with or without their schemas."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.catalog_types import is_catalog_type
from dbmate_wrap.sql.named import KIND_OF_OBJECT, Named, by_parts, is_temporary, parts_of, split_name
from dbmate_wrap.sql.nodes import WRITES
from dbmate_wrap.sql.object_names import object_names
from dbmate_wrap.sql.parse import Statement

# Options `name = value` whose value is a type. In others the grammar reads functions, `auto` or `off` as
# types as well.
_TYPE_OPTIONS = frozenset({"as", "stype", "mstype", "basetype", "subtype", "leftarg", "rightarg"})
# Functions that look up the relation which their first argument names in a string.
_LOOKUPS = {
    **dict.fromkeys(("nextval", "setval", "currval"), "sequence"),
    **dict.fromkeys(("to_regclass", "pg_get_serial_sequence"), "relation"),
}
_PART = re.compile(r'"((?:[^"]|"")+)"|([^\s."]+)')
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


def objects(statement: Statement) -> Iterator[Named]:
    """Yield the objects that the statement creates, changes or uses, also those looked up by a string.

    Built-in objects, queries of WITH, aliases, operators and function calls are left out. In CREATE SCHEMA
    all objects without a schema are in the new one.
    """
    # Underscores alone stand for names that are known only at run time (dynamic commands, psql's variables).
    found = (one for one in _all_objects(statement) if one.name.strip("_"))
    tree = statement.tree
    if not isinstance(tree, pb.CreateSchemaStmt):
        return found
    schema = str(tree.schemaname or tree.authrole.rolename)
    return (replace(one, schema=one.schema or schema) for one in found)


def offset_of(named: Named, statement: Statement) -> int:
    """Return the character in the block at which the statement names the object."""
    if named.location >= 0:
        return statement.at(named.location)
    if isinstance(statement.tree, pb.CreateTrigStmt):
        # The trigger itself may have the function's name.
        return statement.place(max(statement.text.lower().rfind(named.name.lower()), 0))
    # The tree has no location for it: take the first such word that is not qualified.
    place = statement.first_words.get(named.name.lower())
    if place is None:
        place = max(statement.text.find(f'"{named.name}"'), 0)
    return statement.place(place)


def _all_objects(statement: Statement) -> Iterator[Named]:
    found = [object_names(statement.tree), _relations(statement)]
    if isinstance(statement.tree, pb.CreateTrigStmt):
        found.reverse()  # Its table is the main object, not the function.
    return chain(*found, _types(statement), _lookups(statement))


def _relations(statement: Statement) -> Iterator[Named]:
    """Yield the relations in the order of the tree: the one that the statement changes comes first.

    The queries of views, rules and functions in standard SQL are included: their names are looked up at once.
    """
    nodes = tuple(statement.of(pb.RangeVar))
    if not nodes or isinstance(statement.tree, pb.ConstraintsSetStmt | pb.ImportForeignSchemaStmt):
        # Names of constraints, and names on another server.
        return
    # Names in FOR UPDATE OF refer to FROM.
    locking = statement.of(pb.LockingClause)
    aliases = {locked.range_var.location for clause in locking for locked in clause.locked_rels}
    # As the names of WITH do, those of a rule's rows stand for no relation.
    queries = {"old", "new"} if isinstance(statement.tree, pb.RuleStmt) else set()
    queries.update(cte.ctename for cte in statement.of(pb.CommonTableExpr))
    written = {node.relation.location for node in statement.of(*WRITES)} if queries else set()
    kind = _kind(statement.tree)
    for node in nodes:
        is_query = node.relname in queries and not node.schemaname and node.location not in written
        if not is_query and node.location not in aliases and _is_ours(node.schemaname, node.relname):
            temporary = is_temporary(node)
            schema = "" if temporary else str(node.schemaname)
            yield Named(kind, schema, str(node.relname), node.location, temporary)
        if kind != "index":
            kind = "relation"


def _is_ours(schema: str, name: str) -> bool:
    """Return whether a relation of this name is not built in; built-in ones need no schema."""
    if schema:
        return schema not in ("pg_catalog", "information_schema")
    return not name.startswith("pg_")


def _kind(tree: Message) -> str:
    if kind := _KIND_OF_STATEMENT.get(type(tree)):
        return kind
    if isinstance(tree, pb.RenameStmt):
        return KIND_OF_OBJECT.get(tree.rename_type) or KIND_OF_OBJECT.get(tree.relation_type, "relation")
    if isinstance(tree, pb.ReindexStmt):
        return "index" if tree.kind == pb.REINDEX_OBJECT_INDEX else "table"
    field = _KIND_FIELD.get(type(tree))
    return KIND_OF_OBJECT.get(getattr(tree, field), "relation") if field else "relation"


def _types(statement: Statement) -> Iterator[Named]:
    options = [option for option in statement.of(pb.DefElem) if option.defname not in _TYPE_OPTIONS]
    no_types = {one.arg.type_name.location for one in options if one.arg.WhichOneof("node") == "type_name"}
    for node in statement.of(pb.TypeName):
        parts = parts_of(node.names)
        # The condition `WHEN sqlstate '22012'` of PL/pgSQL reads like a constant of a type.
        if node.location in no_types or parts == ["sqlstate"]:
            continue
        if node.pct_type:
            yield from by_parts("relation", parts[:-1], node.location)
        elif parts[0] != "pg_catalog" and (len(parts) > 1 or not is_catalog_type(parts[0])):
            yield from by_parts("type", parts, node.location)


def _lookups(statement: Statement) -> Iterator[Named]:
    for call in statement.of(pb.FuncCall):
        kind = _LOOKUPS.get(call.funcname[-1].string.sval)
        if kind is not None and call.args:
            yield from _named_in_string(kind, call.args[0])
    for cast in statement.of(pb.TypeCast):
        if cast.type_name.names[-1].string.sval == "regclass" and not cast.type_name.array_bounds:
            yield from _named_in_string("relation", cast.arg)


def _named_in_string(kind: str, node: Message) -> Iterator[Named]:
    if node.WhichOneof("node") != "a_const" or node.a_const.WhichOneof("val") != "sval":
        return
    found = _PART.findall(node.a_const.sval.sval)
    parts = [quoted.replace('""', '"') or plain.lower() for quoted, plain in found]
    if parts and not parts[0].isdigit() and _is_ours(*split_name(parts)):
        yield from by_parts(kind, parts, node.a_const.location)
