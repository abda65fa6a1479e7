"""What a statement takes away from code that names it: relations, types and columns that it drops or renames.

Relations and types share one namespace here, as they do in PostgreSQL; "" is a schema that is not named.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.named import KIND_OF_OBJECT, in_pg_temp, is_temporary, parts_of, split_name
from dbmate_wrap.sql.statement import unwrap

_RELATIONS = frozenset({pb.OBJECT_TABLE, pb.OBJECT_VIEW, pb.OBJECT_MATVIEW, pb.OBJECT_FOREIGN_TABLE})
_TYPES = frozenset({pb.OBJECT_TYPE, pb.OBJECT_DOMAIN})
_COLUMNS = frozenset({pb.OBJECT_COLUMN, pb.OBJECT_ATTRIBUTE})


class Made(NamedTuple):
    """A relation or type, or one of its columns, that a statement makes or gives this name.

    `lasts` is False for what code does not name later: temporary relations, and partitions.
    """

    schema: str
    name: str
    column: str = ""
    lasts: bool = True


class Taken(NamedTuple):
    """What a statement takes away, in words (`drops`, `table`; "" for a column); a schema has no name."""

    verb: str
    kind: str
    schema: str
    name: str
    column: str = ""

    @property
    def described(self) -> str:
        """``drops column b of app.t``."""
        relation = ".".join(part for part in (self.schema, self.name) if part)
        what = f"column {self.column} of {relation}" if self.column else f"{self.kind} {relation}"
        return f"{self.verb} {what}"


def made_by(tree: Message) -> Sequence[Made]:
    """Return the relations, types and columns that the statement makes, also by a new name."""
    maker = _MAKERS.get(type(tree))
    return maker(tree) if maker is not None else ()


def taken_by(tree: Message) -> Iterator[Taken]:
    """Yield the relations, types, columns and schemas that the statement drops, renames or moves."""
    match tree:
        case pb.DropStmt():
            yield from _dropped(tree)
        case pb.AlterTableStmt():
            relation = tree.relation.schemaname, tree.relation.relname
            yield from (
                Taken("drops", "", *relation, each.name) for each in _commands(tree, pb.AT_DropColumn)
            )
        case pb.RenameStmt() if tree.rename_type == pb.OBJECT_SCHEMA:
            yield Taken("renames", "schema", tree.subname, "")
        case pb.RenameStmt() if tree.rename_type in _COLUMNS:
            yield Taken("renames", "", tree.relation.schemaname, tree.relation.relname, tree.subname)
        case pb.RenameStmt() if (parts := _parts(tree, tree.rename_type)) is not None:
            yield Taken("renames", KIND_OF_OBJECT[tree.rename_type], *parts)
        case pb.AlterObjectSchemaStmt() if (parts := _parts(tree, tree.object_type)) is not None:
            yield Taken("moves", KIND_OF_OBJECT[tree.object_type], *parts)
        case _:
            pass


def _dropped(tree: Message) -> Iterator[Taken]:
    if tree.remove_type == pb.OBJECT_SCHEMA:
        yield from (Taken("drops", "schema", node.string.sval, "") for node in tree.objects)
    elif tree.remove_type in _RELATIONS:
        kind = KIND_OF_OBJECT[tree.remove_type]
        yield from (Taken("drops", kind, *split_name(parts_of(node.list.items))) for node in tree.objects)
    elif tree.remove_type in _TYPES:
        kind = KIND_OF_OBJECT[tree.remove_type]
        yield from (
            Taken("drops", kind, *split_name(parts_of(node.type_name.names))) for node in tree.objects
        )


def _relation(relation: Message, *, lasts: bool = True) -> Sequence[Made]:
    if not relation.relname:
        return ()
    return (Made(relation.schemaname, relation.relname, lasts=lasts and not is_temporary(relation)),)


def _type(parts: Sequence[str]) -> Sequence[Made]:
    return (Made(*split_name(parts), lasts=not in_pg_temp(parts)),)


def _columns(tree: Message) -> Sequence[Made]:
    names = [getattr(each, "def").column_def.colname for each in _commands(tree, pb.AT_AddColumn)]
    return [Made(tree.relation.schemaname, tree.relation.relname, name) for name in names]


def _in_new_schema(tree: Message) -> Sequence[Made]:
    schema = str(tree.schemaname or tree.authrole.rolename)
    inside = (each for node in tree.schema_elts for each in made_by(unwrap(node)))
    return [made._replace(schema=made.schema or schema) for made in inside]


def _renamed(tree: Message) -> Sequence[Made]:
    if tree.rename_type in _COLUMNS:
        return (Made(tree.relation.schemaname, tree.relation.relname, tree.newname),)
    parts = _parts(tree, tree.rename_type)
    return (Made(parts[0], tree.newname),) if parts is not None else ()


def _moved(tree: Message) -> Sequence[Made]:
    parts = _parts(tree, tree.object_type)
    return (Made(tree.newschema, parts[1]),) if parts is not None else ()


def _parts(tree: Message, kind: int) -> tuple[str, str] | None:
    """Return schema and name of the relation or type that ALTER names; None for anything else."""
    if kind in _RELATIONS:
        return tree.relation.schemaname, tree.relation.relname
    return split_name(parts_of(tree.object.list.items)) if kind in _TYPES else None


def _commands(tree: Message, subtype: int) -> list[Message]:
    return [each.alter_table_cmd for each in tree.cmds if each.alter_table_cmd.subtype == subtype]


_MAKERS: Mapping[type[Message], Callable[[Message], Sequence[Made]]] = {
    pb.CreateStmt: lambda tree: _relation(tree.relation, lasts=not tree.HasField("partbound")),
    pb.CreateForeignTableStmt: lambda tree: _relation(tree.base_stmt.relation),
    pb.CreateTableAsStmt: lambda tree: _relation(tree.into.rel),
    pb.SelectStmt: lambda tree: _relation(tree.into_clause.rel),
    pb.ViewStmt: lambda tree: _relation(tree.view),
    pb.CompositeTypeStmt: lambda tree: _relation(tree.typevar),
    pb.CreateEnumStmt: lambda tree: _type(parts_of(tree.type_name)),
    pb.CreateRangeStmt: lambda tree: _type(parts_of(tree.type_name)),
    pb.CreateDomainStmt: lambda tree: _type(parts_of(tree.domainname)),
    pb.DefineStmt: lambda tree: _type(parts_of(tree.defnames)) if tree.kind == pb.OBJECT_TYPE else (),
    pb.AlterTableStmt: _columns,
    pb.CreateSchemaStmt: _in_new_schema,
    pb.RenameStmt: _renamed,
    pb.AlterObjectSchemaStmt: _moved,
}
