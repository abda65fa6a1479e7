"""Reports what PostgreSQL's grammar refuses: faulty SQL, and lines that only psql understands."""

from collections.abc import Iterator

from dbmate_wrap.policy.rules.hit import Hit
from dbmate_wrap.sql.nested import unread
from dbmate_wrap.sql.parse import Reading, Unreadable

# The severity of this one is not that of its rule: nothing is known to be wrong.
NOT_JUDGED = "cannot be read: nested too deeply or too long for the parser; it was not judged"


def find(reading: Reading) -> Iterator[Hit]:
    """`syntax-error` and `psql-command`, in the order of the text; then what bodies hide from us."""
    yield from map(_hit, reading.unreadable)
    for statement in reading.statements:
        yield from map(not_judged, unread(statement))


def not_judged(offset: int) -> Hit:
    """The notice on what begins there."""
    hint = "split the statement, or look through it yourself: no rule has seen all of it"
    return Hit("syntax-error", offset, NOT_JUDGED, hint)


def _hit(place: Unreadable) -> Hit:
    match place.kind:
        case "psql":
            return Hit(
                "psql-command",
                place.offset,
                place.message,
                "dbmate sends the text to the server as it is: write plain SQL instead, or remove it",
            )
        case "too-deep":
            return not_judged(place.offset)
        case "syntax":
            return Hit(
                "syntax-error",
                place.offset,
                place.message,
                "mend the statement here or just before: PostgreSQL 18's own grammar refuses it",
            )
