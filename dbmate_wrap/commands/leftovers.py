"""Finds out what a migration that is not one transaction has left behind."""

from dataclasses import dataclass

from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.session import Session


@dataclass(frozen=True)
class Inventory:
    """What a database has: objects as ``kind schema.name``, and the names of its invalid indexes."""

    objects: frozenset[str]
    invalid_indexes: frozenset[str]


@dataclass(frozen=True)
class Leftovers:
    """What is there now and was not before, in the order in which it can be dropped again."""

    invalid_indexes: tuple[str, ...]
    objects: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.invalid_indexes or self.objects)

    def sentence(self) -> str:
        """What is left, and the statements that clean up."""
        left = [f"invalid index {name}" for name in self.invalid_indexes]
        left += list(self.objects)
        cleaning = [f"drop index concurrently {name};" for name in self.invalid_indexes]
        cleaning += [f"drop {thing};" for thing in self.objects]
        return f"left behind: {', '.join(left)}; to clean up: {' '.join(cleaning)}"


def take(session: Session) -> Inventory:
    """One query; taken before a migration that does not run in one transaction, and after it."""
    return Inventory(*catalog.inventory(session))


def between(before: Inventory, after: Inventory) -> Leftovers:
    """What came in between."""
    invalid = after.invalid_indexes - before.invalid_indexes
    objects = {thing for thing in after.objects - before.objects if thing.partition(" ")[2] not in invalid}
    return Leftovers(tuple(sorted(invalid)), tuple(sorted(objects)))
