"""Reads calls of the function set_config, which changes a setting like SET."""

from collections.abc import Mapping

from dbmate_wrap.sql.nodes import Message


def set_config_arguments(call: Message) -> Mapping[str, str | None]:
    """The arguments by name, constants in lower case, None for any other; empty for another function."""
    if call.funcname[-1].string.sval != "set_config":
        return {}
    found: dict[str, str | None] = {}
    for name, node in zip(("setting_name", "new_value", "is_local"), call.args, strict=False):
        if node.WhichOneof("node") == "named_arg_expr":
            found[str(node.named_arg_expr.name)] = constant(node.named_arg_expr.arg)
        else:
            found[name] = constant(node)
    return found


def constant(node: Message) -> str | None:
    """A constant as text, lower case; None for anything that is worked out when it runs."""
    while node.WhichOneof("node") == "type_cast":
        node = node.type_cast.arg
    if node.WhichOneof("node") != "a_const":
        return None
    match node.a_const.WhichOneof("val"):
        case "sval":
            return str(node.a_const.sval.sval).lower()
        case "boolval":
            return "true" if node.a_const.boolval.boolval else "false"
        case "ival":
            return str(node.a_const.ival.ival)
        case _:
            return None
