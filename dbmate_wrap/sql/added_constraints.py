"""Finds the constraints that a statement adds to a table with rows, or validates there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.domain.probe import ConstraintLookup
from dbmate_wrap.sql import violation_queries as queries
from dbmate_wrap.sql.named import parts_of
from dbmate_wrap.sql.parse import read_sql

_FILLED = frozenset({pb.CONSTR_DEFAULT, pb.CONSTR_GENERATED, pb.CONSTR_IDENTITY})
_SERIAL = frozenset({"serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"})


class Kind(StrEnum):
    """The kinds of constraints that rows can violate."""

    NOT_NULL = "NOT NULL"
    CHECK = "CHECK"
    UNIQUE = "UNIQUE"
    FOREIGN_KEY = "FOREIGN KEY"


@dataclass(frozen=True)
class AddedConstraint:
    """A constraint of `relation`; `name` is its own, of NOT NULL the column; None where the server names it.

    `what` is for people. `query` is None where only the live server can tell, which `lookup` asks for then;
    `columns` are those of the relation in it. `validated` is False for NOT VALID. `fills`: it is about a new
    column, which no row fills.
    """

    kind: Kind
    name: str | None
    what: str
    relation: pb.RangeVar
    query: str | None
    columns: tuple[str, ...] = ()
    validated: bool = True
    lookup: ConstraintLookup | None = None
    fills: bool = False
    constraint: pb.Constraint = field(default_factory=pb.Constraint, repr=False)

    @property
    def referenced(self) -> pb.RangeVar | None:
        """The table that a foreign key references."""
        return self.constraint.pktable if self.kind is Kind.FOREIGN_KEY else None


def added_constraints(tree: Message) -> Iterator[AddedConstraint]:
    """Yield the constraints that the statement adds to a table, or validates; none of a new table."""
    if isinstance(tree, pb.IndexStmt) and tree.unique:
        yield from _of_index(tree)
    if not isinstance(tree, pb.AlterTableStmt):
        return
    relation = tree.relation
    for command in (node.alter_table_cmd for node in tree.cmds):
        definition = getattr(command, "def")
        if command.subtype == pb.AT_SetNotNull:
            yield _not_null(relation, [command.name])
        elif command.subtype == pb.AT_AddColumn:
            yield from _of_new_column(relation, definition.column_def)
        elif command.subtype == pb.AT_AddConstraint:
            yield from of_constraint(relation, definition.constraint)
        elif command.subtype == pb.AT_ValidateConstraint:
            lookup = ConstraintLookup(relation.schemaname, relation.relname, command.name)
            what = f"constraint {command.name} of {table_name(relation)}"
            yield AddedConstraint(Kind.CHECK, command.name, what, relation, None, lookup=lookup)


def complete(added: AddedConstraint, definition: str) -> Iterator[AddedConstraint]:
    """Yield what was to be looked up, with the query; `definition` is as pg_get_constraintdef writes it."""
    assert added.lookup is not None
    for found in _parse_definition(definition):
        if added.lookup.name is None:
            constraint = pb.Constraint()
            constraint.CopyFrom(added.constraint)
            constraint.pk_attrs.extend(found.keys)
            query = queries.orphan_query(added.relation, constraint)
            yield replace(added, query=query, constraint=constraint, lookup=None)
        else:
            found.conname = added.lookup.name
            for each in of_constraint(added.relation, found):
                yield replace(each, validated=True)


def table_name(relation: pb.RangeVar) -> str:
    """Return the name as people read it, with its schema where the statement names one."""
    return f"{relation.schemaname}.{relation.relname}" if relation.schemaname else str(relation.relname)


def of_constraint(relation: pb.RangeVar, constraint: pb.Constraint) -> Iterator[AddedConstraint]:
    """Yield what rows have to satisfy for one constraint of a table: of a primary key two things."""
    keys = queries.names_of(constraint.keys)
    name: str | None = constraint.conname or None
    table, validated = table_name(relation), not constraint.skip_validation
    match constraint.contype:
        case pb.CONSTR_NOTNULL:
            yield replace(_not_null(relation, keys), name=name or keys[0], validated=validated)
        case pb.CONSTR_CHECK if constraint.is_enforced:
            query = queries.check_query(relation, constraint.raw_expr)
            what = " ".join(filter(None, ("CHECK", name, f"of {table}")))
            columns = tuple(_columns_in(constraint.raw_expr))
            yield AddedConstraint(Kind.CHECK, name, what, relation, query, columns, validated)
        case pb.CONSTR_UNIQUE | pb.CONSTR_PRIMARY if keys and not constraint.without_overlaps:
            yield from _of_keys(relation, constraint, keys)
        case pb.CONSTR_FOREIGN if constraint.is_enforced:
            yield _foreign_key(relation, constraint)
        case _:
            pass


def _of_keys(
    relation: pb.RangeVar, constraint: pb.Constraint, keys: Sequence[str]
) -> Iterator[AddedConstraint]:
    name, is_primary = constraint.conname or None, constraint.contype == pb.CONSTR_PRIMARY
    if is_primary:
        yield replace(_not_null(relation, keys), name=name)
    # Null in a primary key is the other violation.
    nulls_are_equal = bool(constraint.nulls_not_distinct)
    columns = queries.index_columns(keys)
    query = queries.duplicate_query(relation, columns, pb.Node(), nulls_are_equal=nulls_are_equal)
    kind = "PRIMARY KEY" if is_primary else "UNIQUE"
    what = f"{kind} ({', '.join(keys)}) of {table_name(relation)}"
    yield AddedConstraint(Kind.UNIQUE, name, what, relation, query, tuple(keys))


def _foreign_key(relation: pb.RangeVar, constraint: pb.Constraint) -> AddedConstraint:
    own, other = queries.names_of(constraint.fk_attrs), constraint.pktable
    query = queries.orphan_query(relation, constraint)
    key = ConstraintLookup(other.schemaname, other.relname, None)
    return AddedConstraint(
        Kind.FOREIGN_KEY,
        constraint.conname or None,
        f"FOREIGN KEY ({', '.join(own)}) of {table_name(relation)}",
        relation,
        query,
        tuple(own),
        not constraint.skip_validation,
        None if constraint.pk_attrs else key,
        constraint=constraint,
    )


def _not_null(relation: pb.RangeVar, columns: Sequence[str]) -> AddedConstraint:
    listed = columns[0] if len(columns) == 1 else f"({', '.join(columns)})"
    what, query = f"NOT NULL of {table_name(relation)}.{listed}", queries.null_query(relation, columns)
    return AddedConstraint(Kind.NOT_NULL, columns[0], what, relation, query, tuple(columns))


def _of_new_column(relation: pb.RangeVar, column: pb.ColumnDef) -> Iterator[AddedConstraint]:
    kinds = {node.constraint.contype for node in column.constraints}
    is_serial = parts_of(column.type_name.names)[-1:] and parts_of(column.type_name.names)[-1] in _SERIAL
    if kinds & {pb.CONSTR_NOTNULL, pb.CONSTR_PRIMARY} and not kinds & _FILLED and not is_serial:
        what = f"NOT NULL of {table_name(relation)}.{column.colname}, a new column without a default"
        query = queries.any_row_query(relation)
        yield AddedConstraint(Kind.NOT_NULL, column.colname, what, relation, query, fills=True)


def _of_index(tree: pb.IndexStmt) -> Iterator[AddedConstraint]:
    relation, name = tree.relation, tree.idxname or None
    query = queries.duplicate_query(
        relation, tree.index_params, tree.where_clause, nulls_are_equal=bool(tree.nulls_not_distinct)
    )
    what = " ".join(filter(None, ("unique index", name, f"of {table_name(relation)}")))
    used = [node.index_elem.name for node in tree.index_params if node.index_elem.name]
    used += [each for node in tree.index_params for each in _columns_in(node)]
    used += _columns_in(tree.where_clause)
    yield AddedConstraint(Kind.UNIQUE, name, what, relation, query, tuple(dict.fromkeys(used)))


def _columns_in(node: Message) -> Iterator[str]:
    """Yield the last parts of all names of columns in an expression."""
    if isinstance(node, pb.ColumnRef):
        last = node.fields[-1]
        if last.WhichOneof("node") == "string":
            yield str(last.string.sval)
        return
    for descriptor, value in node.ListFields():
        if descriptor.message_type is not None:
            for each in value if descriptor.is_repeated else [value]:
                yield from _columns_in(each)


def _parse_definition(definition: str) -> Iterator[pb.Constraint]:
    for statement in read_sql(f"alter table t add {definition}").statements:
        for node in getattr(statement.tree, "cmds", ()):
            yield getattr(node.alter_table_cmd, "def").constraint
