"""The node types of PostgreSQL's grammar, for rules that ask what a statement is."""

from postgast import pg_query_pb2 as pb

__all__ = ["pb"]
