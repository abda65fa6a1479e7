"""What a migration outside a transaction has left behind, and the statements that undo it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

_NOTHING = (
    "the catalogs are as before: no object, column, constraint, type, policy, grant or setting is new,"
    " changed or gone; look whether it changed data"
)


@dataclass(frozen=True)
class DatabaseObject:
    """An object of a database, or a part of one, as ``kind schema.name``.

    `drop` is the statement that undoes it, None where there is none. `part_of` are the oids of the objects
    with which it is dropped; `oid` is 0 for a part of one. `invalid` marks an index whose concurrent build
    failed. `definition` is a digest of the rest that the catalogs have of it.
    """

    name: str
    drop: str | None
    part_of: frozenset[int]
    oid: int
    invalid: bool = False
    definition: str = ""


@dataclass(frozen=True)
class Leftovers:
    """The new objects, in the order in which they can be dropped; the names of those changed and gone."""

    objects: tuple[DatabaseObject, ...]
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.objects or self.changed or self.gone)

    @property
    def invalid_indexes(self) -> tuple[DatabaseObject, ...]:
        """The indexes that every write has to update and no query uses."""
        return tuple(each for each in self.objects if each.invalid)

    def sentence(self) -> str:
        """Name the objects, then the statements that undo them, one a line: they share no transaction."""
        if not self:
            return _NOTHING
        new = ", ".join(f"invalid {each.name}" if each.invalid else each.name for each in self.objects)
        found = [
            f"{how}: {names}"
            for how, names in (
                ("left behind", new),
                ("changed", ", ".join(self.changed)),
                ("gone", ", ".join(self.gone)),
            )
            if names
        ]
        drops = [f"{each.drop};" for each in self.objects if each.drop is not None]
        return "\n".join(("; ".join(found) + ("; to clean up:" if drops else ""), *drops))


def diff_inventories(before: Collection[DatabaseObject], after: Collection[DatabaseObject]) -> Leftovers:
    """Compare two inventories; parts of what is new or gone are omitted unless they are invalid."""
    old, now = _by_name(before), _by_name(after)
    # An index that was invalid before and was rebuilt is not new.
    new = [each for each in after if each.name not in old or (each.invalid and not old[each.name].invalid)]
    changed = [
        each.name
        for each in after
        if each.name in old and each not in new and each.definition != old[each.name].definition
    ]
    gone = [each for each in before if each.name not in now]
    return Leftovers(
        # A newer object may depend on an older one, a part on both.
        tuple(sorted(_without_parts(new), key=lambda each: (each.oid != 0, -each.oid))),
        tuple(changed),
        tuple(each.name for each in _without_parts(gone)),
    )


def _by_name(objects: Collection[DatabaseObject]) -> Mapping[str, DatabaseObject]:
    return {each.name: each for each in objects}


def _without_parts(objects: Collection[DatabaseObject]) -> list[DatabaseObject]:
    oids = {each.oid for each in objects} - {0}
    return [each for each in objects if each.invalid or not each.part_of & oids]
