"""Whether two texts of one object may say the same: PostgreSQL rewrites some expressions."""

import re
from hashlib import sha256

from dbmate_wrap.domain.dumped_objects import DumpedObject
from dbmate_wrap.domain.schema_diff import is_table, table_parts

# An expression of a column; its NOT NULL comes last.
_EXPRESSION = re.compile(r" (?:DEFAULT|GENERATED ALWAYS AS) ")
_NOT_NULL = " NOT NULL"


def pair_digests(entry: DumpedObject, text: str, other: str) -> tuple[str, ...]:
    """Return what identifies two texts of an object, and of a table each pair of its parts that differ."""
    found = [_digest(text, other)]
    found += [_digest(*pair) for pair in _differing_parts(entry, text, other)]
    return tuple(found)


def with_known_parts(entry: DumpedObject, text: str, other: str, same: frozenset[str]) -> str:
    """Return `other` with what is known to say the same written as in `text`; `same` are the digests."""
    if text == other or not same:
        return other
    if _digest(text, other) in same:
        return text
    pairs = _differing_parts(entry, text, other)
    known = {there: line for line, there in pairs if _digest(line, there) in same}
    lines = ((line.rstrip(","), line) for line in other.split("\n"))
    return "\n".join(line.replace(part, known.get(part, part), 1) for part, line in lines)


def may_say_the_same(entry: DumpedObject, text: str, other: str) -> bool:
    """Return False where they are the same, or certainly differ: not in an expression alone."""
    if text == other:
        return False
    if not is_table(entry):
        return True
    pairs = _differing_parts(entry, text, other)
    if any(_may_be_rewritten(*pair) for pair in pairs):
        return True
    # Another order, or another line: the bound of a partition, an expression of several lines.
    return not pairs and table_parts(entry, text)[0].keys() == table_parts(entry, other)[0].keys()


def _differing_parts(entry: DumpedObject, text: str, other: str) -> list[tuple[str, str]]:
    """The columns and constraints that a table has in both texts, otherwise; none for other objects."""
    if not is_table(entry):
        return []
    before, after = table_parts(entry, text)[0], table_parts(entry, other)[0]
    return [(line, after[name]) for name, line in before.items() if after.get(name, line) != line]


def _may_be_rewritten(line: str, other: str) -> bool:
    if line.lstrip().startswith("CONSTRAINT "):
        return True
    (plain, expression), (other_plain, other_expression) = _split(line), _split(other)
    return plain == other_plain and expression is not None and other_expression is not None


def _split(line: str) -> tuple[str, str | None]:
    """A column without its expression, and the expression."""
    found = _EXPRESSION.search(line)
    if found is None:
        return line, None
    expression, required = line[found.end() :], ""
    if expression.endswith(_NOT_NULL):
        expression, required = expression.removesuffix(_NOT_NULL), _NOT_NULL
    return line[: found.start()] + required, expression


def _digest(text: str, other: str) -> str:
    return sha256(f"{len(text)} {text}{other}".encode()).hexdigest()
