"""What a migration that is not one transaction has left behind, and how to get rid of it."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class DatabaseObject:
    """An object of a database, as ``kind schema.name``, and the statement that drops it.

    `part_of` are the oids of what it goes with; `invalid` is an index whose concurrent build failed.
    """

    name: str
    drop: str
    part_of: frozenset[int]
    oid: int
    invalid: bool = False


@dataclass(frozen=True)
class Leftovers:
    """What is there now and was not before, in the order in which it can be dropped again."""

    things: tuple[DatabaseObject, ...]

    @property
    def invalid_indexes(self) -> tuple[DatabaseObject, ...]:
        """Those of them that every write pays for and no query uses."""
        return tuple(thing for thing in self.things if thing.invalid)

    def sentence(self) -> str:
        """What is left; then what cleans up, a statement on each line: they share no transaction."""
        if not self.things:
            return "it left no new object and no invalid index behind; look whether it changed data"
        names = ", ".join(f"invalid {thing.name}" if thing.invalid else thing.name for thing in self.things)
        cleaning = (f"{thing.drop};" for thing in self.things)
        return "\n".join((f"left behind: {names}; to clean up:", *cleaning))


def diff_inventories(before: Collection[DatabaseObject], after: Collection[DatabaseObject]) -> Leftovers:
    """What came in between; what goes with another of them is not named, unless it is invalid."""
    known = {(thing.name, thing.invalid) for thing in before}
    # An index that was invalid and was mended is new to nobody.
    known |= {(name, False) for name, _ in known}
    new = [thing for thing in after if (thing.name, thing.invalid) not in known]
    oids = {thing.oid for thing in new}
    named = [thing for thing in new if thing.invalid or not thing.part_of & oids]
    # What was made last may need what was made before.
    return Leftovers(tuple(sorted(named, key=lambda thing: -thing.oid)))
