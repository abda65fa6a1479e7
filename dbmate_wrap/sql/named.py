"""The name of an object as a statement writes it, with or without its schema."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from google.protobuf.message import Message

_FUNCTIONS = frozenset({"function", "procedure", "routine", "aggregate"})
# Tables, views, sequences, indexes and types share one namespace.
_OWN_NAMESPACE = frozenset({"collation", "conversion", "statistics", "schema", "publication"})


@dataclass(frozen=True)
class Named:
    """One object: `kind` is the word for it ("table", "relation" if it may be a view, "function", ...).

    `schema` is "" if the statement does not name it; `location` is the parser's, -1 if it gives none.
    """

    kind: str
    schema: str
    name: str
    location: int = -1
    temporary: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """Equal for two names of one object: namespace (relations and types, ...), schema, name."""
        space = (
            "function"
            if self.kind in _FUNCTIONS
            else self.kind
            if self.kind in _OWN_NAMESPACE
            else "relation"
        )
        return space, self.schema, self.name

    @property
    def full(self) -> str:
        """The name with its schema, as people write it."""
        return f"{self.schema}.{self.name}" if self.schema else self.name

    def within(self, schema: str) -> "Named":
        """Return the name with this schema if it has none."""
        return self if self.schema else replace(self, schema=schema)


def by_parts(kind: str, parts: Sequence[str], location: int = -1) -> Iterator[Named]:
    """Yield the object of a name in parts (`app`, `orders`), perhaps with a database; none for no parts."""
    if parts:
        yield Named(kind, parts[-2] if len(parts) > 1 else "", parts[-1], location)


def parts_of(nodes: Sequence[Message]) -> list[str]:
    """Return the plain parts of a name that the parser gives as a list of strings."""
    return [str(node.string.sval) for node in nodes]
