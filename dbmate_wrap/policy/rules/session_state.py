"""Rule session-state: nothing outlives its migration in the session, which the whole run shares."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dbmate_wrap.policy.hit import BlockContext, Hit
from dbmate_wrap.policy.set_config import constant, set_config_arguments
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.nodes import Message, pb
from dbmate_wrap.sql.parse import Statement
from dbmate_wrap.sql.temporary import made_temporary

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
# dbmate writes its record after the block, as the role that is set then; the path does it no harm.
_UNDO_OF_ROLE = {"role": "RESET ROLE", "session_authorization": "RESET SESSION AUTHORIZATION"}
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

    Of the role also what lasts until dbmate has recorded the version (SET LOCAL), unless the block puts it
    back. Not search_path, which has a rule of its own, and no temporary table that the block drops itself.
    """
    dropped = _dropped(statements)
    parts = [part for statement in statements for part in nested_statements(statement)]
    for part in parts:
        yield from _hits(part, dropped)
    yield from _kept_roles(parts, transactional=context.transactional)


@dataclass(frozen=True)
class _RoleChange:
    """One change of `role` or `session_authorization`; `to` is empty for what is known only when it runs."""

    setting: str
    to: str
    is_local: bool
    offset: int


def _kept_roles(parts: Sequence[Statement], *, transactional: bool) -> Iterator[Hit]:
    kept: dict[str, _RoleChange] = {}
    for change in (change for part in parts for change in _role_changes(part)):
        # What was saved before may be put back by a variable.
        if change.to == "none" or (not change.to and change.setting in kept):
            kept.pop(change.setting, None)
        elif transactional or not change.is_local:
            kept[change.setting] = change
    for change in kept.values():
        hint = f"end the block with {_UNDO_OF_ROLE[change.setting]}: dbmate records the version after it"
        if change.is_local:
            what = f"still holds when dbmate records the version: SET LOCAL {change.setting}"
            yield Hit("session-state", change.offset, what, hint)
        else:
            yield _hit(change.offset, f"SET {change.setting}", hint)


def _role_changes(statement: Statement) -> Iterator[_RoleChange]:
    tree = statement.tree
    if isinstance(tree, pb.VariableSetStmt) and tree.name in _UNDO_OF_ROLE:
        is_value = tree.kind == pb.VAR_SET_VALUE
        to = (constant(tree.args[0]) or "").strip("_") if is_value else "none"
        yield _RoleChange(tree.name, to, tree.is_local, statement.offset)
    elif isinstance(tree, _CALLING):
        for call in statement.of(pb.FuncCall):
            arguments = set_config_arguments(call)
            setting = arguments.get("setting_name") or ""
            if setting in _UNDO_OF_ROLE:
                value, local = (arguments.get(name) for name in ("new_value", "is_local"))
                yield _RoleChange(setting, value or "", local in _TRUE, statement.at(call.location))


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
    if tree.is_local or tree.name in ("search_path", "TRANSACTION", *_UNDO_OF_ROLE):
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
        if setting not in ("search_path", *_UNDO_OF_ROLE) and arguments.get("is_local") not in _TRUE:
            hint = "give it true as its third argument: the setting ends with the transaction"
            yield _hit(statement.at(call.location), f"set_config of {setting or 'a setting'}", hint)


def _temporary(statement: Statement, dropped: Mapping[str, int]) -> Iterator[Hit]:
    tree = statement.tree
    made = made_temporary(tree)
    if made is None or dropped.get(made.relname, -1) > statement.offset:
        return
    match tree:
        case pb.CreateStmt():
            on_commit = tree.oncommit
        case pb.CreateTableAsStmt():
            on_commit = tree.into.on_commit
        case _:
            on_commit = pb.ONCOMMIT_NOOP
    if on_commit != pb.ONCOMMIT_DROP:
        hint = "add ON COMMIT DROP, or drop it before the migration ends"
        yield _hit(statement.at(made.location), f"temporary {made.relname}", hint)


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
