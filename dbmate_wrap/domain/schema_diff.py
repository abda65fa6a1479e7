"""Compares two schemas as pg_dump wrote them, object by object, and names what differs."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from dbmate_wrap.domain.dump_headers import split_objects
from dbmate_wrap.domain.identifier import quoted

# Settings that pg_dump writes where their value changes: after the object before.
_BETWEEN = ("--", "SET default_tablespace = ", "SET default_table_access_method = ")
_COLUMN = re.compile(r' {4}(?P<constraint>CONSTRAINT )?(?P<name>"(?:[^"]|"")+"|[^\s,]+)')
# From PostgreSQL 18 on NOT NULL has a generated name, which stays the same when its column is renamed.
_NOT_NULL = re.compile(r' CONSTRAINT (?:\w+_not_null\d*|"(?:[^"]|"")+_not_null\d*") NOT NULL')
# Objects that come and go with their table, and are not named beside it; pg_dump calls most `table thing`.
_WITH_TABLE = frozenset(
    {"CONSTRAINT", "FK CONSTRAINT", "CHECK CONSTRAINT", "DEFAULT", "INDEX", "SEQUENCE", "SEQUENCE OWNED BY"}
    | {"POLICY", "TRIGGER", "RULE", "COMMENT", "TABLE ATTACH", "INDEX ATTACH", "STATISTICS", "ROW SECURITY"}
)
_IN_TABLE = {"CONSTRAINT", "FK CONSTRAINT", "CHECK CONSTRAINT", "DEFAULT", "POLICY", "RULE", "TRIGGER"}
_TABLES = {"TABLE", "FOREIGN TABLE", "VIEW", "MATERIALIZED VIEW"}
# An empty database may have them from its template or from its host.
_BARE = {"SCHEMA", "EXTENSION", "COMMENT", "PROCEDURAL LANGUAGE"}
_WITH_CODE = {"FUNCTION", "PROCEDURE"}
# In other languages white space may have a meaning.
_CODE = r"(?m)^ {4}LANGUAGE (?:plpgsql|sql)\b"
_MOST_NAMES = 5
_Changes = tuple[list[str], list[str], list[str], list[str]]


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


@dataclass(frozen=True)
class Difference:
    """The objects that `found` has in excess, lacks, has otherwise and in another order; all in words."""

    extra: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    reordered: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.extra or self.missing or self.changed or self.reordered)

    @property
    def names(self) -> frozenset[str]:
        """All objects that differ, in words."""
        return frozenset((*self.extra, *self.missing, *self.changed, *self.reordered))

    def describe(self, *, extra: str, missing: str, changed: str) -> str:
        """Return one sentence with at most five names; each word stands before the names of its kind."""
        left, parts = _MOST_NAMES, []
        groups = ((extra, self.extra), (missing, self.missing), (changed, (*self.changed, *self.reordered)))
        for verb, names in groups:
            if names and left:
                more = f" and {len(names) - left} more" if len(names) > left else ""
                parts.append(f"{verb} {', '.join(names[:left])}{more}")
                left -= min(left, len(names))
            elif names:
                parts.append(f"{verb} {len(names)} more")
        return "; ".join(parts)


def compare_dumps(expected: str, found: str, history: tuple[str, str] | None = None) -> Difference:
    """Return the difference of two dumps by one pg_dump; the order of objects has no meaning.

    `history` is the schema and name of dbmate's own table, which is left out.
    """
    if expected == found:
        return Difference()
    before, after = dumped_objects(expected, history), dumped_objects(found, history)
    extra = tuple(entry for entry in after if entry not in before)
    missing = tuple(entry for entry in before if entry not in after)
    labels = [[each.label for each in without_parts(*pair)] for pair in ((extra, after), (missing, before))]
    result = [*labels, [], []]
    for entry, text in before.items():
        if entry in after and after[entry] != text:
            for names, more in zip(result, changed_parts(entry, text, after[entry]), strict=True):
                names.extend(more)
    return Difference(*(tuple(dict.fromkeys(names)) for names in result))


def layout_differences(expected: str, found: str, history: tuple[str, str] | None = None) -> frozenset[str]:
    """Return the objects, in words, in which only white space and comments of the code differ.

    COMMENT ON is one of them: nothing behaves in another way with another description.
    """
    before, after = dumped_objects(expected, history), dumped_objects(found, history)
    different = (entry for entry in {**before, **after} if before.get(entry) != after.get(entry))
    return frozenset(
        entry.label
        for entry in different
        if entry.kind == "COMMENT" or _is_same_code(entry, before.get(entry, ""), after.get(entry, ""))
    )


def _is_same_code(entry: DumpedObject, text: str, other: str) -> bool:
    # Imported here: every check imports this, and nearly none meets such a difference.
    from dbmate_wrap.domain.sql_layout import remove_layout

    is_code = entry.kind in _WITH_CODE and re.search(_CODE, text) and re.search(_CODE, other)
    return bool(is_code) and remove_layout(text) == remove_layout(other)


def first_difference(text: str, other: str) -> int:
    """Return the number of the first line of `text` that differs, from 1."""
    lines, others = text.split("\n"), other.split("\n")
    for number, (line, compared) in enumerate(zip(lines, others, strict=False), 1):
        if line != compared:
            return number
    return min(len(lines), len(others))


@lru_cache(maxsize=4)
def dumped_objects(dump: str, history: tuple[str, str] | None) -> Mapping[DumpedObject, str]:
    """Return the objects of a dump with their statements; `history` is left out as in `compare_dumps`."""
    found: dict[DumpedObject, str] = {}
    made = ((header.group("kind", "schema", "name"), text) for header, text in split_objects(dump))
    pairs = [(DumpedObject(*names), text) for names, text in made]
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
    for entry in entries:
        is_part = (entry.schema, entry.table) in made if entry.table else (entry.schema, entry.name) in parts
        if entry.kind not in _WITH_TABLE or not is_part:
            yield entry


def _pattern(name: str) -> str:
    """Return the pattern of a name as pg_dump writes it, in quotes where it has to."""
    in_quotes = re.escape(quoted(name))
    return f"(?:{in_quotes}|{name})" if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else in_quotes


def changed_parts(entry: DumpedObject, before: str, after: str) -> _Changes:
    """Return the extra, missing, changed and reordered parts of one object that both dumps have."""
    if not is_table(entry):
        return [], [], [entry.label], []
    old, old_rest = table_parts(entry, before)
    new, new_rest = table_parts(entry, after)
    extra = [part for part in new if part not in old]
    missing = [part for part in old if part not in new]
    changed = [part for part in old if part in new and old[part] != new[part]]
    if old_rest != new_rest and not (extra or missing or changed):
        changed.append(entry.label)
    moved = [part for part in old if part in new] != [part for part in new if part in old]
    return extra, missing, changed, [f"the order of the columns of {entry.label}"] if moved else []


def is_table(entry: DumpedObject) -> bool:
    """Return True for what has columns of its own."""
    return entry.kind in ("TABLE", "FOREIGN TABLE")


def table_parts(entry: DumpedObject, body: str) -> tuple[dict[str, str], list[str]]:
    """Return the columns and constraints of a CREATE TABLE by name, and all other lines."""
    parts: dict[str, str] = {}
    rest: list[str] = []
    table = f"{entry.schema}.{entry.name}"
    for line in _NOT_NULL.sub(" NOT NULL", body).split("\n"):
        match = _COLUMN.match(line)
        called = f"column {table}.{match['name']}" if match else ""
        if match and match["constraint"]:
            called = f"constraint {match['name']} of {table}"
        # An expression may go over several lines, which look like columns.
        if match and called not in parts:
            parts[called] = line.rstrip(",")
        else:
            rest.append(line)
    return parts, rest
