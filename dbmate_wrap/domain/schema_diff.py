"""Compares two schemas as pg_dump wrote them, object by object, and names what differs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# pg_dump writes a header with name, kind and schema before every object; "-" stands for no schema.
_HEADER = re.compile("^-- Name: (.+); Type: ([A-Z ]+); Schema: (.+?); Owner: .*$", re.M)
# Settings that pg_dump writes where their value changes: after the object before.
_BETWEEN = ("--", "SET default_tablespace = ", "SET default_table_access_method = ")
_COLUMN = re.compile(r' {4}(?P<constraint>CONSTRAINT )?(?P<name>"(?:[^"]|"")+"|[^\s,]+)')
# From PostgreSQL 18 on NOT NULL has a generated name, which stays the same when its column is renamed.
_NOT_NULL = re.compile(r' CONSTRAINT (?:\w+_not_null\d*|"(?:[^"]|"")+_not_null\d*") NOT NULL')
# Objects that come and go with their table, and are not named beside it; pg_dump calls most `table thing`.
_WITH_TABLE = frozenset(
    {"CONSTRAINT", "FK CONSTRAINT", "DEFAULT", "INDEX", "SEQUENCE", "SEQUENCE OWNED BY", "ROW SECURITY"}
    | {"POLICY", "TRIGGER", "RULE", "COMMENT", "TABLE ATTACH", "INDEX ATTACH", "STATISTICS"}
)
_IN_TABLE = {"CONSTRAINT", "FK CONSTRAINT", "CHECK CONSTRAINT", "DEFAULT", "POLICY", "RULE", "TRIGGER"}
_WITH_CODE = {"FUNCTION", "PROCEDURE"}
# In other languages white space may have a meaning.
_CODE = r"(?m)^ {4}LANGUAGE (?:plpgsql|sql)\b"
_MOST_NAMES = 5
_Changes = tuple[list[str], list[str], list[str], list[str]]


@dataclass(frozen=True)
class DumpedObject:
    """One object of a dump: `kind` in pg_dump's words (TABLE), `schema` "-" for an object without one."""

    kind: str
    schema: str
    name: str

    @property
    def label(self) -> str:
        """The name in words: ``table app.orders``, ``constraint orders_pkey of app.orders``."""
        kind, prefix = self.kind.lower(), f"{self.schema}." if self.schema != "-" else ""
        table, space, thing = self.name.partition(" ")
        if self.kind in _IN_TABLE and space:
            return f"{kind} {thing} of {prefix}{table}"
        if self.kind == "COMMENT":
            return f"comment on {table.lower()} {prefix if '.' not in thing else ''}{thing}"
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


def dumped_objects(dump: str, history: tuple[str, str] | None) -> dict[DumpedObject, str]:
    """Return the objects of a dump with their statements; `history` is left out as in `compare_dumps`."""
    found: dict[DumpedObject, str] = {}
    # What stands before the first header, then three groups and the text after each of them.
    pieces = iter(_HEADER.split(dump)[1:])
    for name, kind, schema, text in zip(pieces, pieces, pieces, pieces, strict=True):
        entry = DumpedObject(kind, schema, name)
        if history is None or not _is_history(entry, *history):
            # Two objects of one name are one entry with both texts.
            found[entry] = found.get(entry, "") + _body(text)
    return found


def _is_history(entry: DumpedObject, schema: str, table: str) -> bool:
    # dbmate makes the table's schema as well, where it is missing.
    is_schema = entry == DumpedObject("SCHEMA", "-", schema)
    return is_schema or (entry.schema == schema and entry.name.split(" ")[0] == table)


def _body(text: str) -> str:
    lines = text.rstrip().split("\n")
    while lines and (not lines[-1].strip() or lines[-1].startswith(_BETWEEN)):
        lines.pop()
    return "\n".join(lines)


def without_parts(
    entries: tuple[DumpedObject, ...], bodies: Mapping[DumpedObject, str]
) -> Iterator[DumpedObject]:
    """Yield the objects that do not come and go with a table which is one of them."""
    made = [entry for entry in entries if entry.kind == "TABLE"]
    tables = [f" {_pattern(entry.schema)}\\.{_pattern(entry.name)}" for entry in made]
    mention = re.compile(f"(?:{'|'.join(tables)})" + r"(?![\w$\"])") if tables else None
    with_table = {
        (entry.schema, entry.name)
        for entry in entries
        if mention and entry.kind in _WITH_TABLE and mention.search(bodies[entry])
    }
    # An index of a constraint is attached by its own name.
    attached = {(schema, name.rpartition(" ")[2]) for schema, name in with_table}
    for entry in entries:
        here = (entry.schema, entry.name)
        is_part = here in with_table or (entry.kind == "INDEX ATTACH" and here in attached)
        if entry.kind not in _WITH_TABLE or not is_part:
            yield entry


def _pattern(name: str) -> str:
    """Return the pattern of a name as pg_dump writes it, in quotes where it has to."""
    return f'"?{re.escape(name.replace(chr(34), chr(34) * 2))}"?'


def changed_parts(entry: DumpedObject, before: str, after: str) -> _Changes:
    """Return the extra, missing, changed and reordered parts of one object that both dumps have."""
    if entry.kind not in ("TABLE", "FOREIGN TABLE"):
        return [], [], [entry.label], []
    old, old_rest = _table_parts(entry, before)
    new, new_rest = _table_parts(entry, after)
    extra = [part for part in new if part not in old]
    missing = [part for part in old if part not in new]
    changed = [part for part in old if part in new and old[part] != new[part]]
    if old_rest != new_rest and not (extra or missing or changed):
        changed.append(entry.label)
    moved = [part for part in old if part in new] != [part for part in new if part in old]
    return extra, missing, changed, [f"the order of the columns of {entry.label}"] if moved else []


def _table_parts(entry: DumpedObject, body: str) -> tuple[dict[str, str], list[str]]:
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
