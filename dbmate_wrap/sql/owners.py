"""Rewrites statements that give an object to a role, so that it stays with who runs them."""

import re
from collections.abc import Collection, Iterator

from dbmate_wrap.domain.sql_lexer import OWNER_TO
from dbmate_wrap.sql.nodes import Message, pb
from dbmate_wrap.sql.parse import Statement, read_sql

_NAME = re.compile(r'"(?:[^"]|"")*"|[\w$]+')
_STAYS = "current_user"


def keep_owners(text: str, roles: Collection[str]) -> str:
    """Return the text with OWNER TO current_user in place of OWNER TO any of `roles`; as many lines.

    DO blocks are left as they are.
    """
    places = [statement.at(owner.location) for statement, owner in _found(text, roles)]
    for start in sorted(places, reverse=True):
        if name := _NAME.match(text, start):
            text = f"{text[:start]}{_STAYS}{text[name.end() :]}"
    return text


def owners_given(text: str, roles: Collection[str]) -> tuple[str, ...]:
    """Return the statements that `keep_owners` rewrites, as they stand in the text."""
    return tuple(statement.text for statement, _ in _found(text, roles))


def new_owners(text: str, roles: Collection[str]) -> frozenset[str]:
    """Return those of `roles` to which the statements that `keep_owners` rewrites give something."""
    return frozenset(str(owner.rolename) for _, owner in _found(text, roles))


def _found(text: str, roles: Collection[str]) -> Iterator[tuple[Statement, Message]]:
    if not OWNER_TO.search(text):
        return
    for statement in read_sql(text).statements:
        for owner in _new_owners(statement):
            if owner.roletype == pb.ROLESPEC_CSTRING and owner.rolename in roles:
                yield statement, owner


def _new_owners(statement: Statement) -> Iterator[Message]:
    tree = statement.tree
    if isinstance(tree, pb.AlterOwnerStmt):
        yield tree.newowner
    elif isinstance(tree, pb.AlterTableStmt):
        commands = (node.alter_table_cmd for node in tree.cmds)
        yield from (each.newowner for each in commands if each.subtype == pb.AT_ChangeOwner)
