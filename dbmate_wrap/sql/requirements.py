"""Says what pending migrations will want of a server, for the preflight to look after."""

from collections.abc import Iterable
from dataclasses import dataclass

from dbmate_wrap import sql


@dataclass(frozen=True)
class Requirements:
    """What some SQL texts make, run in their order.

    `schemas` are those in which they make something and that they do not make themselves, `""` for what is
    made without naming one; `indexes` are (schema or `""`, name) of those that they build and do not drop or
    rebuild before. `changes_privileges` says that they change who they are, or who may do what.
    """

    schemas: frozenset[str] = frozenset()
    extensions: frozenset[str] = frozenset()
    indexes: frozenset[tuple[str, str]] = frozenset()
    makes_schema: bool = False
    changes_privileges: bool = False


def requirements_of(texts: Iterable[str]) -> Requirements | None:
    """What the texts will want, as far as their statements can be read; None where there is no SQL parser."""
    if not sql.is_available():
        return None
    from dbmate_wrap.sql.creates import creates_of

    made = [making for text in texts for making in creates_of(text)]
    new = {making.new_schema for making in made if making.new_schema is not None}
    schemas = {making.schema for making in made if making.schema is not None} - new
    if any(making.changes_path for making in made):
        schemas.discard("")
    indexes: set[tuple[str, str]] = set()
    mended: set[tuple[str, str]] = set()
    for making in made:
        mended.update(making.mended_indexes)
        if making.index is not None and making.index not in mended:
            indexes.add(making.index)
    return Requirements(
        schemas=frozenset(schemas),
        extensions=frozenset(making.extension for making in made if making.extension is not None),
        indexes=frozenset(indexes),
        makes_schema=bool(new),
        changes_privileges=any(making.changes_privileges for making in made),
    )
