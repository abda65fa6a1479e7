"""Recognises code that changes every table which a catalog lists, by SQL that it makes at run time."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.parse import Statement

_CATALOGS = frozenset(
    {
        *("pg_class", "pg_tables", "pg_namespace", "pg_stat_user_tables", "pg_stat_all_tables"),
        *("pg_statio_user_tables", "information_schema.tables", "information_schema.schemata"),
    }
)
_TABLE_COLUMNS = frozenset({"tablename", "table_name", "relname"})
_SCHEMA_COLUMNS = frozenset({"schemaname", "table_schema", "schema_name", "nspname", "relnamespace"})
_COMPARISONS = frozenset({"=", "~~", "~~*", "~", "~*", "^@"})
_NEGATIONS = frozenset({"<>", "!~~", "!~~*"})
# Such a text, up to the place where a name is put in; the parts of a text are joined with NUL.
_COMMAND = re.compile(
    r"\b(truncate(?:\s+table)?|delete\s+from|drop\s+(?:table|schema|owned\s+by)|alter\s+(?:table|schema))"
    r"(?:\s+(?:if\s+exists|only))*\s*\"?(?:\w+\.)?\"?(?:[%\0]|$)",
    re.IGNORECASE,
)
_TAKING = re.compile(r"rename\s+to|set\s+schema|owner\s+to|(?:enable|force)\s+row", re.IGNORECASE)


def sweeps(parts: Sequence[Statement], schema: str, table: str) -> Iterator[tuple[int, str]]:
    """Yield the commands of a DO block that change all tables of a catalog, this one included, with places.

    `parts` are the statements of the block. Not in one that leaves the table out by its name.
    """
    found = [(part.offset, command) for part in parts if (command := _command(part))]
    listing = [part for part in parts if _reads_catalog(part)] if found else []
    own_names = {table, f"{schema}.{table}"}
    others = (part for part in parts if part not in listing)
    if any(_may_list(part, schema, table) for part in listing) and not any(
        own_names.intersection(_constants(part)) for part in others
    ):
        yield from found


def _command(statement: Statement) -> str | None:
    text = "\0".join(_constants(statement))
    command = _COMMAND.search(text)
    if command is None or (command[1][:1] in "aA" and not _TAKING.search(text)):
        return None
    return " ".join(command[1].upper().split())


def _reads_catalog(statement: Statement) -> bool:
    names = {node.relname for node in statement.of(pb.RangeVar) if node.schemaname != "information_schema"}
    names |= {f"{node.schemaname}.{node.relname}" for node in statement.of(pb.RangeVar)}
    # Partitions of some table, which the history is not.
    return not names.isdisjoint(_CATALOGS) and "pg_inherits" not in names


def _may_list(statement: Statement, schema: str, table: str) -> bool:
    """False where a condition keeps the table out."""
    conditions = (node for node in statement.walk() if isinstance(node, pb.A_Expr))
    return all(_lets_through(node, statement, schema, table) for node in conditions)


def _lets_through(condition: Message, statement: Statement, schema: str, table: str) -> bool:
    operator, column = condition.name[-1].string.sval, _column(condition.lexpr)
    constants = [
        each
        for text in _constants(replace(statement, tree=condition.rexpr))
        for each in text.strip("{}").split(",")
    ]
    if operator in _NEGATIONS:
        wanted = (schema,) if column in _SCHEMA_COLUMNS else (table, f"{schema}.{table}")
        return not any(_is_like(name, each) for name in wanted for each in constants)
    if operator not in _COMPARISONS or column not in _TABLE_COLUMNS | _SCHEMA_COLUMNS:
        return True
    if not constants:
        # A schema that is worked out may be any; a table is one.
        return column in _SCHEMA_COLUMNS
    return any(_is_like(schema if column in _SCHEMA_COLUMNS else table, each) for each in constants)


def _column(node: Message) -> str:
    while node.HasField("type_cast"):
        node = node.type_cast.arg
    return str(node.column_ref.fields[-1].string.sval) if node.HasField("column_ref") else ""


def _constants(statement: Statement) -> list[str]:
    return [str(node.sval.sval) for node in statement.of(pb.A_Const)]


def _is_like(name: str, pattern: str) -> bool:
    """Match as LIKE does; of a regular expression only an equal text is one."""
    parts = (re.escape(part).replace("_", ".") for part in pattern.split("%"))
    return re.fullmatch(".*".join(parts), name) is not None
