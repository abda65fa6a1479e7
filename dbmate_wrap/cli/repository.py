"""Finds the repository of the project: code hosts name files from its root."""

import os
from pathlib import Path

from dbmate_wrap import process
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.render.annotations import Repository

# The folders into which GitHub Actions and GitLab CI check out.
_VARIABLES = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")


def repository_of(outcome: Outcome) -> Repository:
    """Return the nearest folder with `.git`, else the checkout that a pipeline names, else the project.

    A pipeline may check out into a folder of its workspace, and its host names files from the repository.
    """
    project = _resolved(outcome.location.root if outcome.location is not None else Path("."))
    # `.git` is a file in a worktree or a submodule; a download has none.
    versioned = [folder for folder in (project, *project.parents) if os.path.lexists(folder / ".git")]
    checkouts = [_resolved(Path(value)) for value in process.inherited(_VARIABLES).values() if value]
    for root in (*versioned, *checkouts):
        if project.is_relative_to(root):
            folder = project.relative_to(root).as_posix()
            return Repository(root, "" if folder == "." else folder)
    return Repository(project)


def _resolved(path: Path) -> Path:
    try:
        return Path(os.path.realpath(path))
    except OSError:
        return path  # The working folder is gone.
