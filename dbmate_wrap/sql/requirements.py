"""Lists what pending migrations require of a server, for the preflight."""

from collections.abc import Iterable
from dataclasses import dataclass

from dbmate_wrap import sql


@dataclass(frozen=True)
class Requirements:
    """Objects that some SQL texts need or create, run in their order.

    `schemas` are those in which they create something and that they do not create themselves, `""` for an
    object created without naming one; `indexes` are (schema or `""`, name) of those that they build and do
    not drop or rebuild before. `changes_privileges`: they change the role they run as, or privileges.
    """

    schemas: frozenset[str] = frozenset()
    extensions: frozenset[str] = frozenset()
    indexes: frozenset[tuple[str, str]] = frozenset()
    makes_schema: bool = False
    changes_privileges: bool = False


def requirements_of(texts: Iterable[str]) -> Requirements | None:
    """Return what the texts require, as far as they can be read; None if there is no SQL parser."""
    if not sql.is_available():
        return None
    from dbmate_wrap.sql.creates import creates_of

    created = [each for text in texts for each in creates_of(text)]
    new = {each.new_schema for each in created if each.new_schema is not None}
    schemas = {each.schema for each in created if each.schema is not None} - new
    if any(each.changes_path for each in created):
        schemas.discard("")
    indexes: set[tuple[str, str]] = set()
    repaired: set[tuple[str, str]] = set()
    for each in created:
        repaired.update(each.repaired_indexes)
        if each.index is not None and each.index not in repaired:
            indexes.add(each.index)
    return Requirements(
        schemas=frozenset(schemas),
        extensions=frozenset(each.extension for each in created if each.extension is not None),
        indexes=frozenset(indexes),
        makes_schema=bool(new),
        changes_privileges=any(each.changes_privileges for each in created),
    )
