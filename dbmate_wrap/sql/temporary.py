"""Recognises relations that live in the session's own schema, pg_temp."""

from collections.abc import Collection

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.named import in_pg_temp, is_temporary, parts_of


def made_temporary(tree: Message) -> Message | None:
    """Return the temporary table, view or sequence that the statement creates."""
    match tree:
        case pb.CreateStmt():
            made = tree.relation
        case pb.CreateTableAsStmt():
            made = tree.into.rel
        case pb.SelectStmt() if tree.HasField("into_clause"):
            made = tree.into_clause.rel
        case pb.ViewStmt():
            made = tree.view
        case pb.CreateSeqStmt():
            made = tree.sequence
        case _:
            return None
    return made if is_temporary(made) else None


def follow_temporary_tables(tree: Message, names: set[str]) -> None:
    """Add to `names` the temporary table that the statement makes, and take out what is none after it."""
    match tree:
        case pb.ViewStmt():
            return  # A write to a temporary view goes to the table behind it.
        case pb.DropStmt():
            dropped = (parts_of(node.list.items) for node in tree.objects if node.HasField("list"))
            names.difference_update(parts[-1] for parts in dropped if len(parts) == 1 or in_pg_temp(parts))
        case pb.RenameStmt() if tree.rename_type == pb.OBJECT_TABLE and names_temporary(tree.relation, names):
            names.remove(tree.relation.relname)
            names.add(tree.newname)
        case pb.RuleStmt() | pb.CreateTrigStmt():
            # From now on a write to it may write to other tables.
            if names_temporary(tree.relation, names):
                names.remove(tree.relation.relname)
        case pb.DiscardStmt() if tree.target in (pb.DISCARD_ALL, pb.DISCARD_TEMP):
            names.clear()
        case pb.TransactionStmt() if tree.kind in (pb.TRANS_STMT_ROLLBACK, pb.TRANS_STMT_ROLLBACK_TO):
            names.clear()
        case _:
            made = made_temporary(tree)
            # A name of underscores stands for one that only the running block knows.
            if made is not None and made.relname.strip("_"):
                names.add(made.relname)


def names_temporary(relation: Message, names: Collection[str]) -> bool:
    """Return whether a relation is one of the temporary tables `names`; in another schema it is none."""
    in_temporary_schema = not relation.schemaname or in_pg_temp((relation.schemaname, relation.relname))
    return in_temporary_schema and relation.relname in names
