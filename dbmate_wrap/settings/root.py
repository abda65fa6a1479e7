"""Finds the folder of the project that a command is about."""

from pathlib import Path

from dbmate_wrap.errors import Fault
from dbmate_wrap.settings.config_file import Document, read
from dbmate_wrap.settings.faults import failure

MIGRATIONS = Path("db/migrations")


def locate(project: Path | None, faults: list[Fault], warnings: list[Fault]) -> tuple[Path, Document | None]:
    """The project's folder, absolute, and the configuration that it holds.

    The nearest folder upward with a configuration or with db/migrations, not above a .git; else where we are.
    Raises ConfigError where `project` is given and is no folder.
    """
    here = _here()
    if project is not None:
        root = here / project
        if not root.is_dir():
            raise failure([Fault(f"{project} is not a folder", "--project", "name the project's folder")])
        return root, read(root, faults, warnings)
    for folder in (here, *here.parents):
        document = read(folder, faults, warnings)
        if document is not None or (folder / MIGRATIONS).is_dir():
            return folder, document
        if (folder / ".git").exists():
            break
    return here, None


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        pass
    raise failure([Fault("does not exist any more", "the current folder", "change to the project's folder")])
