"""Makes a migration of what pg_dump wrote: the baseline of a database that was there before."""

import re
from collections.abc import Iterator

from dbmate_wrap.errors import PreflightError

_ENTRY = re.compile(r"^--\n-- Name: (?P<name>.+); Type: (?P<kind>[A-Z ]+); Schema: .+; Owner: .*\n--\n", re.M)
# pg_dump writes them between two objects, for its own session.
_SETTING = re.compile(
    r"^SET (?P<name>default_tablespace|default_table_access_method) = (?P<value>.+);$", re.M
)
_USUAL = frozenset({"''", "heap"})
_DIRECTIVE = re.compile(r"^--[\t\f\r ]*migrate:(?:up|down)", re.M)
_END = re.compile(r"\n+--\n-- PostgreSQL database dump complete\n--\s*\Z")
# SQL functions whose bodies name what comes later in the file.
BODIES_UNCHECKED = "SET LOCAL check_function_bodies = false;\n\n"


def baseline_text(dump: str, head: str, *, bodies_checked: bool = True) -> str:
    """Return the migration that makes the schema of a normalised dump; `head` stands in its first comment.

    The settings of pg_dump's session are left out, and the comments of extensions, which only their owner may
    set. Raises PreflightError for text that dbmate would take for its own directive.
    """
    statements = "".join(_entries(_END.sub("\n", dump)))
    if found := _DIRECTIVE.search(statements):
        line = statements.count("\n", 0, found.start()) + 1
        raise PreflightError(
            f"the dump has a line that dbmate takes for its own (line {line} of it): {found[0]}",
            hint="change the comment or the function's body that holds it",
        )
    comment = "".join(f"-- {line}\n" for line in head.split("\n"))
    before = "" if bodies_checked else BODIES_UNCHECKED
    up = f"-- migrate:up\n{before}{statements.strip()}\n"
    return f"{comment}\n{up}\n-- migrate:down\n-- Nothing comes before it.\n"


def left_out_settings(dump: str) -> tuple[str, ...]:
    """Return the tablespaces and table access methods of the dump that a baseline does not name."""
    found = (
        f"{each['name']} = {each['value']}" for each in _SETTING.finditer(dump) if each["value"] not in _USUAL
    )
    return tuple(dict.fromkeys(found))


def _entries(dump: str) -> Iterator[str]:
    starts = [each.start() for each in _ENTRY.finditer(dump)]
    for begin, end in zip(starts, [*starts[1:], len(dump)], strict=True):
        text = dump[begin:end]
        header = _ENTRY.match(text)
        assert header is not None, "it begins with one"
        if header["kind"] == "COMMENT" and header["name"].startswith("EXTENSION "):
            continue
        yield _without_settings(text)


def _without_settings(text: str) -> str:
    """Remove the settings after the object, which are for the next one; a body's own lines stay."""
    lines = text.rstrip("\n").split("\n")
    while lines and (not lines[-1].strip() or _SETTING.match(lines[-1])):
        lines.pop()
    return "\n".join(lines) + "\n\n"
