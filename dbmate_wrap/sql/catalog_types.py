"""Types that PostgreSQL itself brings along: they need no schema, pg_catalog is always searched first."""

from pathlib import Path

# pg_type of PostgreSQL 15 to 18 without array types (`_int4`) and what begins with `pg_`, which are known by
# their form. tests/integration/test_sql_verdicts.py compares the file with real servers.
_TYPES = frozenset(Path(__file__).with_name("catalog_types.txt").read_text(encoding="utf-8").split())
# Spellings that CREATE TABLE knows: https://www.postgresql.org/docs/18/datatype-numeric.html
_SERIALS = frozenset({"smallserial", "serial2", "serial", "serial4", "bigserial", "serial8"})
# Functions for CREATE TRIGGER that pg_catalog holds (those that enforce foreign keys are nobody's to name).
TRIGGER_FUNCTIONS = frozenset(
    {"suppress_redundant_updates_trigger", "tsvector_update_trigger", "tsvector_update_trigger_column"}
)


def is_catalog_type(name: str) -> bool:
    """Whether a type of this name, written without a schema, is PostgreSQL's own."""
    return (
        name in _TYPES
        or name in _SERIALS
        or name.startswith(("pg_", "_pg_"))
        or name.removeprefix("_") in _TYPES
    )
