"""Rule literal-password: no password stands in a migration."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dbmate_wrap.policy.hit import BlockContext, Hit
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.nodes import Message, pb
from dbmate_wrap.sql.parse import Statement

_HINT = (
    "change it now, for it is in the history of the repository; then set it outside of migrations"
    " (psql: \\password), or write its SCRAM-SHA-256 hash"
)
_WORD = re.compile("passw|://", re.IGNORECASE)
_OPTIONS = frozenset({"password", "passwd", "sslpassword"})
# As PostgreSQL recognises one: iterations, salt, stored key, server key.
_SCRAM = re.compile(r"SCRAM-SHA-256\$\d+:[\w+/=]+\$[\w+/=]+:[\w+/=]+", re.ASCII)
# A value of a connection string, and the password of a URL; not what is put in when it runs.
_IN_CONNECTION = re.compile(
    r"\b(?:ssl)?password\s*=\s*+(?!'?+_*+(?:[\s'%]|$))|://[^\s/:@]*+:(?![_%])[^\s/@]++@", re.ASCII
)
_WITH_OPTIONS = {
    pb.CreateRoleStmt: "CREATE ROLE",
    pb.AlterRoleStmt: "ALTER ROLE",
    pb.CreateUserMappingStmt: "CREATE USER MAPPING",
    pb.AlterUserMappingStmt: "ALTER USER MAPPING",
    pb.CreateForeignServerStmt: "CREATE SERVER",
    pb.AlterForeignServerStmt: "ALTER SERVER",
}
_WITH_CONNECTION = {
    pb.CreateSubscriptionStmt: "CREATE SUBSCRIPTION",
    pb.AlterSubscriptionStmt: "ALTER SUBSCRIPTION",
}


def find(statements: Sequence[Statement], context: BlockContext) -> Iterator[Hit]:
    """One hit per password of a role, a user mapping, a subscription or dblink; also in DO and functions."""
    for statement in statements:
        if _WORD.search(statement.text):
            for part in nested_statements(statement, later=True):
                for offset, what in _found(part):
                    # The password itself is in no message.
                    yield Hit("literal-password", offset, f"has a password in clear text: {what}", _HINT)


def _found(statement: Statement) -> Iterator[tuple[int, str]]:
    tree = statement.tree
    if what := _WITH_OPTIONS.get(type(tree)):
        for option in statement.of(pb.DefElem):
            if option.defname.lower() in _OPTIONS and _is_clear(str(option.arg.string.sval)):
                yield statement.at(option.location), what
    elif what := _WITH_CONNECTION.get(type(tree)):
        if _IN_CONNECTION.search(tree.conninfo):
            yield statement.offset, what
    elif not isinstance(tree, pb.DoStmt | pb.CreateFunctionStmt):
        for call in statement.of(pb.FuncCall):
            name = call.funcname[-1].string.sval
            if name.startswith("dblink") and _connects(call, statement):
                yield statement.at(call.location), name


def _is_clear(password: str) -> bool:
    # An empty one removes the password; underscores stand for what is known only when it runs, and stars for
    # what a dump does not show.
    return bool(password.strip("_*")) and not _SCRAM.fullmatch(password)


def _connects(call: Message, statement: Statement) -> bool:
    constants = replace(statement, tree=call).of(pb.A_Const)
    return any(_IN_CONNECTION.search(node.sval.sval) for node in constants)
