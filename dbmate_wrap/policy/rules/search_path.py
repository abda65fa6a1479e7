"""Rule search-path: every name has its schema, and nothing changes the path."""

import re
from collections.abc import Iterator, Sequence

from dbmate_wrap.policy.hit import BlockContext, Hit
from dbmate_wrap.policy.set_config import set_config_arguments
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.nodes import Message, pb
from dbmate_wrap.sql.parse import Statement

_PATH = "search_path"
_HINT = (
    "remove it, and write the schema before every name; where that cannot be, end the block with RESET"
    " search_path (SET LOCAL too holds until dbmate has recorded the version), and allow both by a comment"
)
_FUNCTION_HINT = "set it in the function's definition: CREATE FUNCTION ... SET search_path = pg_catalog, ..."
# What a body that changes it must hold: most do not, and reading a body takes the most time of all rules.
_MAY_CHANGE = re.compile("path|reset|schema", re.IGNORECASE)
_SETTERS = {
    pb.AlterRoleSetStmt: "ALTER ROLE ... ",
    pb.AlterDatabaseSetStmt: "ALTER DATABASE ... ",
    pb.AlterSystemStmt: "ALTER SYSTEM ",
}


def find(statements: Sequence[Statement], context: BlockContext) -> Iterator[Hit]:
    """One hit per change of the path for this session, or for a role, a database or the server.

    Also in bodies of DO blocks and functions; the SET clause of a function is good practice.
    """
    for statement in statements:
        hint = _FUNCTION_HINT if isinstance(statement.tree, pb.CreateFunctionStmt) else _HINT
        for part in nested_statements(statement, later=_MAY_CHANGE.search(statement.text) is not None):
            for offset, what in _found(part):
                yield Hit("search-path", offset, f"changes search_path: {what}", hint)


def _found(statement: Statement) -> Iterator[tuple[int, str]]:
    tree = statement.tree
    if isinstance(tree, pb.DoStmt | pb.CreateFunctionStmt):
        return
    setter = _SETTERS.get(type(tree))
    setting = tree if isinstance(tree, pb.VariableSetStmt) else tree.setstmt if setter else None
    if setting is not None and (what := _setting(setting, setter or "")) is not None:
        yield statement.offset, what
    for call in statement.of(pb.FuncCall):
        if set_config_arguments(call).get("setting_name") == _PATH:
            yield statement.at(call.location), "set_config('search_path', ...)"


def _setting(setting: Message, before: str) -> str | None:
    if setting.kind == pb.VAR_RESET_ALL:
        return f"{before}RESET ALL"
    # Names of settings are compared without regard to case, even in double quotes.
    if setting.name.lower() != _PATH:
        return None
    if setting.kind == pb.VAR_RESET:
        return f"{before}RESET search_path"
    local = "LOCAL " if setting.is_local else ""
    return f"{before}SET {local}search_path"
