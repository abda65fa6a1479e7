"""Finds the objects that the statements of a text create, and their schemas, for the preflight."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.named import in_pg_temp, is_temporary, name_of_new, parts_of, split_name
from dbmate_wrap.sql.parse import Statement, read_sql
from dbmate_wrap.sql.requirements import Requirements
from dbmate_wrap.sql.touched import Touched, touched_by

# Objects on which the privilege CREATE is needed.
_CONTAINERS = frozenset({pb.OBJECT_SCHEMA, pb.OBJECT_DATABASE})
# The new relation of a statement; one without a name if it makes none.
_RELATION: Mapping[type[Message], Callable[[Message], pb.RangeVar]] = {
    pb.CreateStmt: attrgetter("relation"),
    pb.CreateForeignTableStmt: attrgetter("base_stmt.relation"),
    pb.CreateTableAsStmt: attrgetter("into.rel"),
    pb.SelectStmt: attrgetter("into_clause.rel"),
    pb.ViewStmt: attrgetter("view"),
    pb.CreateSeqStmt: attrgetter("sequence"),
    pb.CompositeTypeStmt: attrgetter("typevar"),
}


def read_requirements(texts: Iterable[str]) -> Requirements:
    """Return what the texts require, run in their order. A text with a syntax error requires nothing.

    Bodies of DO blocks and functions are not looked into.
    """
    collector = _Collector()
    for text in texts:
        collector.add_text(text)
    return collector.requirements()


class _Collector:
    """The objects of the statements so far, by plain names; `""` is a schema that is not named."""

    def __init__(self) -> None:
        self._changes_path = False
        self._changes_privileges = False
        self._schemas: set[str] = set()
        self._new_schemas: set[str] = set()
        self._extensions: set[str] = set()
        self._indexes: set[tuple[str, str]] = set()
        # They are dropped or rebuilt.
        self._repaired: set[tuple[str, str]] = set()
        # Relations that have to be there.
        self._touched: set[Touched] = set()

    def add_text(self, text: str) -> None:
        reading = read_sql(text, skip_long=True)
        # Walking every tree for this one call takes longer than all the rest.
        calls_set_config = "set_config" in text.lower()
        for statement in () if reading.is_refused else reading.statements:
            self._add(statement.tree)
            self._touched.update(touched_by(statement.tree))
            self._changes_path |= calls_set_config and _calls_set_config(statement)

    def _add(self, tree: Message) -> None:
        match tree:
            case pb.CreateSchemaStmt():
                self._new_schemas.add(tree.schemaname or tree.authrole.rolename)
            case pb.CreateExtensionStmt():
                self._extensions.add(tree.extname)
            case pb.IndexStmt():
                self._add_index(tree)
            case pb.DropStmt() if tree.remove_type == pb.OBJECT_INDEX:
                self._repaired.update(split_name(parts_of(item.list.items)) for item in tree.objects)
            case pb.ReindexStmt():
                self._repaired.add((tree.relation.schemaname, tree.relation.relname))
            case pb.VariableSetStmt():
                self._changes_privileges |= tree.name in ("role", "session_authorization")
                self._changes_path |= tree.name == "search_path" or not tree.name
            case _ if _changes_privileges(tree):
                self._changes_privileges = True
            case _:
                self._schemas.update(_schemas_of(tree))

    def _add_index(self, tree: Message) -> None:
        schema = tree.relation.schemaname
        # An index is in its table's schema, and a table without one may be anywhere on the path.
        self._schemas.update([schema] if schema else [])
        index = (schema, tree.idxname)
        if tree.idxname and index not in self._repaired:
            self._indexes.add(index)

    def requirements(self) -> Requirements:
        return Requirements(
            schemas=frozenset(self._schemas - self._new_schemas - ({""} if self._changes_path else set())),
            extensions=frozenset(self._extensions),
            indexes=frozenset(self._indexes),
            touched=frozenset(each for each in self._touched if each.schema or not self._changes_path),
            makes_schema=bool(self._new_schemas),
            changes_privileges=self._changes_privileges,
        )


def _changes_privileges(tree: Message) -> bool:
    match tree:
        case pb.GrantRoleStmt() | pb.ReassignOwnedStmt():
            return True
        case pb.GrantStmt():
            return tree.objtype in _CONTAINERS
        case pb.AlterOwnerStmt():
            return tree.object_type in _CONTAINERS
        case _:
            return False


def new_relation(tree: Message) -> pb.RangeVar | None:
    """Return the relation that the statement makes; None if it makes none, or a temporary one."""
    relation_of = _RELATION.get(type(tree))
    relation = relation_of(tree) if relation_of is not None else None
    return relation if relation is not None and relation.relname and not is_temporary(relation) else None


def _schemas_of(tree: Message) -> Sequence[str]:
    """Return the schema in which the statement creates an object; none if it creates none in a schema."""
    if type(tree) in _RELATION:
        relation = new_relation(tree)
        return [relation.schemaname] if relation is not None else []
    match tree:
        case pb.AlterObjectSchemaStmt():
            return [tree.newschema]
        case pb.ImportForeignSchemaStmt():
            return [tree.local_schema]
        case _:
            name = name_of_new(tree)
            return [split_name(name)[0]] if name and not in_pg_temp(name) else []


def _calls_set_config(statement: Statement) -> bool:
    return any(node.funcname[-1].string.sval == "set_config" for node in statement.of(pb.FuncCall))
