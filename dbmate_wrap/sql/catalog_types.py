"""PostgreSQL's built-in types: they need no schema, because pg_catalog is always searched first."""

from pathlib import Path

# pg_type of PostgreSQL 15 to 18 without array types (`_int4`) and names that begin with `pg_`, which have
# a known form. tests/integration/test_sql_verdicts.py compares the file with real servers.
_TYPES = frozenset(Path(__file__).with_name("catalog_types.txt").read_text(encoding="utf-8").split())
# Spellings that only CREATE TABLE accepts: https://www.postgresql.org/docs/18/datatype-numeric.html
_SERIALS = frozenset({"smallserial", "serial2", "serial", "serial4", "bigserial", "serial8"})
# Functions in pg_catalog for CREATE TRIGGER, without those for foreign keys, which no migration names.
TRIGGER_FUNCTIONS = frozenset(
    {"suppress_redundant_updates_trigger", "tsvector_update_trigger", "tsvector_update_trigger_column"}
)


def is_catalog_type(name: str) -> bool:
    """Return whether a type of this name, written without a schema, is built in."""
    return (
        name in _TYPES
        or name in _SERIALS
        or name.startswith(("pg_", "_pg_"))
        or name.removeprefix("_") in _TYPES
    )
