"""The differences of a live schema from what its migrations make, and a way to end each."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Literal

from dbmate_wrap.domain.drop_statement import drop_statement, part_statement
from dbmate_wrap.domain.dumped_objects import NAME, DumpedObject, dumped_objects, plain, without_parts
from dbmate_wrap.domain.same_text import may_say_the_same, pair_digests, with_known_parts
from dbmate_wrap.domain.schema_diff import changed_parts

Change = Literal["missing", "extra", "changed", "reordered", "rights", "remark", "partition"]
# Classes of their own: they are shown when asked for, and are no drift.
BESIDE: frozenset[Change] = frozenset({"reordered", "rights", "remark", "partition"})

_ATTACHED = re.compile(rf"ALTER TABLE ONLY (?P<schema>{NAME})\.(?P<name>{NAME}) ATTACH PARTITION ")
_KIND_OF_FACT = {
    "the owner of ": "owner",
    "the privileges of ": "privileges",
    "the default privileges ": "privileges",
    "the setting ": "setting",
    "the version of extension ": "extension",
    "the index ": "index",
}
_RIGHTS = ("the owner of ", "the privileges of ", "the default privileges ")
_KEEP = "to keep it, write it down: dbmate-wrap new NAME"
_LOSES_ROWS = frozenset({"TABLE", "SEQUENCE", "SCHEMA", "TYPE", "DOMAIN", "EXTENSION"})
_REPLACED = frozenset({"FUNCTION", "PROCEDURE", "VIEW", "TRIGGER"})
_MOST_LINES = 400


@dataclass(frozen=True)
class SchemaDifference:
    """One object that differs; its field names are keys of the public JSON.

    `missing` is what the migrations make and the live schema lacks, `extra` the opposite. `diff` is a unified
    diff from what the migrations make to what is live, `hint` how to end the difference.
    """

    change: Change
    kind: str
    name: str
    diff: str = ""
    hint: str = ""

    @property
    def is_drift(self) -> bool:
        """False for the classes that are no drift."""
        return self.change not in BESIDE

    @property
    def label(self) -> str:
        """The object in words: ``table public.orders``."""
        # The names of what pg_dump leaves out say what they are.
        return self.name if self.name.startswith("the ") else f"{self.kind} {self.name}"


def find_differences(
    expected: str,
    live: str,
    history: tuple[str, str] | None = None,
    same: frozenset[str] = frozenset(),
) -> tuple[SchemaDifference, ...]:
    """Return what differs between two dumps by one pg_dump; `history` as in `compare_dumps`.

    `same` are the digests of pairs of texts that are known to make one object.
    """
    if expected == live:
        return ()
    before, after = dumped_objects(expected, history), dumped_objects(live, history)
    extra = tuple(entry for entry in after if entry not in before)
    missing = tuple(entry for entry in before if entry not in after)
    partitions = _partitions(before, after)
    found = [_missing(entry, before[entry]) for entry in without_parts(missing, before)]
    for entry in without_parts(extra, after):
        is_partition = (entry.schema, entry.table or entry.name) in partitions
        found.append(_extra(entry, after[entry], is_partition=is_partition))
    for entry, text in before.items():
        there = with_known_parts(entry, text, after.get(entry, text), same)
        # A generated name of NOT NULL that differs is no part that differs.
        if there != text and any(changed_parts(entry, text, there)):
            found.append(_changed(entry, text, there))
    return tuple(found)


def differing_pairs(
    expected: str, live: str, history: tuple[str, str] | None = None
) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Return the digests of each object's pairs of texts that are not the same, by kind and name."""
    before, after = dumped_objects(expected, history), dumped_objects(live, history)
    return {
        _words(entry): pair_digests(entry, text, after[entry])
        for entry, text in before.items()
        if entry in after and after[entry] != text
    }


def may_be_the_same(expected: str, live: str, history: tuple[str, str] | None, same: frozenset[str]) -> bool:
    """Return True where a difference may be one of how an expression is written; `same` as above."""
    before, after = dumped_objects(expected, history), dumped_objects(live, history)
    return any(
        may_say_the_same(entry, text, with_known_parts(entry, text, after[entry], same))
        for entry, text in before.items()
        if entry in after and after[entry] != text and entry.kind != "COMMENT"
    )


def find_fact_differences(
    expected: Mapping[str, str], live: Mapping[str, str], *, same_major: bool
) -> Iterator[SchemaDifference]:
    """Yield what differs in what pg_dump leaves out: rights, settings, versions, invalid indexes.

    The version of an extension is compared where both servers are of one major.
    """
    for name in sorted(expected.keys() | live.keys()):
        before, after = expected.get(name), live.get(name)
        is_version = name.startswith("the version of extension ")
        # An extension that only one of them has is an object of the dumps.
        if before == after or (is_version and (not same_major or before is None or after is None)):
            continue
        change: Change = "missing" if after is None else "extra" if before is None else "changed"
        if name.startswith(_RIGHTS):
            change = "rights"
        kind = next(kind for begin, kind in _KIND_OF_FACT.items() if name.startswith(begin))
        yield SchemaDifference(change, kind, name, _diff(before or "", after or ""), _fact_hint(name))


def _fact_hint(name: str) -> str:
    if name.startswith("the index "):
        return "drop it CONCURRENTLY and build it again, or: reindex index concurrently"
    return f"undo it, or write it down: dbmate-wrap new NAME ({name})"


def _partitions(
    before: Mapping[DumpedObject, str], after: Mapping[DumpedObject, str]
) -> frozenset[tuple[str, str]]:
    """The live partitions, as (schema, name), of tables that the migrations make, and those below them."""
    made = {(each.schema, each.name) for each in before if each.kind == "TABLE"}
    parents = {
        (entry.schema, entry.name): (plain(found["schema"]), plain(found["name"]))
        for entry, text in after.items()
        if entry.kind == "TABLE ATTACH" and entry not in before and (found := _ATTACHED.search(text))
    }
    return frozenset(each for each in parents if _root(each, parents) in made)


def _root(table: tuple[str, str], parents: Mapping[tuple[str, str], tuple[str, str]]) -> tuple[str, str]:
    while table in parents:
        table = parents[table]
    return table


def _missing(entry: DumpedObject, text: str) -> SchemaDifference:
    change: Change = "remark" if entry.kind == "COMMENT" else "missing"
    statement = _statement(text).removesuffix(";")
    again = f"bring it back: {statement}" if "\n" not in statement else "bring it back by the lines with -"
    hint = f"{again}; where it has to go, write that down: dbmate-wrap new NAME"
    return SchemaDifference(change, *_words(entry), _diff(text, ""), hint)


def _extra(entry: DumpedObject, text: str, *, is_partition: bool) -> SchemaDifference:
    change: Change = "remark" if entry.kind == "COMMENT" else "partition" if is_partition else "extra"
    drop = drop_statement(entry, text)
    hint = f"{_KEEP} with the lines with +"
    if drop is not None:
        lost = " (what is in it is lost)" if entry.kind in _LOSES_ROWS else ""
        hint += f"; or take it away: {drop}{lost}"
    return SchemaDifference(change, *_words(entry), _diff("", text), hint)


def _changed(entry: DumpedObject, before: str, after: str) -> SchemaDifference:
    extra, missing, changed, moved = changed_parts(entry, before, after)
    change: Change = "changed"
    if entry.kind == "COMMENT":
        change = "remark"
    elif moved and not (extra or missing or changed):
        change = "reordered"
    hint = f"{_KEEP}; or bring back what the lines with - say"
    if entry.kind in _REPLACED:
        hint += ", by CREATE OR REPLACE"
    for part in (*extra, *missing):
        if statement := part_statement(entry, part, before, is_extra=part in extra):
            hint += f"; {statement}"
    return SchemaDifference(change, *_words(entry), _diff(before, after), hint)


def _words(entry: DumpedObject) -> tuple[str, str]:
    kind = entry.kind.lower()
    return kind, entry.label.removeprefix(kind).strip()


def _statement(text: str) -> str:
    """The statement below pg_dump's comment, of which the last line is left in the text."""
    return text.strip("\n").removeprefix("--\n").strip("\n")


def _diff(before: str, after: str) -> str:
    old, new = (_statement(text).split("\n") if text else [] for text in (before, after))
    lines = [*unified_diff(old, new, "migrations", "live", lineterm="")]
    more = [f"... and {len(lines) - _MOST_LINES} more lines"] if len(lines) > _MOST_LINES else []
    return "\n".join([*lines[:_MOST_LINES], *more])
