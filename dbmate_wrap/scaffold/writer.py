"""Writes the planned files, each whole or not at all."""

from pathlib import Path

from dbmate_wrap.atomic import write_by_rename
from dbmate_wrap.errors import ConfigError
from dbmate_wrap.scaffold.action import FileAction
from dbmate_wrap.scaffold.folder import Files, read_files


def write_file(root: Path, action: FileAction, files: Files) -> None:
    """Write one file. Raises ConfigError where it is not any more as it was when this was planned."""
    if action.content is None:
        return
    if read_files(root, [action.file]).get(action.file) != files.get(action.file):
        message = f"{action.file} was changed meanwhile: nothing was written to it"
        raise ConfigError(message, hint="dbmate-wrap init")
    write_by_rename(root / action.file, action.content)
