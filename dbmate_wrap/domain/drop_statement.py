"""Statements that drop an object of a dump, or bring back a part of it."""

import re

from dbmate_wrap.domain.dumped_objects import NAME, DumpedObject, plain
from dbmate_wrap.domain.identifier import quoted

_ROUTINE = re.compile(rf"CREATE (?:FUNCTION|PROCEDURE|AGGREGATE) {NAME}\.(?P<name>{NAME})\(")
_ADDED = re.compile(
    r'ALTER (?:FOREIGN )?TABLE (?:ONLY )?(?P<table>.+)\n\s+ADD CONSTRAINT (?P<name>"(?:[^"]|"")+"|\S+)'
)
_ON_TABLE = frozenset({"TRIGGER", "POLICY", "RULE"})
_IN_SCHEMA = frozenset(
    {
        "TABLE",
        "VIEW",
        "MATERIALIZED VIEW",
        "FOREIGN TABLE",
        "INDEX",
        "SEQUENCE",
        "TYPE",
        "DOMAIN",
        "STATISTICS",
    }
    | {"COLLATION", "CONVERSION", "TEXT SEARCH CONFIGURATION", "TEXT SEARCH DICTIONARY"}
)
_ROUTINES = frozenset({"FUNCTION", "PROCEDURE", "AGGREGATE"})
_CONSTRAINTS = frozenset({"CONSTRAINT", "FK CONSTRAINT", "CHECK CONSTRAINT"})


def part_statement(entry: DumpedObject, part: str, before: str, *, is_extra: bool) -> str | None:
    """The statement that takes away or brings back a column of a table."""
    prefix = f"column {entry.schema}.{entry.name}."
    if not part.startswith(prefix):
        return None
    column, table = part.removeprefix(prefix), _qualified(entry.schema, entry.name)
    if is_extra:
        return f"alter table {table} drop column {column} (its values are lost)"
    line = next((line for line in before.split("\n") if line.startswith(f"    {column} ")), "")
    return f"alter table {table} add column {line.strip().rstrip(',')}"


def drop_statement(entry: DumpedObject, text: str) -> str | None:
    """Return the statement that drops the object which `text` makes; None where that cannot be told."""
    if entry.kind in _CONSTRAINTS:
        found = _ADDED.search(text)
        return f"alter table {found['table']} drop constraint {found['name']}" if found else None
    kind, name = entry.kind.lower(), entry.name
    if kind in ("schema", "extension", "publication", "event trigger", "server", "foreign data wrapper"):
        return f"drop {kind} {quoted(name)}"
    if entry.kind in _IN_SCHEMA:
        return f"drop {kind} {_qualified(entry.schema, name)}"
    if entry.kind in _ROUTINES and (routine := _ROUTINE.search(text)):
        called = plain(routine["name"])
        return f"drop {kind} {_qualified(entry.schema, called)}{name.removeprefix(called)}"
    if entry.table and entry.kind in _ON_TABLE:
        return f"drop {kind} {quoted(entry.thing)} on {_qualified(entry.schema, entry.table)}"
    return None


def _qualified(schema: str, name: str) -> str:
    return f"{quoted(schema)}.{quoted(name)}"
