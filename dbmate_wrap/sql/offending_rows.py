"""Writes the query that finds the rows for which a constraint cannot be added."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message
from postgast import deparse, parse
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.parse import read_sql

_NOT_NULL, _FOREIGN_KEY, _UNIQUE, _CHECK = "23502", "23503", "23505", "23514"
_MOST_ROWS = 20


@dataclass(frozen=True)
class _Candidate:
    """A constraint that a statement adds: its own name (None where the server makes one), and the query."""

    name: str | None
    table: str
    query: str


def find_query(text: str, sqlstate: str, message: str) -> str | None:
    """Return the query for the rows that violate what `text` adds; None where that cannot be told.

    The message of the server names the constraint or the table, in every language.
    """
    kind = _KINDS.get(sqlstate)
    if kind is None:
        return None
    found = [each for statement in read_sql(text).statements for each in _candidates(statement.tree, kind)]
    named = [each for each in found if each.name is not None and f'"{each.name}"' in message]
    of_table = [each for each in found if f'"{each.table}' in message]
    for chosen in (named, of_table, found):
        if len(chosen) == 1:
            return chosen[0].query
    return None


def _candidates(
    tree: Message, kind: Callable[[pb.RangeVar, pb.Constraint], str | None]
) -> Iterator[_Candidate]:
    if isinstance(tree, pb.IndexStmt) and kind is _duplicates and tree.unique:
        query = _duplicate_query(tree.relation, tree.index_params, tree.where_clause)
        if query is not None:
            yield _Candidate(tree.idxname or None, tree.relation.relname, query)
    if not isinstance(tree, pb.AlterTableStmt):
        return
    for command in (node.alter_table_cmd for node in tree.cmds):
        table = tree.relation.relname
        if command.subtype == pb.AT_SetNotNull and kind is _nulls:
            query = _select(tree.relation, "where c is null", {"c": _column(command.name)})
            yield _Candidate(command.name, table, query)
        constraint = getattr(command, "def").constraint
        if command.subtype == pb.AT_AddConstraint and (query := kind(tree.relation, constraint)):
            yield _Candidate(constraint.conname or None, table, query)


def _nulls(relation: pb.RangeVar, constraint: pb.Constraint) -> str | None:
    keys = [key.string.sval for key in constraint.keys]
    if constraint.contype != pb.CONSTR_PRIMARY or not keys:
        return None
    where = " or ".join(f"c{number} is null" for number in range(len(keys)))
    return _select(relation, f"where {where}", {f"c{n}": _column(key) for n, key in enumerate(keys)})


def _violations(relation: pb.RangeVar, constraint: pb.Constraint) -> str | None:
    if constraint.contype != pb.CONSTR_CHECK or constraint.skip_validation:
        return None
    return _select(relation, "where not (c)", {"c": constraint.raw_expr})


def _duplicates(relation: pb.RangeVar, constraint: pb.Constraint) -> str | None:
    if constraint.contype not in (pb.CONSTR_UNIQUE, pb.CONSTR_PRIMARY) or not constraint.keys:
        return None
    columns = [_as_index_column(key.string.sval) for key in constraint.keys]
    return _duplicate_query(relation, columns, pb.Node())


def _orphans(relation: pb.RangeVar, constraint: pb.Constraint) -> str | None:
    own = [key.string.sval for key in constraint.fk_attrs]
    keys = [key.string.sval for key in constraint.pk_attrs]
    if constraint.contype != pb.CONSTR_FOREIGN or constraint.skip_validation or len(keys) != len(own):
        return None
    filled = " and ".join(f"r{n} is not null" for n in range(len(own)))
    same = " and ".join(f"k{n} = r{n}" for n in range(len(own)))
    stands_for = {f"r{n}": _column("referencing", key) for n, key in enumerate(own)}
    stands_for |= {f"k{n}": _column("referenced", key) for n, key in enumerate(keys)}
    where = f"where {filled} and not exists (select from r as referenced where {same})"
    return _select(relation, where, stands_for, alias="referencing", referenced=constraint.pktable)


def _duplicate_query(relation: pb.RangeVar, columns: Sequence[pb.Node], where: pb.Node) -> str | None:
    values = [each.index_elem for each in columns]
    if not values:
        return None
    names = [f"c{number}" for number in range(len(values))]
    stands_for = {
        name: value.expr if value.HasField("expr") else _column(value.name)
        for name, value in zip(names, values, strict=True)
    }
    listed = ", ".join(names)
    condition = ""
    if where.WhichOneof("node") is not None:
        condition, stands_for["w"] = "where w", where
    text = f"select {listed}, count(*) from t {condition} group by {listed} having count(*) > 1"  # noqa: S608 - a template of our own
    return _write(text, relation, stands_for)


def _select(
    relation: pb.RangeVar,
    where: str,
    stands_for: Mapping[str, pb.Node],
    *,
    alias: str = "",
    referenced: pb.RangeVar | None = None,
) -> str:
    text = f"select * from t {f'as {alias}' if alias else ''} {where}"  # noqa: S608 - the same
    return _write(text, relation, stands_for, referenced)


def _write(
    template: str,
    relation: pb.RangeVar,
    stands_for: Mapping[str, pb.Node],
    referenced: pb.RangeVar | None = None,
) -> str:
    """Return the template with the table for `t`, the referenced one for `r`, and nodes for plain names."""
    result = parse(f"{template} limit {_MOST_ROWS}")
    _replace(result, {"t": relation, "r": referenced or pb.RangeVar()}, stands_for)
    return deparse(result)


def _replace(message: Message, tables: Mapping[str, pb.RangeVar], stands_for: Mapping[str, pb.Node]) -> None:
    if isinstance(message, pb.RangeVar):
        given = tables[message.relname]
        message.schemaname, message.relname = given.schemaname, given.relname
        return
    if isinstance(message, pb.Node) and message.HasField("column_ref"):
        fields = message.column_ref.fields
        name = fields[0].string.sval if len(fields) == 1 else ""
        if name in stands_for:
            message.CopyFrom(stands_for[name])
            return
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        for each in value if descriptor.is_repeated else [value]:
            _replace(each, tables, stands_for)


def _column(*names: str) -> pb.Node:
    fields = [pb.Node(string=pb.String(sval=name)) for name in names]
    return pb.Node(column_ref=pb.ColumnRef(fields=fields))


def _as_index_column(name: str) -> pb.Node:
    return pb.Node(index_elem=pb.IndexElem(name=name))


_KINDS: Mapping[str, Callable[[pb.RangeVar, pb.Constraint], str | None]] = {
    _NOT_NULL: _nulls,
    _FOREIGN_KEY: _orphans,
    _UNIQUE: _duplicates,
    _CHECK: _violations,
}
