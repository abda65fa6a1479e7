"""The only module that talks to the SQL parser (postgast, PostgreSQL's own grammar)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from google.protobuf.message import DecodeError, Message
from postgast import PgQueryError, parse, split, walk
from postgast import pg_query_pb2 as pb

# libpg_query hands its tree over by recursion: 'a'||'b'||... of some 20,000 parts ends the whole process with
# a segmentation fault (8 MiB of stack). A part is two characters at least; `split` needs no recursion.
_LONGEST_STATEMENT = 20_000
# Functions that leave something in the session which the end of the transaction does not take away.
_SESSION_FUNCTIONS = frozenset({"set_config", "setseed", "set_limit"})
_SESSION_FAMILIES = ("pg_advisory_", "pg_try_advisory_", "dblink_", "pg_replication_origin_session_")
# A DO block is opaque here: if its body holds one of these words it is taken to change the session.
_OPAQUE_WORDS = (
    *("set", "discard", "execute", "temp", "prepare", "listen", "load", "deallocate"),
    *("advisory", "dblink", "replication_origin"),
)
_ENDS_TRANSACTION = frozenset({pb.TRANS_STMT_COMMIT, pb.TRANS_STMT_ROLLBACK, pb.TRANS_STMT_PREPARE})

# What one needs CREATE on.
_HOLDERS = frozenset({pb.OBJECT_SCHEMA, pb.OBJECT_DATABASE})
# The field that holds the name of the new object, where it is not a relation's.
_NAMED_BY = {
    "CreateFunctionStmt": "funcname",
    "CreateEnumStmt": "type_name",
    "CreateRangeStmt": "type_name",
    "CreateDomainStmt": "domainname",
    "DefineStmt": "defnames",
    "CreateStatsStmt": "defnames",
    "CreateConversionStmt": "conversion_name",
    "CreateOpClassStmt": "opclassname",
    "CreateOpFamilyStmt": "opfamilyname",
}


def leaves_session_state(sql: str) -> bool:
    """Whether running `sql` may change what later statements in the same server session do.

    True as well for text that the grammar refuses or that is too deep for the parser: what cannot be read is
    not trusted to leave nothing.
    """
    statements = _statements(sql)
    return statements is None or any(
        statement is None or _leaves_state(statement) for statement in statements
    )


def controls_transaction(sql: str) -> bool | None:
    """Whether `sql` ends its transaction itself; None for text that the grammar refuses."""
    statements = _statements(sql)
    if statements is None:
        return None
    # What is too deep for the parser is no COMMIT.
    return any(
        statement is not None
        and statement.HasField("transaction_stmt")
        and statement.transaction_stmt.kind in _ENDS_TRANSACTION
        for statement in statements
    )


def writes_rows(sql: str) -> bool:
    """Whether `sql` may change rows when it is run; True as well for what cannot be read.

    Calls in a SELECT are taken to change nothing: of a function it cannot be seen.
    """
    statements = _statements(sql)
    return statements is None or any(statement is None or _writes_rows(statement) for statement in statements)


def _writes_rows(statement: pb.Node) -> bool:
    if statement.HasField("create_function_stmt") or statement.HasField("rule_stmt"):
        return False
    return any(_writes(node) for _, node in walk(statement))


def _writes(node: Message) -> bool:
    match node:
        case pb.InsertStmt() | pb.UpdateStmt() | pb.DeleteStmt() | pb.MergeStmt():
            return True
        case pb.DoStmt() | pb.CallStmt() | pb.ExecuteStmt():
            return True
        case pb.CopyStmt():
            return bool(node.is_from)
        case _:
            return False


def _statements(sql: str) -> list[pb.Node | None] | None:
    """The statements, None in place of one that is too deep; None for text that the grammar refuses."""
    if "\0" in sql:
        return None  # The parser would take it for the end.
    try:
        return [statement for text in split(sql, method="parser") for statement in _parsed(text)]
    except PgQueryError:
        return None


def _parsed(text: str) -> Iterator[pb.Node | None]:
    if len(text) > _LONGEST_STATEMENT:
        yield None
        return
    try:
        yield from (statement.stmt for statement in parse(text).stmts)
    except DecodeError:
        yield None  # protobuf reads 100 levels.


def _leaves_state(statement: pb.Node) -> bool:
    _, top = next(walk(statement))
    match top:
        case pb.VariableSetStmt():
            return not (top.is_local or top.name == "TRANSACTION")
        case pb.DiscardStmt() | pb.ListenStmt() | pb.UnlistenStmt() | pb.LoadStmt() | pb.PrepareStmt():
            return True
        case pb.DeallocateStmt() | pb.DeclareCursorStmt() | pb.TransactionStmt():
            return True
        case pb.DoStmt():
            body = str(top.args).lower()
            return any(word in body for word in _OPAQUE_WORDS)
        case pb.CreateFunctionStmt():
            # The body and the SET clause of a function belong to its later calls, not to this session.
            return _in_pg_temp(top.funcname)
        case pb.CreateEnumStmt() | pb.CreateRangeStmt():
            return _in_pg_temp(top.type_name)
        case pb.CreateDomainStmt():
            return _in_pg_temp(top.domainname)
        case pb.DefineStmt():
            return _in_pg_temp(top.defnames)
        case _:
            # ALTER FUNCTION, ROLE, DATABASE and SYSTEM ... SET change later calls and sessions, not this one.
            return any(_touches_session(node) for _, node in walk(statement))


def _touches_session(node: Message) -> bool:
    match node:
        case pb.RangeVar():
            # An UPDATE of the view pg_settings is a SET.
            temporary = node.relpersistence == "t" or node.schemaname.startswith("pg_temp")
            return bool(temporary or node.relname == "pg_settings")
        case pb.FuncCall():
            name = node.funcname[-1].string.sval
            kept = name.startswith(_SESSION_FAMILIES) and "xact" not in name
            return bool(kept or name in _SESSION_FUNCTIONS)
        case _:
            return False


def _in_pg_temp(name: Sequence[pb.Node]) -> bool:
    return len(name) > 1 and name[0].string.sval.startswith("pg_temp")


@dataclass(frozen=True)
class Making:
    """What one statement makes, by plain names; `""` is a schema that it does not name.

    `schema` is the one in which the new object will be; None for what makes none there.
    """

    schema: str | None = None
    new_schema: str | None = None
    extension: str | None = None
    index: tuple[str, str] | None = None
    mended_indexes: tuple[tuple[str, str], ...] = ()
    changes_privileges: bool = False
    changes_path: bool = False


def makings(sql: str) -> tuple[Making, ...]:
    """One per statement, in order; of a statement that cannot be read, nothing.

    Bodies of DO blocks and functions are opaque.
    """
    # Walking every tree for that one call costs more than all the rest.
    calls = "set_config" in sql.lower()
    return tuple(_making(statement, calls) for statement in _statements(sql) or () if statement is not None)


def _making(statement: pb.Node, calls_set_config: bool) -> Making:
    _, top = next(walk(statement))
    match top:
        case pb.CreateSchemaStmt():
            return Making(new_schema=top.schemaname or top.authrole.rolename)
        case pb.CreateExtensionStmt():
            return Making(extension=top.extname)
        case pb.IndexStmt():
            # An index is made in its table's schema, and a table without one may be anywhere on the path.
            schema = top.relation.schemaname
            name = (schema, top.idxname) if top.idxname else None
            return Making(schema=schema or None, index=name)
        case pb.DropStmt() if top.remove_type == pb.OBJECT_INDEX:
            return Making(mended_indexes=tuple(_pair(item.list.items) for item in top.objects))
        case pb.ReindexStmt():
            return Making(mended_indexes=((top.relation.schemaname, top.relation.relname),))
        case pb.GrantRoleStmt() | pb.ReassignOwnedStmt():
            return Making(changes_privileges=True)
        case pb.GrantStmt():
            return Making(changes_privileges=top.objtype in _HOLDERS)
        case pb.AlterOwnerStmt():
            return Making(changes_privileges=top.object_type in _HOLDERS)
        case pb.VariableSetStmt():
            return Making(
                changes_privileges=top.name in ("role", "session_authorization"),
                changes_path=top.name == "search_path" or not top.name,
            )
        case _:
            return Making(schema=_schema_of(top), changes_path=calls_set_config and _sets_path(statement))


def _schema_of(top: Message) -> str | None:
    match top:
        case pb.CreateStmt():
            return _of_relation(top.relation)
        case pb.CreateForeignTableStmt():
            return _of_relation(top.base_stmt.relation)
        case pb.CreateTableAsStmt():
            return _of_relation(top.into.rel)
        case pb.SelectStmt():
            return _of_relation(top.into_clause.rel) if top.HasField("into_clause") else None
        case pb.ViewStmt():
            return _of_relation(top.view)
        case pb.CreateSeqStmt():
            return _of_relation(top.sequence)
        case pb.CompositeTypeStmt():
            return _of_relation(top.typevar)
        case pb.AlterObjectSchemaStmt():
            return str(top.newschema)
        case pb.ImportForeignSchemaStmt():
            return str(top.local_schema)
        case _:
            name: Sequence[pb.Node] = getattr(top, _NAMED_BY.get(type(top).__name__, ""), ())
            return None if not name or _in_pg_temp(name) else _pair(name)[0]


def _of_relation(relation: pb.RangeVar) -> str | None:
    temporary = relation.relpersistence == "t" or relation.schemaname.startswith("pg_temp")
    return None if temporary else str(relation.schemaname)


def _pair(name: Sequence[pb.Node]) -> tuple[str, str]:
    # A third name, before these two, would be the database.
    schema = str(name[-2].string.sval) if len(name) > 1 else ""
    return schema, str(name[-1].string.sval)


def _sets_path(statement: pb.Node) -> bool:
    return any(
        isinstance(node, pb.FuncCall) and node.funcname[-1].string.sval == "set_config"
        for _, node in walk(statement)
    )
