"""Effects of a text on session, transaction and rows, which decide how it is run and retried."""

from collections.abc import Sequence

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.non_transactional import is_concurrent
from dbmate_wrap.sql.parse import Statement, read_sql

# Functions whose effect on the session outlives the transaction.
_SESSION_FUNCTIONS = frozenset({"set_config", "setseed", "set_limit"})
_SESSION_FAMILIES = ("pg_advisory_", "pg_try_advisory_", "dblink_", "pg_replication_origin_session_")
# A DO block is opaque here: if its body holds one of these words it is taken to change the session.
_OPAQUE_WORDS = (
    *("set", "discard", "execute", "temp", "prepare", "listen", "load", "deallocate"),
    *("advisory", "dblink", "replication_origin"),
)
_ENDS_TRANSACTION = frozenset({pb.TRANS_STMT_COMMIT, pb.TRANS_STMT_ROLLBACK, pb.TRANS_STMT_PREPARE})


def leaves_session_state(sql: str) -> bool:
    """Return whether running `sql` may change the effect of later statements in the same server session.

    True as well for text that the grammar refuses or that is too long or too deep to be read here.
    """
    statements = _statements(sql)
    return statements is None or any(
        statement is None or _leaves_state(statement) for statement in statements
    )


def controls_transaction(sql: str) -> bool | None:
    """Return whether `sql` ends its transaction itself; None for text that the grammar refuses."""
    statements = _statements(sql)
    if statements is None:
        return None
    # A statement that is too deep for the parser is no COMMIT.
    return any(
        statement is not None
        and isinstance(statement.tree, pb.TransactionStmt)
        and statement.tree.kind in _ENDS_TRANSACTION
        for statement in statements
    )


def writes_rows(sql: str) -> bool:
    """Return whether `sql` may change rows when it is run; True as well for text that cannot be read.

    Function calls in a SELECT are taken to change nothing: their bodies are unknown.
    """
    statements = _statements(sql)
    return statements is None or any(statement is None or _writes_rows(statement) for statement in statements)


def is_one_concurrent(sql: str) -> bool | None:
    """Whether `sql` is one CONCURRENTLY statement and nothing else; None for what cannot be read.

    Of several in one text PostgreSQL makes a transaction, in which it refuses such a statement.
    """
    statements = _statements(sql)
    if statements is None or None in statements:
        return None
    trees = [statement.tree for statement in statements if statement is not None]
    return len(trees) == 1 and is_concurrent(trees[0])


def _writes_rows(statement: Statement) -> bool:
    if isinstance(statement.tree, pb.CreateFunctionStmt | pb.RuleStmt):
        return False
    return any(map(_writes, statement.walk()))


def _writes(node: Message) -> bool:
    match node:
        case pb.InsertStmt() | pb.UpdateStmt() | pb.DeleteStmt() | pb.MergeStmt():
            return True
        case pb.DoStmt() | pb.CallStmt() | pb.ExecuteStmt():
            return True
        case pb.CopyStmt():
            return bool(node.is_from)
        case _:
            return False


def _statements(sql: str) -> list[Statement | None] | None:
    """Return the statements, None in place of one that is too deep; None for text with syntax errors."""
    reading = read_sql(sql, skip_long=True)
    if any(place.kind != "too-deep" for place in reading.unreadable):
        return None
    return [*reading.statements, *(None for _ in reading.unreadable)]


def _leaves_state(statement: Statement) -> bool:
    top = statement.tree
    match top:
        case pb.VariableSetStmt():
            return not (top.is_local or top.name == "TRANSACTION")
        case pb.DiscardStmt() | pb.ListenStmt() | pb.UnlistenStmt() | pb.LoadStmt() | pb.PrepareStmt():
            return True
        case pb.DeallocateStmt() | pb.DeclareCursorStmt() | pb.TransactionStmt():
            return True
        case pb.DoStmt():
            body = str(top.args).lower()
            return any(word in body for word in _OPAQUE_WORDS)
        case pb.CreateFunctionStmt():
            # The body and the SET clause of a function belong to its later calls, not to this session.
            return in_pg_temp(top.funcname)
        case pb.CreateEnumStmt() | pb.CreateRangeStmt():
            return in_pg_temp(top.type_name)
        case pb.CreateDomainStmt():
            return in_pg_temp(top.domainname)
        case pb.DefineStmt():
            return in_pg_temp(top.defnames)
        case _:
            # ALTER FUNCTION, ROLE, DATABASE and SYSTEM ... SET change later calls and sessions, not this one.
            return any(_touches_session(node) for node in statement.of(pb.RangeVar, pb.FuncCall))


def _touches_session(node: Message) -> bool:
    match node:
        case pb.RangeVar():
            # An UPDATE of the view pg_settings is a SET.
            temporary = node.relpersistence == "t" or node.schemaname.startswith("pg_temp")
            return bool(temporary or node.relname == "pg_settings")
        case pb.FuncCall():
            name = node.funcname[-1].string.sval
            kept = name.startswith(_SESSION_FAMILIES) and "xact" not in name
            return bool(kept or name in _SESSION_FUNCTIONS)
        case _:
            return False


def in_pg_temp(name: Sequence[pb.Node]) -> bool:
    """Return whether a qualified name is in the schema of the session's temporary objects."""
    return len(name) > 1 and name[0].string.sval.startswith("pg_temp")
