"""Reads what the text of a statement says about locks and work that a server does not show."""

from collections.abc import Iterator, Sequence
from itertools import chain, repeat

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.domain.sql_lexer import Token, tokens
from dbmate_wrap.domain.statement_facts import StatementFacts
from dbmate_wrap.domain.statement_trace import LockMode
from dbmate_wrap.sql.bodies import bodies
from dbmate_wrap.sql.named import parts_of, split_name
from dbmate_wrap.sql.nested import nested_statements, unread_offsets
from dbmate_wrap.sql.nodes import WRITES
from dbmate_wrap.sql.non_transactional import is_concurrent
from dbmate_wrap.sql.objects import objects
from dbmate_wrap.sql.parse import Statement

_RELATIONS = frozenset({"relation", "table", "view", "sequence", "index"})
_TAGS = {
    pb.InsertStmt: "INSERT",
    pb.UpdateStmt: "UPDATE",
    pb.DeleteStmt: "DELETE",
    pb.MergeStmt: "MERGE",
    pb.SelectStmt: "SELECT",
    pb.TruncateStmt: "TRUNCATE TABLE",
}
# Their queries are run later, or never.
_NOT_RUN = (pb.CreateFunctionStmt, pb.RuleStmt, pb.PrepareStmt, pb.ExplainStmt)
# Words between the verb and the kind of object.
_MODIFIERS = frozenset(
    {
        *("or", "replace", "global", "local", "temporary", "temp", "unlogged", "unique", "constraint"),
        *("recursive", "trusted", "procedural", "default"),
    }
)
_WITH_OBJECT = frozenset({"create", "alter", "drop", "refresh", "import", "reassign", "security", "lock"})
# How many words a kind has, by its first, or its first two.
_LONG_KINDS = {
    **dict.fromkeys(("materialized", "foreign", "event", "access", "large", "security"), 2),
    **dict.fromkeys(("operator class", "operator family", "user mapping"), 2),
    **dict.fromkeys(("text search", "foreign data"), 3),
}
# Of a domain: a constraint is added or validated, or NOT NULL is set.
_DOMAIN_CHECKS = frozenset({"C", "V", "O"})
_FLOW = frozenset({"if", "case", "loop", "for", "foreach", "while"})
_WHERE_IT_RUNS = frozenset(
    {"current_database", "current_catalog", "current_setting", "current_user", "session_user", "version"}
)


def read_statement_facts(statement: Statement) -> StatementFacts:
    """Return the facts about one statement."""
    tree, parts = statement.tree, tuple(nested_statements(statement))
    trees = tuple(part.tree for part in parts)
    is_vacuum = isinstance(tree, pb.VacuumStmt) and tree.is_vacuumcmd
    return StatementFacts(
        tag=command_tag(statement),
        names=tuple(dict.fromkeys(chain.from_iterable(map(_relations, parts)))),
        calls=frozenset(chain.from_iterable(map(_calls, parts))) if _runs_functions(tree) else frozenset(),
        targets=frozenset(chain.from_iterable(map(_targets, parts))),
        writes_rows=any(map(_writes_rows, parts)),
        truncates=any(isinstance(each, pb.TruncateStmt) for each in trees),
        reads_rows=isinstance(tree, pb.SelectStmt) or is_vacuum or any(map(_copies_rows, trees)),
        reads_under=LockMode.SHARE_UPDATE_EXCLUSIVE if is_vacuum else LockMode.ACCESS_SHARE,
        checks_domain=any(map(_checks_domain, trees)),
        makes_partition=any(isinstance(each, pb.CreateStmt) and each.HasField("partbound") for each in trees),
        concurrently=is_concurrent(tree),
        varies=_varies(statement, parts),
    )


def command_tag(statement: Statement) -> str:
    """Return the kind of the statement as PostgreSQL names it: CREATE INDEX, ALTER TABLE, UPDATE."""
    tree = statement.tree
    if tag := _TAGS.get(type(tree)):
        return tag
    words = [token.text for token in tokens(statement.text) if token.kind == "name"]
    verb, rest = words[0], words[1:]
    if verb not in _WITH_OBJECT:
        return verb.upper()
    while rest and rest[0] in _MODIFIERS and not (rest[0] == "default" and rest[1:2] == ["privileges"]):
        rest = rest[1:]
    if rest[:2] == ["default", "privileges"]:
        return f"{verb} default privileges".upper()
    if tree.DESCRIPTOR.name == "LockStmt":
        return "LOCK TABLE"
    length = _LONG_KINDS.get(" ".join(rest[:2])) or _LONG_KINDS.get(rest[0] if rest else "", 1)
    return " ".join([verb, *rest[:length]]).upper()


def _relations(statement: Statement) -> Iterator[tuple[str, str]]:
    return ((each.schema, each.name) for each in objects(statement) if each.kind in _RELATIONS)


def _calls(statement: Statement) -> Iterator[tuple[str, str]]:
    for node in statement.of(pb.FuncCall):
        name = parts_of(node.funcname)
        if name[:-1] != ["pg_catalog"]:
            yield split_name(name)


def _runs_functions(tree: Message) -> bool:
    return isinstance(tree, pb.SelectStmt | pb.CallStmt | pb.DoStmt)


def _writes_rows(statement: Statement) -> bool:
    tree = statement.tree
    if isinstance(tree, pb.CopyStmt):
        return bool(tree.is_from)
    if isinstance(tree, pb.RefreshMatViewStmt):
        return bool(tree.concurrent)
    return not isinstance(tree, _NOT_RUN) and any(statement.of(*WRITES))


def _targets(statement: Statement) -> Iterator[tuple[str, str]]:
    kinds = (*WRITES, pb.CopyStmt)
    return ((node.relation.schemaname, node.relation.relname) for node in statement.of(*kinds))


def _copies_rows(tree: Message) -> bool:
    match tree:
        case pb.CreateTableAsStmt():
            return not tree.into.skip_data
        case pb.RefreshMatViewStmt():
            return not tree.skip_data
        case _:
            return False


def _checks_domain(tree: Message) -> bool:
    if not isinstance(tree, pb.AlterDomainStmt) or tree.subtype not in _DOMAIN_CHECKS:
        return False
    return not getattr(tree, "def").constraint.skip_validation


def _varies(statement: Statement, parts: tuple[Statement, ...]) -> str | None:
    """Return why what the statement does may depend on data; calls of functions are not looked at."""
    tree = statement.tree
    if isinstance(tree, pb.ExecuteStmt):
        return "it depends on data: it runs a prepared statement"
    if not isinstance(tree, pb.DoStmt):
        return None
    if not bodies(statement) or any(unread_offsets(statement)):
        return "the code of the DO block cannot be read"
    code = list(tokens(_code(tree)))
    words = {token.text for token in code}
    if any(map(_is_put_together, range(len(code)), repeat(code))):
        return "it depends on data: the DO block runs SQL that it puts together when it runs"
    if not words & _FLOW:
        return None
    if asked := sorted(words & _WHERE_IT_RUNS):
        return f"it depends on where it runs: the DO block asks for {asked[0]}"
    queries = (part for part in parts if isinstance(part.tree, pb.SelectStmt))
    read = next((name for query in queries for name in _relations(query)), None)
    return f"it depends on data: the DO block reads {'.'.join(filter(None, read))}" if read else None


def _is_put_together(at: int, code: Sequence[Token]) -> bool:
    """Return True for an EXECUTE of anything but one constant; CREATE TRIGGER has an EXECUTE FUNCTION."""
    command = code[at + 1 : at + 3]
    if code[at].text != "execute" or not command or command[0].text in ("function", "procedure"):
        return False
    return command[0].kind != "string" or command[-1].text not in (";", "using")


def _code(tree: Message) -> str:
    options = (node.def_elem for node in tree.args)
    return next((str(each.arg.string.sval) for each in options if each.defname == "as"), "")
