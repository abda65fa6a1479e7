"""Writes the queries that find the rows which violate a constraint."""

from collections.abc import Mapping, Sequence

from google.protobuf.message import Message
from postgast import deparse, parse
from postgast import pg_query_pb2 as pb

# Enough to see what is wrong with them.
MOST_ROWS = 20


def null_query(relation: pb.RangeVar, columns: Sequence[str]) -> str:
    """Return the query for rows in which one of the columns is null."""
    where = " or ".join(f"c{number} is null" for number in range(len(columns)))
    return _select(relation, f"where {where}", {f"c{n}": _column(name) for n, name in enumerate(columns)})


def any_row_query(relation: pb.RangeVar) -> str:
    """Return the query for rows of any kind."""
    return _select(relation, "", {})


def check_query(relation: pb.RangeVar, expression: pb.Node) -> str:
    """Return the query for rows for which the expression is false."""
    return _select(relation, "where not (c)", {"c": expression})


def orphan_query(relation: pb.RangeVar, constraint: pb.Constraint) -> str | None:
    """Return the query for rows that reference nothing; None where the referenced columns are not known."""
    own, keys = names_of(constraint.fk_attrs), names_of(constraint.pk_attrs)
    if len(keys) != len(own) or constraint.fk_with_period:
        return None
    # With MATCH FULL a row that is null in part references nothing either.
    joined = " or " if constraint.fk_matchtype == "f" else " and "
    filled = joined.join(f"r{n} is not null" for n in range(len(own)))
    same = " and ".join(f"k{n} = r{n}" for n in range(len(own)))
    stands_for = {f"r{n}": _column("referencing", key) for n, key in enumerate(own)}
    stands_for |= {f"k{n}": _column("referenced", key) for n, key in enumerate(keys)}
    where = f"where ({filled}) and not exists (select from r as referenced where {same})"
    return _select(relation, where, stands_for, alias="referencing", referenced=constraint.pktable)


def duplicate_query(
    relation: pb.RangeVar, columns: Sequence[pb.Node], where: pb.Node, *, nulls_are_equal: bool
) -> str | None:
    """Return the query for values (of columns or expressions of an index) that are there more than once."""
    values = [each.index_elem for each in columns]
    if not values:
        return None
    names = [f"c{number}" for number in range(len(values))]
    stands_for = {
        name: value.expr if value.HasField("expr") else _column(value.name)
        for name, value in zip(names, values, strict=True)
    }
    conditions = [] if nulls_are_equal else [f"{name} is not null" for name in names]
    if where.WhichOneof("node") is not None:
        conditions[:0], stands_for["w"] = ["w"], where
    listed, condition = ", ".join(names), f"where {' and '.join(conditions)}" if conditions else ""
    text = f"select {listed}, count(*) from t {condition} group by {listed} having count(*) > 1"  # noqa: S608 - a template of our own
    return _write(text, relation, stands_for)


def index_columns(names: Sequence[str]) -> list[pb.Node]:
    """Return the columns as those of an index."""
    return [pb.Node(index_elem=pb.IndexElem(name=name)) for name in names]


def names_of(nodes: Sequence[pb.Node]) -> list[str]:
    """Return the names in a list of the parser."""
    return [str(node.string.sval) for node in nodes]


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
    result = parse(f"{template} limit {MOST_ROWS}")
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
