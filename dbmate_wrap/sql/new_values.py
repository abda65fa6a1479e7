"""Uses of an enum's value in the transaction that added it, which PostgreSQL refuses (55P04)."""

from collections.abc import Iterator, Sequence

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.bodies import bodies
from dbmate_wrap.sql.catalog_types import is_catalog_type
from dbmate_wrap.sql.named import parts_of
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.parse import Statement


def uses_of_new_values(statements: Sequence[Statement]) -> Iterator[tuple[str, int]]:
    """Yield constants that equal a value which an earlier ALTER TYPE of the block added; one per statement.

    Each is the value and the constant's character in the block. Left out are constants that the statement
    gives another type, and bodies that PostgreSQL parses only when they run (PL/pgSQL); bodies in SQL it
    parses at once. Values of types that the same block creates may be used, on PostgreSQL 17 and newer.
    """
    added: set[str] = set()
    created: set[str] = set()
    for statement in statements:
        if isinstance(statement.tree, pb.CreateEnumStmt):
            created.add(parts_of(statement.tree.type_name)[-1])
        for part in nested_statements(statement):
            tree = part.tree
            if isinstance(tree, pb.AlterEnumStmt):
                if tree.new_val and not tree.old_val and parts_of(tree.type_name)[-1] not in created:
                    added.add(str(tree.new_val))
            elif added:
                yield from _first_use(part, added)


def _first_use(statement: Statement, added: set[str]) -> Iterator[tuple[str, int]]:
    for part in _parsed_now(statement):
        # Most statements hold none of them, and this test is fast.
        if not any(value in part.text for value in added):
            continue
        elsewhere = _typed_constants(part)
        for node in part.of(pb.A_Const):
            if node.sval.sval in added and node.location not in elsewhere:
                yield str(node.sval.sval), part.at(node.location)
                return


def _parsed_now(statement: Statement) -> Iterator[Statement]:
    yield statement
    if isinstance(statement.tree, pb.CreateFunctionStmt):
        for body in bodies(statement):
            if body.language == "sql":
                yield from body.statements


def _typed_constants(statement: Statement) -> frozenset[int]:
    """Return the locations of constants that are cast to a built-in type, or belong to a column of one."""
    casts = [cast.arg for cast in statement.of(pb.TypeCast) if _is_built_in(cast.type_name)]
    constants = [node.a_const for node in casts if node.HasField("a_const")]
    for column in statement.of(pb.ColumnDef):
        if column.HasField("type_name") and _is_built_in(column.type_name):
            for constraint in column.constraints:
                constants += _constants(constraint.constraint.raw_expr)
    return frozenset(constant.location for constant in constants)


def _constants(expression: Message) -> Iterator[Message]:
    """Yield the constants of a plain default, and of checks like `column = 'x'` or `column IN ('x', 'y')`."""
    pending = [expression]
    while pending:
        node = pending.pop()
        match node.WhichOneof("node"):
            case "a_const":
                yield node.a_const
            case "a_expr":
                pending.append(node.a_expr.rexpr)
            case "list":
                pending += node.list.items
            case _:
                pass


def _is_built_in(type_name: Message) -> bool:
    parts = parts_of(type_name.names)
    return parts[0] == "pg_catalog" if len(parts) > 1 else is_catalog_type(parts[0])
