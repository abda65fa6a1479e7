"""Plans the lines of .gitignore: the local folder, and the files that hold URLs."""

from collections.abc import Mapping

from dbmate_wrap.scaffold.action import FileAction, append_block, is_there
from dbmate_wrap.scaffold.folder import Files
from dbmate_wrap.scaffold.layout import Scaffold
from dbmate_wrap.scaffold.templates import fill

FILE = ".gitignore"
# What is to be ignored, and what does so already.
_PATTERNS: Mapping[str, tuple[str, ...]] = {
    ".dbmate-wrap/": (".dbmate-wrap/", ".dbmate-wrap"),
    ".env": (".env", ".env*", "*.env", "**/.env"),
    ".env.*": (".env.*", ".env*", "**/.env.*"),
}
_EXAMPLE = "!.env.example"


def plan_ignored(files: Files, scaffold: Scaffold) -> FileAction:
    """Return the action for .gitignore: only lines that it lacks are appended."""
    present = [line.strip() for line in files[FILE].text.splitlines()] if FILE in files else []
    known = {line.removeprefix("/") for line in present}
    missing = [wanted for wanted, covering in _PATTERNS.items() if not known.intersection(covering)]
    if ".env.*" in missing:
        # Of two lines the later one wins: what the project keeps on purpose is to stay.
        kept = [line for line in present if line.startswith("!.env")]
        missing += dict.fromkeys([_EXAMPLE, *kept])
    elif not {_EXAMPLE, "!/.env.example"}.intersection(present):
        missing.append(_EXAMPLE)
    if not missing:
        return is_there(FILE)
    return append_block(files, FILE, fill("gitignore", scaffold, LINES="\n".join(missing)))
