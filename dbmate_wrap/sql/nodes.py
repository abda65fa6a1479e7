"""The parser's types, for rules that look into a statement's tree: `pb.SelectStmt`, `pb.OBJECT_TABLE`, ..."""

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

__all__ = ["WRITES", "Message", "pb"]

# The statements that write rows, wherever they stand in another one.
WRITES = (pb.InsertStmt, pb.UpdateStmt, pb.DeleteStmt, pb.MergeStmt)
