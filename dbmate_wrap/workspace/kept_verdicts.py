"""The verdicts of the last plan of an environment, which `up` shows before it asks: it measures nothing."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from dbmate_wrap.atomic import write_by_rename
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.errors import ConfigError
from dbmate_wrap.workspace import local_folder
from dbmate_wrap.workspace.context import Context

_FORMAT = 1


def keep_verdicts(
    context: Context, applied: Sequence[str], todo: Sequence[ParsedMigration], verdicts: Mapping[str, str]
) -> None:
    """Write the verdicts in words by the names of files; where that fails they are not shown later."""
    text = json.dumps({"of": _digest(applied, todo), "verdicts": dict(verdicts)})
    path = _path(context)
    with suppress(OSError, ConfigError):
        local_folder.create_local_folder(context.project.root)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_by_rename(path, text.encode())


def read_verdicts(
    context: Context, applied: Sequence[str], todo: Sequence[ParsedMigration]
) -> Mapping[str, str]:
    """Return what was kept; nothing where the last plan was of other files or of another history."""
    try:
        kept = json.loads(_path(context).read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(kept, dict) or kept.get("of") != _digest(applied, todo):
        return {}
    found = kept.get("verdicts")
    return {str(file): str(words) for file, words in found.items()} if isinstance(found, dict) else {}


def _path(context: Context) -> Path:
    return context.project.root / ".dbmate-wrap" / "plans" / f"{context.environment.name}.json"


def _digest(applied: Sequence[str], todo: Sequence[ParsedMigration]) -> str:
    files = [(each.file.name, each.file.checksum) for each in todo]
    return hashlib.sha256(json.dumps([_FORMAT, [*applied], files]).encode()).hexdigest()
