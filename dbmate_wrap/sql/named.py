"""The name of an object as a statement writes it, with or without its schema."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

# Tables, views, sequences, indexes and types share one namespace.
_OWN_NAMESPACE = {
    **dict.fromkeys(("function", "procedure", "routine", "aggregate"), "function"),
    **{kind: kind for kind in ("collation", "conversion", "statistics", "schema", "publication")},
}
KIND_OF_OBJECT = {
    pb.OBJECT_TABLE: "table",
    pb.OBJECT_VIEW: "view",
    pb.OBJECT_MATVIEW: "view",
    pb.OBJECT_FOREIGN_TABLE: "table",
    pb.OBJECT_SEQUENCE: "sequence",
    pb.OBJECT_INDEX: "index",
    pb.OBJECT_TYPE: "type",
    pb.OBJECT_DOMAIN: "domain",
    pb.OBJECT_DOMCONSTRAINT: "domain",
    pb.OBJECT_FUNCTION: "function",
    pb.OBJECT_PROCEDURE: "procedure",
    pb.OBJECT_ROUTINE: "routine",
    pb.OBJECT_AGGREGATE: "aggregate",
    pb.OBJECT_COLLATION: "collation",
    pb.OBJECT_CONVERSION: "conversion",
    pb.OBJECT_STATISTIC_EXT: "statistics",
}
# The field with the name of a new object that is no relation.
_NAME_FIELD = {
    pb.CreateFunctionStmt: "funcname",
    pb.CreateEnumStmt: "type_name",
    pb.CreateRangeStmt: "type_name",
    pb.CreateDomainStmt: "domainname",
    pb.DefineStmt: "defnames",
    pb.CreateStatsStmt: "defnames",
    pb.CreateConversionStmt: "conversion_name",
    pb.CreateOpClassStmt: "opclassname",
    pb.CreateOpFamilyStmt: "opfamilyname",
}


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
        return _OWN_NAMESPACE.get(self.kind, "relation"), self.schema, self.name

    @property
    def full(self) -> str:
        """The name with its schema, as people write it."""
        return f"{self.schema}.{self.name}" if self.schema else self.name


def split_name(parts: Sequence[str]) -> tuple[str, str]:
    """Return schema ("" for none) and name; a third part, before these two, would be the database."""
    return "".join(parts[-2:-1]), parts[-1]


def may_be_same_schema(one: str, other: str) -> bool:
    """Return whether names in these schemas may be one; "" is a schema that is not named, and may be any."""
    return not one or not other or one == other


def may_be_same(one: pb.RangeVar, other: pb.RangeVar) -> bool:
    """Return whether the two may be one relation."""
    return one.relname == other.relname and may_be_same_schema(one.schemaname, other.schemaname)


def by_parts(kind: str, parts: Sequence[str], location: int = -1) -> Iterator[Named]:
    """Yield the object of a name in parts (`app`, `orders`), perhaps with a database; none for no parts."""
    if parts:
        yield Named(kind, *split_name(parts), location)


def parts_of(nodes: Sequence[Message]) -> list[str]:
    """Return the plain parts of a name that the parser gives as a list of strings."""
    return [str(node.string.sval) for node in nodes]


def name_of_new(tree: Message) -> list[str]:
    """Return the parts of the name that the statement gives a new object; none for relations and the like."""
    field = _NAME_FIELD.get(type(tree))
    return parts_of(getattr(tree, field)) if field else []


def in_pg_temp(parts: Sequence[str]) -> bool:
    """Return whether a name is in the schema of the session's temporary objects."""
    return len(parts) > 1 and parts[0].startswith("pg_temp")


def is_temporary(relation: Message) -> bool:
    """Return whether the statement says that the relation is a temporary one."""
    return bool(relation.relpersistence == "t" or relation.schemaname.startswith("pg_temp"))
