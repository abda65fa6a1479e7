"""Lists what pending migrations require of a server, for the preflight."""

from collections.abc import Iterable
from dataclasses import dataclass

from dbmate_wrap import sql


@dataclass(frozen=True)
class Requirements:
    """Objects that some SQL texts need or create, run in their order.

    `schemas` are those in which they create something and that they do not create themselves, `""` for an
    object created without naming one; `indexes` are (schema or `""`, name) of those that they build and do
    not drop or rebuild before; `touched` (schema or `""`, name, right) are relations that they change.
    `changes_privileges`: they change the role they run as, or privileges.
    """

    schemas: frozenset[str] = frozenset()
    extensions: frozenset[str] = frozenset()
    indexes: frozenset[tuple[str, str]] = frozenset()
    touched: frozenset[tuple[str, str, str]] = frozenset()
    makes_schema: bool = False
    changes_privileges: bool = False


def requirements_of(texts: Iterable[str]) -> Requirements | None:
    """Return what the texts require, as far as they can be read; None if there is no SQL parser."""
    if not sql.is_available():
        return None
    from dbmate_wrap.sql.creates import read_requirements

    return read_requirements(texts)
