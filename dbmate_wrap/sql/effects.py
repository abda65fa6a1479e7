"""Effects of a text on session, transaction and rows, which decide how it is run and retried."""

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.named import in_pg_temp, is_temporary, name_of_new
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
_LASTING = (
    *(pb.DiscardStmt, pb.ListenStmt, pb.UnlistenStmt, pb.LoadStmt, pb.PrepareStmt),
    *(pb.DeallocateStmt, pb.DeclareCursorStmt, pb.TransactionStmt),
)
# What the last three run is unknown.
_WRITING = (
    *(pb.InsertStmt, pb.UpdateStmt, pb.DeleteStmt, pb.MergeStmt),
    *(pb.DoStmt, pb.CallStmt, pb.ExecuteStmt),
)
_ENDS_TRANSACTION = frozenset({pb.TRANS_STMT_COMMIT, pb.TRANS_STMT_ROLLBACK, pb.TRANS_STMT_PREPARE})


def leaves_session_state(sql: str) -> bool:
    """Return whether running `sql` may change the effect of later statements in the same server session.

    True as well for text that the grammar refuses or that is too long or too deep to be read here.
    """
    reading = read_sql(sql, skip_long=True)
    return bool(reading.unreadable) or any(map(_leaves_state, reading.statements))


def controls_transaction(sql: str) -> bool | None:
    """Return whether `sql` ends its transaction itself; None for text that the grammar refuses."""
    reading = read_sql(sql, skip_long=True)
    # A statement that is too deep for the parser is no COMMIT.
    return None if reading.is_refused else any(_ends_transaction(each.tree) for each in reading.statements)


def writes_rows(sql: str) -> bool:
    """Return whether `sql` may change rows when it is run; True as well for text that cannot be read.

    Function calls in a SELECT are taken to change nothing: their bodies are unknown.
    """
    reading = read_sql(sql, skip_long=True)
    return bool(reading.unreadable) or any(map(_writes_rows, reading.statements))


def is_one_concurrent(sql: str) -> bool | None:
    """Return whether `sql` is one CONCURRENTLY statement and nothing else; None for what cannot be read.

    Of several in one text PostgreSQL makes a transaction, in which it refuses such a statement.
    """
    reading = read_sql(sql, skip_long=True)
    if reading.unreadable:
        return None
    return len(reading.statements) == 1 and is_concurrent(reading.statements[0].tree)


def _ends_transaction(tree: Message) -> bool:
    return isinstance(tree, pb.TransactionStmt) and tree.kind in _ENDS_TRANSACTION


def _writes_rows(statement: Statement) -> bool:
    if isinstance(statement.tree, pb.CreateFunctionStmt | pb.RuleStmt):
        return False
    return any(map(_writes, statement.walk()))


def _writes(node: Message) -> bool:
    return isinstance(node, _WRITING) or (isinstance(node, pb.CopyStmt) and node.is_from)


def _leaves_state(statement: Statement) -> bool:
    top = statement.tree
    # The body and the SET clause of a new function belong to its later calls, not to this session.
    if name := name_of_new(top):
        return in_pg_temp(name)
    if isinstance(top, _LASTING):
        return True
    match top:
        case pb.VariableSetStmt():
            return not (top.is_local or top.name == "TRANSACTION")
        case pb.DoStmt():
            body = str(top.args).lower()
            return any(word in body for word in _OPAQUE_WORDS)
        case _:
            # ALTER FUNCTION, ROLE, DATABASE and SYSTEM ... SET change later calls and sessions, not this one.
            return any(_touches_session(node) for node in statement.of(pb.RangeVar, pb.FuncCall))


def _touches_session(node: Message) -> bool:
    if isinstance(node, pb.RangeVar):
        # An UPDATE of the view pg_settings is a SET.
        return is_temporary(node) or node.relname == "pg_settings"
    name = node.funcname[-1].string.sval
    return name in _SESSION_FUNCTIONS or (name.startswith(_SESSION_FAMILIES) and "xact" not in name)
