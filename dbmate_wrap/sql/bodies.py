"""Reads the statements in bodies of DO blocks, functions and procedures."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.domain.sql_lexer import tokens
from dbmate_wrap.sql.handlers import swallowing_handlers
from dbmate_wrap.sql.named import parts_of
from dbmate_wrap.sql.parse import Reading, Statement, WorkLimit, read_sql
from dbmate_wrap.sql.plpgsql import Fragment, fragments
from dbmate_wrap.sql.statement import Body, PlacedText, unwrap

_SELECT = "SELECT "
# %I and %L, with width and position; `_fill` tells %s from %%.
_PLACE = re.compile(r"%(?:\d+\$)?-?(?:\d+|\*(?:\d+\$)?)?([sIL%])")
_NAME = "_"
# No body written by hand has so many, and more would take a minute.
_MOST_FRAGMENTS = 100_000


def bodies(statement: Statement) -> tuple[Body, ...]:
    """Return the bodies in one statement, in SQL or PL/pgSQL; none for other languages and statements."""
    if not isinstance(statement.tree, pb.DoStmt | pb.CreateFunctionStmt):
        return ()
    if not statement.known_bodies:
        statement.known_bodies.append(tuple(_bodies(statement)))
    return statement.known_bodies[0]


def _bodies(statement: Statement) -> Iterator[Body]:
    tree = statement.tree
    if isinstance(tree, pb.CreateFunctionStmt) and tree.HasField("sql_body"):
        yield Body("sql", tuple(_atomic_statements(statement)))
        return
    nodes = tree.args if isinstance(tree, pb.DoStmt) else tree.options
    options = {node.def_elem.defname: node.def_elem for node in nodes}
    if "as" not in options:
        return
    source = _source(statement, options["as"])
    language = options["language"].arg.string.sval.lower() if "language" in options else "plpgsql"
    if language == "plpgsql":
        yield _plpgsql_body(source)
    elif language == "sql":
        reading = read_sql(source.text)
        inside = tuple(_placed(source, one, 0) for one in reading.statements)
        unread = tuple(source.place(place.offset) for place in reading.unreadable if place.kind == "too-deep")
        yield Body(language, inside, unread=unread)


def _plpgsql_body(source: PlacedText) -> Body:
    found = list(fragments(source.text))
    commits = tuple(source.place(fragment.start) for fragment in found if fragment.kind == "commit")
    runs = [fragment for fragment in found if fragment.kind != "commit"]
    statements: list[Statement] = []
    unread = [source.place(fragment.start) for fragment in runs[_MOST_FRAGMENTS:][:1]]
    limit, unknown = WorkLimit(), False
    for fragment in runs[:_MOST_FRAGMENTS]:
        text = fragment.sql if fragment.kind == "statement" else _SELECT + fragment.sql
        reading = read_sql(text, limit=limit)
        inside = _statements_of(source, fragment, reading)
        command = (
            read_sql(_constant_command(inside), limit=limit) if fragment.kind == "dynamic" else Reading()
        )
        offset = source.place(fragment.start)
        statements += [*inside, *(replace(one, places=(offset,)) for one in command.statements)]
        unknown = unknown or (fragment.kind == "dynamic" and not command.statements)
        unread += [offset] if _is_too_deep(reading) or _is_too_deep(command) else []
    swallows = tuple(map(source.place, swallowing_handlers(source.text)))
    return Body("plpgsql", tuple(statements), commits, tuple(unread), swallows, unknown)


def _statements_of(source: PlacedText, fragment: Fragment, reading: Reading) -> list[Statement]:
    if fragment.kind == "statement":
        return [_placed(source, one, fragment.start) for one in reading.statements]
    return [
        _placed(source, replace(one, text=fragment.sql, start=len(_SELECT)), fragment.start)
        for one in reading.statements[:1]
        # Of text that is no expression, another kind of statement may have been read.
        if isinstance(one.tree, pb.SelectStmt)
    ]


def _is_too_deep(reading: Reading) -> bool:
    return any(place.kind == "too-deep" for place in reading.unreadable)


def _atomic_statements(statement: Statement) -> Iterator[Statement]:
    """Yield the statements of BEGIN ATOMIC ... END or RETURN, each from the first place that its tree has."""
    pending = [statement.tree.sql_body]
    for node in pending:
        if node.HasField("list"):
            pending += node.list.items
        elif node.ListFields():
            one = replace(statement, tree=unwrap(node))
            first = min((at for at in map(_location, one.walk()) if at > statement.start), default=0)
            begin = statement.index(first)
            text, places = statement.text[begin:], statement.places_of(begin, len(statement.text))
            yield replace(one, text=text, places=places, start=max(first, statement.start))


def _location(node: Message) -> int:
    return int(getattr(node, "location", -1))


def _source(statement: Statement, option: pb.DefElem) -> PlacedText:
    """Return the body's text, from the string literal that follows the option's place in the statement."""
    values = [option.arg.string, *(item.string for item in option.arg.list.items)]
    text = next((value.sval for value in values if value.sval), "")
    begin = statement.index(option.location)
    literal = next((token for token in tokens(statement.text, begin) if token.kind == "string"), None)
    if literal is None:
        return PlacedText(text, (statement.place(begin),))
    written = statement.text[literal.start : literal.end]
    if literal.text == "$":
        tag = written.index("$", 1) + 1
        if written[tag : len(written) - tag] == text:
            begin = literal.start + tag
            return PlacedText(text, statement.places_of(begin, begin + len(text)))
    if literal.text == "'" and written[0] == "'" and written[1:-1].replace("''", "'") == text:
        lengths = (2 if character == "'" else 1 for character in text)
        indexes = accumulate(lengths, initial=literal.start + 1)
        return PlacedText(text, [statement.place(index) for index in indexes])
    # With escapes in it, every character is at its beginning.
    return PlacedText(text, (statement.place(literal.start),))


def _placed(source: PlacedText, statement: Statement, index: int) -> Statement:
    """Return a statement that was read from the source's text from `index` on, with its real places."""
    begin = index + statement.offset
    return replace(statement, places=source.places_of(begin, begin + len(statement.text)))


def _constant_command(expression: Sequence[Statement]) -> str:
    """Return the SQL that EXECUTE runs: a constant, format('constant', ...) or a chain of `||`.

    Variable parts are replaced by a name; "" if nothing of it is constant.
    """
    targets = expression[0].tree.target_list if expression else []
    pending = [unwrap(node.res_target.val) for node in targets[:1]]
    parts: list[str | None] = []
    while pending:
        node = pending.pop()
        text = _constant(node)
        if text is None and isinstance(node, pb.A_Expr) and parts_of(node.name) == ["||"]:
            pending += [unwrap(node.rexpr), unwrap(node.lexpr)]
        else:
            parts.append(text)
    return "".join(_NAME if part is None else part for part in parts) if any(parts) else ""


def _constant(node: Message) -> str | None:
    node = _without_casts(node)
    if isinstance(node, pb.FuncCall) and node.funcname[-1].string.sval == "format" and node.args:
        template = _literal(_without_casts(unwrap(node.args[0])))
        return None if template is None else _PLACE.sub(_fill, template)
    return _literal(node)


def _literal(node: Message) -> str | None:
    return str(node.sval.sval) if isinstance(node, pb.A_Const) and node.HasField("sval") else None


def _without_casts(node: Message) -> Message:
    while isinstance(node, pb.TypeCast):
        node = unwrap(node.arg)
    return node


def _fill(place: re.Match[str]) -> str:
    return {"%": "%", "L": f"'{_NAME}'"}.get(place.group(1), _NAME)
