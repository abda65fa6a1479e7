"""Rule data-write: a migration changes the schema, never rows."""

from collections.abc import Iterator, Sequence

from dbmate_wrap.policy.hit import BlockContext, Hit
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.nodes import Message, pb
from dbmate_wrap.sql.parse import Statement
from dbmate_wrap.sql.temporary import follow_temporary_tables, names_temporary

_HINT = "change rows in a step of its own, outside the migrations"
# What they contain runs when they are used, which is not now: that is schema.
_KEPT_FOR_LATER = (pb.CreateFunctionStmt, pb.RuleStmt, pb.ViewStmt, pb.CreateTrigStmt, pb.PrepareStmt)
_VERBS = {
    pb.InsertStmt: "INSERT INTO",
    pb.UpdateStmt: "UPDATE",
    pb.DeleteStmt: "DELETE FROM",
    pb.MergeStmt: "MERGE INTO",
    pb.CopyStmt: "COPY",
    pb.TruncateStmt: "TRUNCATE",
    pb.SelectStmt: "SELECT INTO",
    pb.CreateTableAsStmt: "CREATE TABLE",
}


def find(statements: Sequence[Statement], context: BlockContext) -> Iterator[Hit]:
    """One hit per write when the block runs, also in WITH, in DO, in EXPLAIN ANALYZE and by EXECUTE.

    Not into a temporary table that the block itself has made.
    """
    prepared: dict[str, str] = {}
    temporary: set[str] = set()
    for statement in statements:
        tree = statement.tree
        if isinstance(tree, pb.PrepareStmt):
            first = next((message for _, message in _writes(statement, temporary)), None)
            if first is not None:
                prepared[tree.name] = first
            continue
        about_temporary = bool(temporary) or "temp" in statement.text.lower()
        for part in nested_statements(statement):
            if about_temporary:
                follow_temporary_tables(part.tree, temporary)
            if _is_run_now(part.tree):
                for offset, message in _writes(part, temporary):
                    yield Hit("data-write", offset, f"writes rows: {message}", _HINT)
        for node in statement.of(pb.ExecuteStmt) if prepared else ():
            if node.name in prepared:
                message = f"writes rows: EXECUTE {node.name} ({prepared[node.name]})"
                yield Hit("data-write", statement.offset, message, _HINT)


def _writes(statement: Statement, temporary: set[str]) -> Iterator[tuple[int, str]]:
    for node in statement.of(*_VERBS):
        target = _target(node)
        if target is not None and not all(names_temporary(each, temporary) for each in _relations(node)):
            yield _offset(statement, node), f"{_VERBS[type(node)]} {target}"


def _relations(node: Message) -> list[Message]:
    match node:
        case pb.TruncateStmt():
            return [item.range_var for item in node.relations]
        case pb.SelectStmt():
            return [node.into_clause.rel]
        case pb.CreateTableAsStmt():
            return [node.into.rel]
        case _:
            return [node.relation]


def _target(node: Message) -> str | None:
    """The target that the node writes to; None for one that writes nothing."""
    match node:
        case pb.CopyStmt():
            return f"{_name(node.relation)} FROM" if node.is_from else None
        case pb.TruncateStmt():
            return ", ".join(_name(item.range_var) for item in node.relations)
        case pb.SelectStmt():
            return _name(node.into_clause.rel) if node.HasField("into_clause") else None
        case pb.CreateTableAsStmt():
            # The rows of a materialized view are made from others, and can be made again.
            fills = node.objtype != pb.OBJECT_MATVIEW and not node.into.skip_data
            return f"{_name(node.into.rel)} AS" if fills else None
        case _:
            return _name(node.relation)


def _offset(statement: Statement, node: Message) -> int:
    if node is statement.tree or not hasattr(node, "relation"):
        return statement.offset
    return statement.at(node.relation.location)


def _is_run_now(tree: Message) -> bool:
    """False for what is kept for later, and for EXPLAIN without ANALYZE; its last ANALYZE counts."""
    if not isinstance(tree, pb.ExplainStmt):
        return not isinstance(tree, _KEPT_FOR_LATER)
    options = (option.def_elem for option in tree.options)
    analyze = [element for element in options if element.defname == "analyze"]
    return bool(analyze) and (not analyze[-1].HasField("arg") or _is_on(analyze[-1].arg))


def _is_on(value: Message) -> bool:
    if value.HasField("integer"):
        return bool(value.integer.ival)
    if value.HasField("boolean"):
        return bool(value.boolean.boolval)
    return str(value.string.sval).lower() not in ("off", "false")


def _name(relation: Message) -> str:
    return ".".join(part for part in (relation.schemaname, relation.relname) if part)
