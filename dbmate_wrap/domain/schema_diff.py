"""Compares two schemas as pg_dump wrote them, object by object, and names what differs."""

import re
from dataclasses import dataclass

from dbmate_wrap.domain.dumped_objects import DumpedObject, dumped_objects, without_parts

_COLUMN = re.compile(r' {4}(?P<constraint>CONSTRAINT )?(?P<name>"(?:[^"]|"")+"|[^\s,]+)')
# From PostgreSQL 18 on NOT NULL has a generated name, which stays the same when its column is renamed.
_NOT_NULL = re.compile(r' CONSTRAINT (?:\w+_not_null\d*|"(?:[^"]|"")+_not_null\d*") NOT NULL')
_WITH_CODE = {"FUNCTION", "PROCEDURE"}
# In other languages white space may have a meaning.
_CODE = r"(?m)^ {4}LANGUAGE (?:plpgsql|sql)\b"
_MOST_NAMES = 5
_Changes = tuple[list[str], list[str], list[str], list[str]]


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
