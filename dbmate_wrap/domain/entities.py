"""The tables of a schema with their keys, as a diagram shows them, and which of them are wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class EntityColumn:
    """One column; `type` as PostgreSQL writes it."""

    name: str
    type: str
    not_null: bool


@dataclass(frozen=True)
class Entity:
    """One table; `unique` has the columns of each unique key, `primary_key` those of that one."""

    schema: str
    name: str
    columns: tuple[EntityColumn, ...]
    primary_key: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...]

    @property
    def place(self) -> tuple[str, str]:
        """Schema and name."""
        return self.schema, self.name


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key of the table `schema.table`, to `referenced_columns` of another one or of itself."""

    name: str
    schema: str
    table: str
    columns: tuple[str, ...]
    referenced_schema: str
    referenced_table: str
    referenced_columns: tuple[str, ...]
    validated: bool

    @property
    def ends(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """The places of the table that has it, and of the one that it refers to."""
        return (self.schema, self.table), (self.referenced_schema, self.referenced_table)


@dataclass(frozen=True)
class EntitySchema:
    """Tables and the foreign keys among them, in a fixed order."""

    entities: tuple[Entity, ...]
    foreign_keys: tuple[ForeignKey, ...]


@dataclass(frozen=True)
class TableSelection:
    """What is wanted: shell patterns for schemas and tables, and how many foreign keys around those."""

    schemas: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    hops: int = 0

    def matches(self, entity: Entity) -> bool:
        """Return True for a table that is named; a pattern with a dot is for schema and table."""
        in_schema = not self.schemas or any(fnmatchcase(entity.schema, each) for each in self.schemas)
        full = f"{entity.schema}.{entity.name}"
        names = (entity.name, full)
        is_named = not self.tables or any(fnmatchcase(name, each) for each in self.tables for name in names)
        return in_schema and is_named


@dataclass(frozen=True)
class DiagramResult:
    """`diagram`: the text for Mermaid and what it is made of; `file` is null where it was not written."""

    diagram: str
    tables: tuple[Entity, ...]
    foreign_keys: tuple[ForeignKey, ...]
    file: str | None
    changed: bool


def select_entities(schema: EntitySchema, wanted: TableSelection) -> EntitySchema:
    """Return the tables that are named, those around them, and the foreign keys that join two of these."""
    chosen = {each.place for each in schema.entities if wanted.matches(each)}
    around = _neighbours(schema.foreign_keys)
    for _ in range(wanted.hops):
        more = {each for place in chosen for each in around.get(place, ())}
        if more <= chosen:
            break
        chosen |= more
    return EntitySchema(
        tuple(each for each in schema.entities if each.place in chosen),
        tuple(each for each in schema.foreign_keys if chosen.issuperset(each.ends)),
    )


def _neighbours(keys: Sequence[ForeignKey]) -> Mapping[tuple[str, str], set[tuple[str, str]]]:
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for key in keys:
        one, other = key.ends
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return found
