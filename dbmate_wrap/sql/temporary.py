"""Recognises relations that live in the session's own schema, pg_temp."""

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.named import is_temporary


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
