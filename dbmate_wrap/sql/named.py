"""The name of an object as a statement writes it, with or without its schema."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from google.protobuf.message import Message

_FUNCTIONS = frozenset({"function", "procedure", "routine", "aggregate"})
# Tables, views, sequences, indexes and types are told apart by their names alone.
_APART = frozenset({"collation", "conversion", "statistics", "schema", "publication"})


@dataclass(frozen=True)
class Named:
    """One object: `kind` is the word for it ("table", "relation" where it may be a view, "function", ...).

    `schema` is "" where the statement does not say it; `location` is the parser's, -1 where it tells none.
    """

    kind: str
    schema: str
    name: str
    location: int = -1
    temporary: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """Equal for two names of one object: what it is among (relations and types, ...), schema, name."""
        space = "function" if self.kind in _FUNCTIONS else self.kind if self.kind in _APART else "relation"
        return space, self.schema, self.name

    @property
    def full(self) -> str:
        """As a person writes it."""
        return f"{self.schema}.{self.name}" if self.schema else self.name

    def within(self, schema: str) -> "Named":
        """The same with this schema, where it has none."""
        return self if self.schema else replace(self, schema=schema)


def by_parts(kind: str, parts: Sequence[str], location: int = -1) -> Iterator[Named]:
    """The object of a name in parts (`app`, `orders`), a database before them or not; none for no parts."""
    if parts:
        yield Named(kind, parts[-2] if len(parts) > 1 else "", parts[-1], location)


def parts_of(nodes: Sequence[Message]) -> list[str]:
    """The plain parts of a name that the parser gives as a list of strings."""
    return [str(node.string.sval) for node in nodes]
