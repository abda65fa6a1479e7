"""Finds the roles that the statements of texts name and none of them makes, DO blocks included."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.nodes import Message, pb
from dbmate_wrap.sql.parse import Statement, read_sql

# Every statement that names a role needs one of these words.
_MENTIONS = re.compile(
    r"\b(?:grant|revoke|policy|owner|owned|role|authorization|user\s+mapping|(?:alter|create|drop)\s+(?:user|group))\b",
    re.IGNORECASE,
)
_MAKES = re.compile(r"\bcreate\s+(?:role|user(?!\s+mapping)|group)\b", re.IGNORECASE)
_HANDLES = re.compile(r"\bexception\s+when\b", re.IGNORECASE)
# What stands in dynamic SQL for a name that only the run knows (`bodies`).
_ANY = "_"
# A longer one is cut off by the server.
_LONGEST = 63


def mentions_roles(text: str) -> bool:
    """Return True where the text may name a role; quick."""
    return _MENTIONS.search(text) is not None


def roles_nobody_makes(texts: Sequence[str]) -> frozenset[str]:
    """Return the roles that the texts, run in this order, name before one of them makes them.

    Left out are PostgreSQL's own (pg_...), those that a later statement makes in any case, and those that a
    text seems to ask for or to make itself: by their name as a value, in a DO block or by dynamic SQL. Bodies
    of functions are not looked into.
    """
    finder = _Finder()
    for text in texts:
        finder.add_text(text)
    return frozenset(name for name in finder.missing - finder.made_in_any_case if _may_be_made(name))


@dataclass
class _Finder:
    """What the texts so far name and make; `makers` are the statements that make roles in a way not known."""

    missing: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    made_in_any_case: set[str] = field(default_factory=set)
    makers: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def add_text(self, text: str) -> None:
        self.texts.append(text)
        if not mentions_roles(text):
            return
        for statement in read_sql(text, skip_long=True).statements:
            if _MENTIONS.search(statement.text):
                self._add(statement)

    def _add(self, statement: Statement) -> None:
        if not isinstance(statement.tree, pb.CreateRoleStmt) and _MAKES.search(statement.text):
            self.makers.append(statement.text)
        for part in nested_statements(statement):
            nested = part is not statement
            for name in _roles_of(part):
                asked_for = nested and (name == _ANY or _asks_for(statement.text, name))
                if name not in self.made and not asked_for and not self._seems_made(name):
                    self.missing.add(name)
            if isinstance(part.tree, pb.CreateRoleStmt):
                self.made.add(part.tree.role)
                if not nested:
                    self.made_in_any_case.add(part.tree.role)

    def _seems_made(self, name: str) -> bool:
        if not self.makers:
            return False
        word, value = re.compile(rf"\b{re.escape(name)}\b"), f"'{name}'"
        return any(map(word.search, self.makers)) or any(value in text for text in self.texts)


def _asks_for(block: str, name: str) -> bool:
    """Return whether a DO block asks whether there is the role, or goes on where there is none."""
    return f"'{name}'" in block or _HANDLES.search(block) is not None


def _may_be_made(name: str) -> bool:
    return not name.startswith("pg_") and 0 < len(name.encode()) <= _LONGEST


def _roles_of(statement: Statement) -> Iterator[str]:
    """Yield the names of the roles that have to be there for the statement."""
    tree = statement.tree
    match tree:
        case pb.DropRoleStmt() if tree.missing_ok:
            return
        case pb.DoStmt() | pb.CreateFunctionStmt():
            return
        case pb.GrantRoleStmt():
            yield from (str(node.access_priv.priv_name) for node in tree.granted_roles)
        case pb.RenameStmt() if tree.rename_type == pb.OBJECT_ROLE:
            yield str(tree.subname)
        case pb.CommentStmt() if tree.objtype == pb.OBJECT_ROLE:
            yield str(tree.object.string.sval)
        case pb.VariableSetStmt() if tree.name == "role":
            yield from (str(node.a_const.sval.sval) for node in tree.args if node.HasField("a_const"))
    yield from _named(statement.walk())


def _named(nodes: Iterable[Message]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, pb.RoleSpec) and node.roletype == pb.ROLESPEC_CSTRING:
            yield str(node.rolename)
