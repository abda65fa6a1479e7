"""Plans the entry of .pre-commit-config.yaml."""

import re

from dbmate_wrap.scaffold.action import FileAction, append_block, is_there, leave
from dbmate_wrap.scaffold.folder import Files
from dbmate_wrap.scaffold.layout import Scaffold
from dbmate_wrap.scaffold.templates import fill

FILE = ".pre-commit-config.yaml"
_ID = "dbmate-wrap-check"
_KEY = re.compile(r"[A-Za-z_][\w-]*\s*:")
_ITEM = re.compile(r"( *)- ")


def plan_hook(files: Files, scaffold: Scaffold) -> FileAction:
    """Return the action for the configuration of pre-commit, which lies at the top of the repository."""
    text = files[FILE].text if FILE in files else ""
    block = fill("pre-commit.yaml", scaffold, FILES=_pattern(scaffold))
    if _ID in text and scaffold.is_named_in(text):
        return is_there(FILE)
    if scaffold.where:
        return leave(FILE, "it belongs to the top of the repository", f"repos:\n{_indented(block, 2)}")
    if FILE not in files:
        return append_block(files, FILE, f"repos:\n{_indented(block, 2)}")
    indent = _indent_of_items(text)
    if files[FILE].obstacle is not None or indent is None:
        reason = files[FILE].obstacle or "its last key is not a plain list of repos"
        return leave(FILE, reason, _indented(block, 2))
    return append_block(files, FILE, _indented(block, indent))


def _pattern(scaffold: Scaffold) -> str:
    """Return the regular expression of the files that the hook is about, for a quoted text of YAML."""
    layout, where = scaffold.layout, f"{scaffold.where}/" if scaffold.where else ""
    parts = [f"{re.escape(where + layout.migrations_dir)}/"]
    parts += [f"{re.escape(where + each)}$" for each in (layout.lockfile, layout.schema_file)]
    return f"^({'|'.join(parts)})".replace("'", "''")


def _indented(block: str, indent: int) -> str:
    return "".join(f"{' ' * indent}{line}\n" for line in block.splitlines())


def _indent_of_items(text: str) -> int | None:
    """Return how far the items of `repos` are indented; None where a further one cannot be put at the end."""
    lines = [line.rstrip() for line in text.splitlines()]
    told = [line for line in lines if line and not line.lstrip().startswith("#")]
    keys = [number for number, line in enumerate(told) if _KEY.match(line)]
    if not keys or not re.fullmatch(r"repos:(?:\s+#.*)?", told[keys[-1]]):
        return None
    items = told[keys[-1] + 1 :]
    first = _ITEM.match(items[0]) if items else None
    if first is None:
        return None
    indent = len(first[1])
    usual = all(_is_of_list(line, indent) for line in items)
    return indent if usual and "\t" not in "".join(items) else None


def _is_of_list(line: str, indent: int) -> bool:
    """Return True for an item of the list, and for what belongs to one."""
    found = len(line) - len(line.lstrip(" "))
    return found > indent or (found == indent and line.lstrip().startswith("- "))
