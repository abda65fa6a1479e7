"""Finds the relations of which a statement needs the owner's rights, or the right to make a trigger."""

from typing import Literal, NamedTuple

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

# The field with the relation, of statements that only its owner may run. Not policies, nor the removal of a
# trigger: providers let other roles do that on tables of theirs (Supabase).
_OWNERS_FIELD = {
    pb.AlterTableStmt: "relation",
    pb.AlterSeqStmt: "sequence",
    pb.AlterObjectSchemaStmt: "relation",
    pb.IndexStmt: "relation",
    pb.RenameStmt: "relation",
    pb.RuleStmt: "relation",
}
_RELATIONS = frozenset(
    {pb.OBJECT_TABLE, pb.OBJECT_VIEW, pb.OBJECT_MATVIEW, pb.OBJECT_SEQUENCE, pb.OBJECT_FOREIGN_TABLE}
    | {pb.OBJECT_INDEX}
)


class Touched(NamedTuple):
    """A relation by its plain names, `""` for a schema that is not given, and the right that is needed on it.

    `drop` is the right of its owner and of its schema's; `trigger` can be granted.
    """

    schema: str
    name: str
    right: Literal["owner", "drop", "trigger"]


def touched_by(tree: Message) -> tuple[Touched, ...]:
    """Return the relations that the statement changes or drops; bodies are not looked into."""
    match tree:
        case pb.DropStmt() if tree.remove_type in _RELATIONS:
            names = [[str(part.string.sval) for part in item.list.items] for item in tree.objects]
            return tuple(Touched(".".join(name[-2:-1]), name[-1], "drop") for name in names)
        case pb.CreateTrigStmt():
            return (Touched(tree.relation.schemaname, tree.relation.relname, "trigger"),)
        case pb.ViewStmt() if tree.replace:
            return (Touched(tree.view.schemaname, tree.view.relname, "owner"),)
        case _:
            field = _OWNERS_FIELD.get(type(tree))
            if field is None or not tree.HasField(field):
                return ()
            relation = getattr(tree, field)
            return (Touched(relation.schemaname, relation.relname, "owner"),)
