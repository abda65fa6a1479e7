"""Statements that PostgreSQL refuses to run inside a transaction block."""

from collections.abc import Callable, Mapping, Sequence, Set

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.parse import Statement

# Measured on PostgreSQL 15 and 18 (tests/integration/test_sql_verdicts.py): all end with 25001.
_OFF = frozenset({"false", "off", "no", "0"})
_WHOLE_KINDS = {
    pb.REINDEX_OBJECT_SCHEMA: "REINDEX SCHEMA",
    pb.REINDEX_OBJECT_SYSTEM: "REINDEX SYSTEM",
    pb.REINDEX_OBJECT_DATABASE: "REINDEX DATABASE",
}
_REFRESHING = (
    *(pb.ALTER_SUBSCRIPTION_SET_PUBLICATION, pb.ALTER_SUBSCRIPTION_ADD_PUBLICATION),
    pb.ALTER_SUBSCRIPTION_DROP_PUBLICATION,
)
_SLOT_OPTIONS = frozenset({"failover", "two_phase"})


def refused_in_transaction(statement: Statement, detached: Set[str]) -> str | None:
    """Return the command that cannot run inside a transaction block, in capitals; None if it can.

    `detached` are the subscriptions that have given up their slot before it. REINDEX and CLUSTER of a
    partitioned table, which are refused too, cannot be recognised without the database.
    """
    tree = statement.tree
    if isinstance(tree, pb.DropSubscriptionStmt):
        return None if tree.subname in detached else "DROP SUBSCRIPTION"
    describe = _REFUSED_COMMANDS.get(type(tree))
    return describe(tree) if describe is not None else None


def is_concurrent(tree: Message) -> bool:
    """Return whether the statement builds, rebuilds, drops or detaches CONCURRENTLY."""
    match tree:
        case pb.IndexStmt() | pb.DropStmt():
            return bool(tree.concurrent)
        case pb.ReindexStmt():
            return _is_on(tree.params, "concurrently", default=False)
        case pb.AlterTableStmt():
            return _alter_table(tree) is not None
        case _:
            return False


def _reindex(tree: Message) -> str | None:
    if tree.kind in _WHOLE_KINDS:
        return _WHOLE_KINDS[tree.kind]
    return "REINDEX CONCURRENTLY" if _is_on(tree.params, "concurrently", default=False) else None


def _alter_table(tree: Message) -> str | None:
    commands = (node.alter_table_cmd for node in tree.cmds)
    detached = (command for command in commands if command.subtype == pb.AT_DetachPartition)
    concurrently = any(getattr(command, "def").partition_cmd.concurrent for command in detached)
    return "DETACH PARTITION CONCURRENTLY" if concurrently else None


def _alter_database(tree: Message) -> str | None:
    moved = any(option.def_elem.defname == "tablespace" for option in tree.options)
    return "ALTER DATABASE SET TABLESPACE" if moved else None


def _create_subscription(tree: Message) -> str | None:
    connects = _is_on(tree.options, "connect", default=True)
    return "CREATE SUBSCRIPTION" if _is_on(tree.options, "create_slot", default=connects) else None


def _alter_subscription(tree: Message) -> str | None:
    if tree.kind == pb.ALTER_SUBSCRIPTION_REFRESH:
        return "ALTER SUBSCRIPTION REFRESH PUBLICATION"
    if tree.kind in _REFRESHING and _is_on(tree.options, "refresh", default=True):
        return "ALTER SUBSCRIPTION with refresh"
    names = [option.def_elem.defname for option in tree.options]
    changed = next((name for name in names if name in _SLOT_OPTIONS), None)
    is_set = tree.kind == pb.ALTER_SUBSCRIPTION_OPTIONS and changed
    return f"ALTER SUBSCRIPTION SET ({changed})" if is_set else None


def subscription_without_slot(tree: Message) -> str | None:
    """Return the subscription that the statement leaves without a slot; None for any other statement."""
    if not isinstance(tree, pb.AlterSubscriptionStmt | pb.CreateSubscriptionStmt):
        return None
    given_up = any(
        option.def_elem.defname == "slot_name" and option.def_elem.arg.string.sval.lower() == "none"
        for option in tree.options
    )
    return str(tree.subname) if given_up else None


def _is_on(options: Sequence[Message], name: str, *, default: bool) -> bool:
    for option in options:
        if option.def_elem.defname == name:
            return _text(option.def_elem.arg) not in _OFF
    return default


def _text(value: Message) -> str:
    match value.WhichOneof("node"):
        case "string":
            return str(value.string.sval).lower()
        case "integer":
            return str(value.integer.ival)
        case "boolean":
            return "true" if value.boolean.boolval else "false"
        case "type_name":
            # The grammar reads `off` as a type.
            return str(value.type_name.names[-1].string.sval)
        case _:
            return ""


_REFUSED_COMMANDS: Mapping[type[Message], Callable[[Message], str | None]] = {
    pb.AlterDatabaseStmt: _alter_database,
    pb.AlterSubscriptionStmt: _alter_subscription,
    pb.AlterSystemStmt: lambda _: "ALTER SYSTEM",
    pb.AlterTableStmt: _alter_table,
    pb.ClusterStmt: lambda tree: None if tree.HasField("relation") else "CLUSTER of all tables",
    pb.CreateSubscriptionStmt: _create_subscription,
    pb.CreateTableSpaceStmt: lambda _: "CREATE TABLESPACE",
    pb.CreatedbStmt: lambda _: "CREATE DATABASE",
    pb.DiscardStmt: lambda tree: "DISCARD ALL" if tree.target == pb.DISCARD_ALL else None,
    pb.DropStmt: lambda tree: "DROP INDEX CONCURRENTLY" if tree.concurrent else None,
    pb.DropTableSpaceStmt: lambda _: "DROP TABLESPACE",
    pb.DropdbStmt: lambda _: "DROP DATABASE",
    pb.IndexStmt: lambda tree: "CREATE INDEX CONCURRENTLY" if tree.concurrent else None,
    pb.ReindexStmt: _reindex,
    pb.VacuumStmt: lambda tree: "VACUUM" if tree.is_vacuumcmd else None,
}
