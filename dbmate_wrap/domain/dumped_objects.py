"""The objects of a dump, and which of them come and go with others."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from dbmate_wrap.domain.dump_headers import split_objects
from dbmate_wrap.domain.identifier import quoted

# Settings that pg_dump writes where their value changes: after the object before.
_BETWEEN = ("--", "SET default_tablespace = ", "SET default_table_access_method = ")
# Objects that come and go with their table, and are not named beside it; pg_dump calls most `table thing`.
_WITH_TABLE = frozenset(
    {"CONSTRAINT", "FK CONSTRAINT", "CHECK CONSTRAINT", "DEFAULT", "INDEX", "SEQUENCE", "SEQUENCE OWNED BY"}
    | {"POLICY", "TRIGGER", "RULE", "COMMENT", "TABLE ATTACH", "INDEX ATTACH", "STATISTICS", "ROW SECURITY"}
)
_IN_TABLE = {"CONSTRAINT", "FK CONSTRAINT", "CHECK CONSTRAINT", "DEFAULT", "POLICY", "RULE", "TRIGGER"}
_TABLES = {"TABLE", "FOREIGN TABLE", "VIEW", "MATERIALIZED VIEW"}
# An empty database may have them from its template or from its host.
_BARE = {"SCHEMA", "EXTENSION", "COMMENT", "PROCEDURAL LANGUAGE"}
# An identifier as pg_dump writes it.
NAME = r'(?:"(?:[^"]|"")+"|[^\s"().]+)'
_INDEX_ATTACHED = re.compile(rf"ALTER INDEX ({NAME})\.({NAME}) ATTACH PARTITION ")


@dataclass(frozen=True)
class DumpedObject:
    """One object of a dump: `kind` in pg_dump's words (TABLE), `schema` "-" for an object without one.

    `table` is the table of what pg_dump calls `table thing`: a constraint, a policy; else "".
    """

    kind: str
    schema: str
    name: str
    table: str = field(default="", compare=False)

    @property
    def thing(self) -> str:
        """The name without the table."""
        return self.name.removeprefix(f"{self.table} ") if self.table else self.name

    @property
    def label(self) -> str:
        """The name in words: ``table app.orders``, ``constraint orders_pkey of app.orders``."""
        kind, prefix = self.kind.lower(), f"{self.schema}." if self.schema != "-" else ""
        if self.table:
            return f"{kind} {self.thing} of {prefix}{self.table}"
        if self.kind == "COMMENT":
            about, _, thing = self.name.partition(" ")
            return f"comment on {about.lower()} {prefix if '.' not in thing else ''}{thing}"
        return f"{kind} {prefix}{self.name}"


@lru_cache(maxsize=4)
def dumped_objects(dump: str, history: tuple[str, str] | None) -> Mapping[DumpedObject, str]:
    """Return the objects of a dump with their statements; `history` is left out as in `compare_dumps`."""
    found: dict[DumpedObject, str] = {}
    pairs = [
        (DumpedObject(*header.group("kind", "schema", "name")), text) for header, text in split_objects(dump)
    ]
    tables = {(entry.schema, entry.name) for entry, _ in pairs if entry.kind in _TABLES}
    for unnamed, text in pairs:
        entry = _with_table(unnamed, tables)
        if history is None or not _is_history(entry, *history):
            # Two objects of one name are one entry with both texts.
            found[entry] = found.get(entry, "") + _body(text)
    return found


def is_bare(dump: str, history: tuple[str, str] | None) -> bool:
    """Return True where the dump has nothing but what an empty database may have, and dbmate's own table."""
    return all(entry.kind in _BARE for entry in dumped_objects(dump, history))


def _with_table(entry: DumpedObject, tables: Collection[tuple[str, str]]) -> DumpedObject:
    """Name the table of what belongs to one. There may be blanks in its name as well as in the thing's."""
    if entry.kind not in _IN_TABLE or " " not in entry.name:
        return entry
    blanks = [each.start() for each in re.finditer(" ", entry.name)]
    names = [entry.name[:end] for end in blanks]
    known = next((name for name in reversed(names) if (entry.schema, name) in tables), names[0])
    return replace(entry, table=known)


def _is_history(entry: DumpedObject, schema: str, table: str) -> bool:
    # dbmate makes the table's schema as well, where it is missing.
    is_schema = entry == DumpedObject("SCHEMA", "-", schema)
    return is_schema or (entry.schema == schema and table in (entry.table, entry.name.split(" ")[0]))


def _body(text: str) -> str:
    lines = text.rstrip().split("\n")
    while lines and (not lines[-1].strip() or lines[-1].startswith(_BETWEEN)):
        lines.pop()
    return "\n".join(lines)


def without_parts(
    entries: tuple[DumpedObject, ...], bodies: Mapping[DumpedObject, str]
) -> Iterator[DumpedObject]:
    """Yield the objects that do not come and go with a table (or view) which is one of them."""
    made = {(entry.schema, entry.name) for entry in entries if entry.kind in _TABLES}
    tables = [f" {_pattern(schema)}\\.{_pattern(name)}" for schema, name in made]
    mention = re.compile(f"(?:{'|'.join(tables)})" + r"(?![\w$\"])") if tables else None
    parts = {
        (entry.schema, entry.name)
        for entry in entries
        if mention and entry.kind in _WITH_TABLE and not entry.table and mention.search(bodies[entry])
    }
    # The index of a constraint is attached by its own name.
    parts |= {
        (entry.schema, entry.thing)
        for entry in entries
        if entry.kind == "CONSTRAINT" and (entry.schema, entry.table) in made
    }
    indexes = frozenset(_index_parts(entries, bodies))
    parts |= indexes
    for entry in entries:
        is_part = (entry.schema, entry.table) in made if entry.table else (entry.schema, entry.name) in parts
        if entry.kind == "CONSTRAINT":
            is_part = is_part or (entry.schema, entry.thing) in indexes
        if entry.kind not in _WITH_TABLE or not is_part:
            yield entry


def _index_parts(
    entries: tuple[DumpedObject, ...], bodies: Mapping[DumpedObject, str]
) -> Iterator[tuple[str, str]]:
    """Yield the indexes of partitions that come and go with one of the partitioned table."""
    indexes = {f"{each.schema}.{each.thing}" for each in entries if each.kind in ("INDEX", "CONSTRAINT")}
    for entry in entries:
        found = _INDEX_ATTACHED.search(bodies[entry]) if entry.kind == "INDEX ATTACH" else None
        if found and ".".join(plain(name) for name in found.groups()) in indexes:
            yield entry.schema, entry.name


def _pattern(name: str) -> str:
    """Return the pattern of a name as pg_dump writes it, in quotes where it has to."""
    in_quotes = re.escape(quoted(name))
    return f"(?:{in_quotes}|{name})" if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else in_quotes


def plain(name: str) -> str:
    """Return the name that a dump writes so."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
