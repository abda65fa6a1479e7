"""Plans the settings: a table at the end of pyproject.toml, or a dbmate-wrap.toml."""

import json
import tomllib

from dbmate_wrap.scaffold.action import FileAction, append_block, is_there, leave, write_whole
from dbmate_wrap.scaffold.folder import Files
from dbmate_wrap.scaffold.layout import Scaffold
from dbmate_wrap.scaffold.templates import fill

OWN_FILE = "dbmate-wrap.toml"
PYPROJECT = "pyproject.toml"
_TOOL = "dbmate-wrap"


def plan_settings(files: Files, scaffold: Scaffold) -> FileAction:
    """Return the action for the file of the settings; one that has our table is never changed."""
    configured = OWN_FILE if OWN_FILE in files else PYPROJECT
    lines = _lines(scaffold)
    if scaffold.is_configured:
        if not scaffold.settings:
            return is_there(configured)
        return leave(configured, "it has settings, and this project of dbmate needs these too", lines)
    if PYPROJECT not in files:
        return write_whole(files, OWN_FILE, _table(scaffold, ""))
    table = _table(scaffold, f"tool.{_TOOL}")
    action = append_block(files, PYPROJECT, table)
    if action.content is None or _adds_nothing_else(files[PYPROJECT].text, action.content.decode("utf-8")):
        return action
    return leave(PYPROJECT, "a table at its end would not be read as one", table)


def is_own_checkout(files: Files) -> bool:
    """Return True where the project is this tool itself."""
    project = _parse(files[PYPROJECT].text if PYPROJECT in files else "").get("project")
    return isinstance(project, dict) and project.get("name") == _TOOL


def _table(scaffold: Scaffold, name: str) -> str:
    head = f"[{name}]\n" if name else ""
    return fill("settings.toml", scaffold, HEAD=head, LINES=_lines(scaffold), DOT=f"{name}." if name else "")


def _lines(scaffold: Scaffold) -> str:
    settings = scaffold.settings
    if not scaffold.is_configured:
        settings = {"migrations_dir": scaffold.layout.migrations_dir, **settings}
    # A basic string of TOML is written as one of JSON.
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in settings.items())


def _adds_nothing_else(before: str, after: str) -> bool:
    """Return True where both are TOML and differ by our table alone."""
    found, wanted = _parse(after), _parse(before)
    tool = found.get("tool")
    if not isinstance(tool, dict) or _TOOL not in tool:
        return False
    del tool[_TOOL]
    return found == {**wanted, "tool": wanted.get("tool", {})}


def _parse(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
