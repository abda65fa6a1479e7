"""Makes a migration of what pg_dump wrote: the baseline of a database that was there before."""

import re
from collections.abc import Iterator

from dbmate_wrap.domain.dump_headers import split_objects, text_before
from dbmate_wrap.domain.dumped_secrets import NOTE
from dbmate_wrap.errors import PreflightError

# pg_dump writes them between two objects, for its own session.
_SETTING = re.compile(r"SET (?P<name>default_tablespace|default_table_access_method) = (?P<value>.+);")
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
    statements = "".join(_entries(dump))
    if found := _DIRECTIVE.search(statements):
        line = statements.count("\n", 0, found.start()) + 1
        raise PreflightError(
            f"the dump has a line that dbmate takes for its own (line {line} of it): {found[0]}",
            hint="change the comment or the function's body that holds it",
        )
    comment = "".join(f"-- {line}\n" for line in head.split("\n"))
    if NOTE in text_before(dump):
        comment += NOTE.rstrip("\n") + "\n"
    before = "" if bodies_checked else BODIES_UNCHECKED
    up = f"-- migrate:up\n{before}{statements.strip()}\n"
    return f"{comment}\n{up}\n-- migrate:down\n-- Nothing comes before it.\n"


def left_out_settings(dump: str) -> tuple[str, ...]:
    """Return the tablespaces and table access methods of the dump that a baseline does not name."""
    if all(each["value"] in _USUAL for each in _SETTING.finditer(dump)):
        return ()
    texts = (text_before(dump), *(text for _, text in split_objects(dump)))
    found = (each for text in texts for each in reversed(_cut(text)[1]))
    settings = (f"{each['name']} = {each['value']}" for each in found if each["value"] not in _USUAL)
    return tuple(dict.fromkeys(settings))


def _entries(dump: str) -> Iterator[str]:
    for header, text in split_objects(dump):
        if header["kind"] != "COMMENT" or not header["name"].startswith("EXTENSION "):
            yield f"--\n{header[0]}{_cut(_END.sub('', text))[0]}\n\n"


def _cut(text: str) -> tuple[str, list[re.Match[str]]]:
    """Separate an object from what stands after it: settings for the next one, the first line of its header.

    A body's own lines stay. The settings are in reverse order.
    """
    lines, settings = text.rstrip("\n").split("\n"), []
    while lines:
        setting = _SETTING.fullmatch(lines[-1])
        if not setting and lines[-1] not in ("", "--"):
            break
        settings += [setting] if setting else []
        lines.pop()
    return "\n".join(lines), settings
