"""Tells which files of a pull request's checkout its branch wrote, and which paths it leads astray."""

import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dbmate_wrap.domain.pull_request import PullRequest
from dbmate_wrap.errors import Fault
from dbmate_wrap.git import checkout as git
from dbmate_wrap.settings.faults import config_error

_MOST_LINKS = 40


@dataclass
class UntrustedCheckout:
    """The checkout of a pull request around `folder`; git is asked when something must be known.

    A branch wrote what git tracks with other bytes than the base has: the rest of a checkout was put there by
    the pipeline. Where git cannot be asked, it wrote everything.
    """

    folder: Path
    pull_request: PullRequest
    # Such systems open .ENV where .env is asked for.
    folds_case: bool = sys.platform in ("darwin", "win32")

    @cached_property
    def base(self) -> str | None:
        """The commit that the branch began from; None where it is not known here."""
        return git.base_commit(self._tracked_top, self.pull_request.refs) if self._tracked_top else None

    @cached_property
    def top(self) -> Path:
        """The folder of the repository, resolved."""
        if self._tracked_top is not None:
            return self._tracked_top
        here = Path(os.path.realpath(self.folder))
        return next((each for each in (here, *here.parents) if os.path.lexists(each / ".git")), here)

    @property
    def is_readable(self) -> bool:
        """True where git says what is tracked."""
        return self._tracked_top is not None

    def wrote(self, path: Path) -> bool:
        """Return True where the branch wrote the file, or the link, at this place."""
        place = self._place(path)
        if self._tracked_top is None:
            return place is not None and os.path.lexists(path)
        for name, entry in self._tracked(place).items():
            if name == place or (self.folds_case and name.casefold() == str(place).casefold()):
                return self.base is None or git.entry_at(self._tracked_top, self.base, name) != entry
        return False

    def tracks(self, path: Path) -> bool:
        """Return True where something at or below this path is tracked, or where that cannot be known."""
        place = self._place(path)
        if self._tracked_top is None:
            return os.path.lexists(path)
        return bool(self._tracked(place))

    def base_text(self, path: Path) -> str | None:
        """Return the text that the base has of this file; None where it has none, or is not known."""
        place = self._place(path)
        if self._tracked_top is None or self.base is None or place is None:
            return None
        return git.text_at(self._tracked_top, self.base, place)

    def leads_astray(self, path: Path, *, by_branch: bool = False, is_folder: bool = False) -> str | None:
        """Return why a path is not to be opened; None where it may be.

        Only one that the branch chose counts (`by_branch`), or one over a link that it wrote. Such a path
        must stay in the repository, out of `.git`, and lead to no file that the pipeline put there.
        """
        if not by_branch and not any(map(self.wrote, links_on(path))):
            return None
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(self.top):
            return "leads out of the repository"
        if ".git" in (part.casefold() for part in real.relative_to(self.top).parts):
            return "leads into .git"
        if not is_folder and os.path.lexists(real) and not self.tracks(real):
            return "leads to a file that is not of the repository"
        return None

    def refuse_link(self, path: Path) -> None:
        """Raise ConfigError for a file behind a link of the branch that leads astray."""
        if why := self.leads_astray(path):
            raise config_error(link_fault(path.name, why))

    @cached_property
    def _tracked_top(self) -> Path | None:
        try:
            return git.top_folder(self.folder)
        except OSError:
            return None

    def _tracked(self, place: str | None) -> dict[str, str]:
        if place is None or self._tracked_top is None:
            return {}
        return git.tracked(self._tracked_top, place, fold=self.folds_case)

    def _place(self, path: Path) -> str | None:
        """Return the path of a file or link from the top, None outside of the repository."""
        here = Path(os.path.realpath(path.parent)) / path.name
        return here.relative_to(self.top).as_posix() if here.is_relative_to(self.top) else None


def link_fault(name: str, why: str) -> Fault:
    """Return the fault of a file behind a link that the branch of a pull request wrote."""
    return Fault(f"{why}: not opened in the checkout of a pull request", name, "put the file itself there")


def links_on(path: Path) -> list[Path]:
    """Return the symbolic links over which the system goes to an absolute path, links of links too."""
    path = Path(os.path.abspath(path)) if not path.is_absolute() else path
    here, *todo = Path(path.anchor), *path.parts[1:]
    found: list[Path] = []
    while todo and len(found) < _MOST_LINKS:
        part = todo.pop(0)
        here = here.parent if part == ".." else here / part
        if part == ".." or not here.is_symlink():
            continue
        found.append(here)
        target = Path(os.readlink(here))
        here = Path(target.anchor) if target.is_absolute() else here.parent
        todo = [*target.parts[1 if target.is_absolute() else 0 :], *todo]
    return found
