"""Finds migrations that make another schema each time: by the clock, a name, a number or random values."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.sql.bodies import bodies
from dbmate_wrap.sql.parse import Statement, read_sql
from dbmate_wrap.sql.statement import Body

_CLOCK, _NAME, _RANDOM = "the clock", "the name of the database", "random values"
_SESSION = "the session"
_FUNCTIONS = {
    **dict.fromkeys(
        ("now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timeofday", "uuidv7"),
        _CLOCK,
    ),
    "current_database": _NAME,
    **dict.fromkeys(("random", "random_normal", "gen_random_uuid", "gen_random_bytes", "uuidv4"), _RANDOM),
    **dict.fromkeys(("pg_backend_pid", "txid_current", "pg_current_xact_id"), _SESSION),
    **dict.fromkeys(("uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4"), _RANDOM),
}
_KEYWORDS = {"CURRENT_DATE": _CLOCK, "CURRENT_TIME": _CLOCK, "CURRENT_TIMESTAMP": _CLOCK} | {
    "LOCALTIME": _CLOCK,
    "LOCALTIMESTAMP": _CLOCK,
    "CURRENT_CATALOG": _NAME,
}
_NOW = frozenset({"now", "today", "tomorrow", "yesterday"})
_ROWS = (pb.SelectStmt, pb.InsertStmt, pb.UpdateStmt, pb.DeleteStmt, pb.MergeStmt)
# They say something about the database under whatever name it has, and pg_dump writes nothing of it.
_OF_DATABASES = (pb.AlterDatabaseSetStmt, pb.AlterDatabaseStmt, pb.AlterRoleSetStmt)
_MOST_LEVELS = 8


def find_varying(migrations: Sequence[ParsedMigration]) -> dict[str, str]:
    """Return the files whose schema depends on such a value, each with what it depends on, in words."""
    found: dict[str, str] = {}
    functions: dict[str, str] = {}  # Those of the migrations that do so when they are called.
    for migration in migrations:
        texts = (section.up.sql for section in migration.sections)
        for statement in chain.from_iterable(read_sql(text).statements for text in texts):
            if cause := _cause(statement, functions):
                found.setdefault(migration.file.name, cause)
    return found


def _cause(statement: Statement, functions: dict[str, str]) -> str | None:
    tree = statement.tree
    if isinstance(tree, pb.DoStmt):
        return _first(_deciding(body, functions) for body in bodies(statement))
    if isinstance(tree, pb.CreateFunctionStmt):
        name = tree.funcname[-1].string.sval
        if cause := _first(_deciding(body, functions) for body in bodies(statement)):
            functions[name] = cause
        return None
    if isinstance(tree, pb.SelectStmt | pb.CallStmt):
        return _first(functions.get(_called(node)) for node in statement.walk())
    if isinstance(tree, _ROWS):
        return None
    bounds = (node for node in statement.walk() if isinstance(node, pb.PartitionBoundSpec))
    return _first(chain(map(_bound, bounds), map(_constant_now, statement.walk())))


def _deciding(body: Body, functions: dict[str, str], level: int = 0) -> str | None:
    """Return what a body that makes objects depends on; None for one that only writes rows."""
    inner = (each for each in body.statements if isinstance(each.tree, pb.DoStmt) and level < _MOST_LEVELS)
    nested = (_deciding(each, functions, level + 1) for one in inner for each in bodies(one))
    queries = [each for each in body.statements if isinstance(each.tree, pb.SelectStmt)]
    called = (functions.get(_called(node)) for each in queries for node in each.walk())
    own = (_value(node) for each in queries for node in each.walk()) if _makes_objects(body) else ()
    return _first(chain(own, called, nested))


def _makes_objects(body: Body) -> bool:
    made = [each.tree for each in body.statements if not isinstance(each.tree, (*_ROWS, pb.DoStmt))]
    return any(not _is_of_database(tree) for tree in made) or body.executes_unknown


def _is_of_database(tree: Message) -> bool:
    kind = getattr(tree, "objtype", getattr(tree, "object_type", None))
    return isinstance(tree, _OF_DATABASES) or kind == pb.OBJECT_DATABASE


def _value(node: Message) -> str | None:
    if isinstance(node, pb.SQLValueFunction):
        name = pb.SQLValueFunctionOp.Name(node.op).removeprefix("SVFOP_").removesuffix("_N")
        return f"{_KEYWORDS[name]} ({name.lower()})" if name in _KEYWORDS else None
    name = _called(node)
    return f"{_FUNCTIONS[name]} ({name}())" if name in _FUNCTIONS else None


def _bound(bound: Message) -> str | None:
    values = (*bound.listdatums, *bound.lowerdatums, *bound.upperdatums)
    return _first(_value(node) for value in values for node in Statement("", (0,), value).walk())


def _constant_now(node: Message) -> str | None:
    """Return the cause of `'now'::timestamptz`, which is worked out when it is read."""
    if isinstance(node, pb.TypeCast) and node.arg.a_const.sval.sval.lower() in _NOW:
        return f"{_CLOCK} ('{node.arg.a_const.sval.sval}')"
    return None


def _called(node: Message) -> str:
    return str(node.funcname[-1].string.sval) if isinstance(node, pb.FuncCall) else ""


def _first(causes: Iterable[str | None] | Iterator[str | None]) -> str | None:
    return next(filter(None, causes), None)
