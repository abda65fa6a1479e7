"""Plans the targets of the Makefile."""

import re

from dbmate_wrap.scaffold.action import FileAction, append_block, is_there, leave
from dbmate_wrap.scaffold.folder import Files
from dbmate_wrap.scaffold.layout import Scaffold
from dbmate_wrap.scaffold.templates import fill

# In the order in which GNU make looks for them.
NAMES = ("GNUmakefile", "makefile", "Makefile")
_TARGETS = frozenset({"migrate", "migrate-check", "migrate-new", "migrate-plan", "migrate-status"})
# What stands before the colon of a rule, and of no assignment.
_RULE = re.compile(r"^([^\s#:=][^#:=\n]*)::?(?!=)", re.MULTILINE)


def plan_targets(files: Files, scaffold: Scaffold) -> FileAction:
    """Return the action for the Makefile that make would read."""
    file = next((name for name in NAMES if name in files), NAMES[-1])
    block = fill("Makefile", scaffold)
    text = files[file].text if file in files else ""
    if re.search(r"\bdbmate-wrap\b", text):
        return is_there(file)
    obstacle = _obstacle(text)
    return append_block(files, file, block) if obstacle is None else leave(file, obstacle, block)


def _obstacle(text: str) -> str | None:
    """Return why nothing can be appended to a Makefile of this text."""
    targets = {name for names in _RULE.findall(text) for name in names.split()}
    if taken := sorted(targets & _TARGETS):
        return f"it has a target {taken[0]} already"
    return "its last line goes on" if text.rstrip("\r\n").endswith("\\") else None
