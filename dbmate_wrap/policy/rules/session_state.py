"""Rule session-state: nothing outlives its migration in the session, which the whole run shares."""

from collections.abc import Iterator, Mapping, Sequence

from dbmate_wrap.policy.hit import BlockContext, Hit
from dbmate_wrap.policy.set_config import set_config_arguments
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.nodes import Message, pb
from dbmate_wrap.sql.parse import Statement

_CURSOR_HOLD = 0x20  # CURSOR_OPT_HOLD of src/include/nodes/parsenodes.h
_LOCKS = frozenset(
    f"{verb}_lock{mode}" for verb in ("pg_advisory", "pg_try_advisory") for mode in ("", "_shared")
)
# In these a call is executed now; elsewhere (defaults, views, policies) it is only written down.
_CALLING = (
    *(pb.SelectStmt, pb.InsertStmt, pb.UpdateStmt, pb.DeleteStmt, pb.MergeStmt),
    *(pb.CreateTableAsStmt, pb.CallStmt, pb.ExplainStmt, pb.CopyStmt, pb.ExecuteStmt),
)
_TRUE = frozenset({"t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"})
_LOCAL_HINT = "write SET LOCAL: it ends with the transaction"
_REMOVE_HINT = "all migrations of one run share a session: leave it out, or undo it before the migration ends"
_STATES = {
    pb.DiscardStmt: "DISCARD",
    pb.ListenStmt: "LISTEN",
    pb.UnlistenStmt: "UNLISTEN",
    pb.LoadStmt: "LOAD",
    pb.PrepareStmt: "PREPARE",
    pb.DeallocateStmt: "DEALLOCATE",
}


def find(statements: Sequence[Statement], context: BlockContext) -> Iterator[Hit]:
    """One hit per thing that outlives its transaction: settings, locks, temporary objects ...; in DO too.

    Not search_path, which has a rule of its own, and no temporary table that the block drops itself.
    """
    dropped = _dropped(statements)
    for statement in statements:
        for part in nested_statements(statement):
            yield from _hits(part, dropped)


def _hits(statement: Statement, dropped: Mapping[str, int]) -> Iterator[Hit]:
    tree = statement.tree
    if isinstance(tree, pb.VariableSetStmt):
        yield from _setting(tree, statement)
    elif type(tree) in _STATES:
        yield _hit(statement.offset, _STATES[type(tree)])
    elif isinstance(tree, pb.DeclareCursorStmt):
        if tree.options & _CURSOR_HOLD:
            yield _hit(statement.offset, f"DECLARE {tree.portalname} CURSOR WITH HOLD")
    else:
        yield from _temporary(statement, dropped)
        if isinstance(tree, _CALLING):
            for call in statement.of(pb.FuncCall):
                yield from _call(call, statement)


def _setting(tree: Message, statement: Statement) -> Iterator[Hit]:
    if tree.is_local or tree.name in ("search_path", "TRANSACTION"):
        return
    if tree.kind in (pb.VAR_RESET, pb.VAR_RESET_ALL):
        yield _hit(statement.offset, f"RESET {tree.name or 'ALL'}")
    else:
        yield _hit(statement.offset, f"SET {tree.name}", _LOCAL_HINT)


def _call(call: Message, statement: Statement) -> Iterator[Hit]:
    name = call.funcname[-1].string.sval
    if name in _LOCKS:
        hint = f"take {name.replace('advisory_', 'advisory_xact_')}: it ends with the transaction"
        yield _hit(statement.at(call.location), f"{name} takes a lock of the session", hint)
    elif name == "set_config":
        arguments = set_config_arguments(call)
        setting = arguments.get("setting_name")
        if setting != "search_path" and arguments.get("is_local") not in _TRUE:
            hint = "give it true as its third argument: the setting ends with the transaction"
            yield _hit(statement.at(call.location), f"set_config of {setting or 'a setting'}", hint)


def _temporary(statement: Statement, dropped: Mapping[str, int]) -> Iterator[Hit]:
    tree = statement.tree
    made, ends = None, False
    match tree:
        case pb.CreateStmt():
            made, ends = tree.relation, tree.oncommit == pb.ONCOMMIT_DROP
        case pb.CreateTableAsStmt():
            made, ends = tree.into.rel, tree.into.on_commit == pb.ONCOMMIT_DROP
        case pb.SelectStmt() if tree.HasField("into_clause"):
            made = tree.into_clause.rel
        case pb.ViewStmt():
            made = tree.view
        case pb.CreateSeqStmt():
            made = tree.sequence
    if made is None or ends or not _is_temporary(made) or dropped.get(made.relname, -1) > statement.offset:
        return
    hint = "add ON COMMIT DROP, or drop it before the migration ends"
    yield _hit(statement.at(made.location), f"temporary {made.relname}", hint)


def _is_temporary(relation: Message) -> bool:
    return bool(relation.relpersistence == "t" or relation.schemaname.startswith("pg_temp"))


def _dropped(statements: Sequence[Statement]) -> Mapping[str, int]:
    """The relations that the block drops, with the place of the last DROP."""
    return {
        str(node.list.items[-1].string.sval): statement.offset
        for statement in statements
        if isinstance(statement.tree, pb.DropStmt)
        for node in statement.tree.objects
        if node.WhichOneof("node") == "list"
    }


def _hit(offset: int, what: str, hint: str = _REMOVE_HINT) -> Hit:
    return Hit("session-state", offset, f"outlives the migration: {what}", hint)
