"""Rewrites statements that give an object to a role, so that it stays with who runs them."""

import re
from collections.abc import Collection, Iterator

from dbmate_wrap.sql.nodes import Message, pb
from dbmate_wrap.sql.parse import Statement, read_sql

_MENTIONS = re.compile(r"\bowner\s+to\b", re.IGNORECASE)
_NAME = re.compile(r'"(?:[^"]|"")*"|[\w$]+')
_STAYS = "current_user"


def keep_owners(text: str, roles: Collection[str]) -> str:
    """Return the text with OWNER TO current_user in place of OWNER TO any of `roles`; as many lines.

    DO blocks are left as they are.
    """
    if not roles or not _MENTIONS.search(text):
        return text
    found = [
        (place, place + len(name.group()))
        for statement in read_sql(text).statements
        for owner in _new_owners(statement)
        if owner.roletype == pb.ROLESPEC_CSTRING and owner.rolename in roles
        for place in [statement.at(owner.location)]
        if (name := _NAME.match(text, place))
    ]
    for start, end in sorted(found, reverse=True):
        text = f"{text[:start]}{_STAYS}{text[end:]}"
    return text


def _new_owners(statement: Statement) -> Iterator[Message]:
    tree = statement.tree
    if isinstance(tree, pb.AlterOwnerStmt):
        yield tree.newowner
    elif isinstance(tree, pb.AlterTableStmt):
        commands = (node.alter_table_cmd for node in tree.cmds)
        yield from (each.newowner for each in commands if each.subtype == pb.AT_ChangeOwner)
