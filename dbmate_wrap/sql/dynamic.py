"""Reads the SQL that EXECUTE will run from the expression that makes it, as far as it is constant."""

import re

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.statement import unwrap

# %I and %L, with width and position; `_fill` tells %s from %%.
_PLACE = re.compile(r"%(?:\d+\$)?-?(?:\d+|\*(?:\d+\$)?)?([sIL%])")
_NAME = "_"


def constant_command(expression: Message) -> str | None:
    """Return the text of a constant, of format('constant', ...) or of a chain of `||`.

    Variable parts are replaced by a name; None if nothing of it is constant.
    """
    parts: list[str] = []
    constant = False
    pending = [unwrap(expression)]
    while pending:
        node = pending.pop()
        text = _constant(node)
        if text is not None:
            constant = True
            parts.append(text)
        elif isinstance(node, pb.A_Expr) and [name.string.sval for name in node.name] == ["||"]:
            pending += [unwrap(node.rexpr), unwrap(node.lexpr)]
        else:
            parts.append(_NAME)
    return "".join(parts) if constant else None


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
