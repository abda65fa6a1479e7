"""Rule syntax-error: PostgreSQL's own grammar accepts every statement."""

from collections.abc import Iterator

from dbmate_wrap.policy.hit import Hit
from dbmate_wrap.sql.nested import unread_offsets
from dbmate_wrap.sql.parse import Reading

_RULE = "syntax-error"
_HINT = "fix the statement here or just before: PostgreSQL 18's own grammar refuses it"


def find(reading: Reading) -> Iterator[Hit]:
    """One hit per place that the grammar refuses, or that is too deep for the parser; in bodies too."""
    for place in reading.unreadable:
        if place.kind == "syntax":
            yield Hit(_RULE, place.offset, place.message, _HINT)
        elif place.kind == "too-deep":
            yield not_checked(place.offset)
    for statement in reading.statements:
        yield from map(not_checked, unread_offsets(statement))


def not_checked(offset: int) -> Hit:
    """The notice on what begins there: nothing is known to be wrong."""
    message = "cannot be read: nested too deeply or too long for the parser; it was not checked"
    hint = "split the statement, or look through it yourself: no rule has seen all of it"
    return Hit(_RULE, offset, message, hint, unchecked=True)
