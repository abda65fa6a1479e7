"""Objects that a migration outside a transaction has left behind, and the statements that drop them."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class DatabaseObject:
    """An object of a database, as ``kind schema.name``, and the statement that drops it.

    `part_of` are the oids of the objects it is dropped with; `invalid` marks an index whose concurrent build
    failed.
    """

    name: str
    drop: str
    part_of: frozenset[int]
    oid: int
    invalid: bool = False


@dataclass(frozen=True)
class Leftovers:
    """The new objects, in the order in which they can be dropped again."""

    objects: tuple[DatabaseObject, ...]

    @property
    def invalid_indexes(self) -> tuple[DatabaseObject, ...]:
        """The indexes that every write has to update and no query uses."""
        return tuple(each for each in self.objects if each.invalid)

    def sentence(self) -> str:
        """Name the objects, then the statements that drop them, one a line: they share no transaction."""
        if not self.objects:
            return "it left no new object and no invalid index behind; look whether it changed data"
        names = ", ".join(f"invalid {each.name}" if each.invalid else each.name for each in self.objects)
        drops = (f"{each.drop};" for each in self.objects)
        return "\n".join((f"left behind: {names}; to clean up:", *drops))


def diff_inventories(before: Collection[DatabaseObject], after: Collection[DatabaseObject]) -> Leftovers:
    """Return the objects in `after` but not in `before`; dependants are omitted unless they are invalid."""
    known = {(each.name, each.invalid) for each in before}
    # An index that was invalid before and was rebuilt is not new.
    known |= {(name, False) for name, _ in known}
    new = [each for each in after if (each.name, each.invalid) not in known]
    oids = {each.oid for each in new}
    named = [each for each in new if each.invalid or not each.part_of & oids]
    # A newer object may depend on an older one.
    return Leftovers(tuple(sorted(named, key=lambda each: -each.oid)))
