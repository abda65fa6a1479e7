"""Decides which migrations are new, and so may get another number, and what settles a merge."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dbmate_wrap.domain.command_hint import renumber_command
from dbmate_wrap.domain.count import join_names
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.domain.numbering import first_to_renumber
from dbmate_wrap.errors import ConfigError, HistoryError, RefusedError, UsageError
from dbmate_wrap.git.merge_sides import names_at
from dbmate_wrap.review.branch import BranchDiff
from dbmate_wrap.workspace.project_files import LoadedFiles, ProjectFiles


@dataclass(frozen=True)
class NewFiles:
    """The names of the migrations that nobody else has; `is_known` is False where git cannot tell them.

    `where` names the branch that has the others.
    """

    names: frozenset[str]
    is_known: bool
    where: str


def find_new(files: ProjectFiles, wanted: MigrationFile | None, branch: BranchDiff, folder: Path) -> NewFiles:
    """Find what is new here; without a base, by what lacks the wanted file: a side of a merge, the lockfile.

    Raises ConfigError where there is a remote whose main branch is not known.
    """
    present = frozenset(file.name for file in files.migrations)
    name = wanted.name if wanted is not None else None
    at_merge = names_at(folder, "MERGE_HEAD")
    theirs = at_merge if at_merge is not None and name not in at_merge else frozenset()
    if branch.base is not None:
        new = frozenset(each for each in present if branch.why_unmerged(each) is not None)
        return NewFiles(new - theirs, True, branch.base.ref)
    failed = next((check for check in branch.checks if check.status == "warn"), None)
    if failed is not None:
        raise ConfigError(f"which migrations are merged is not known: {failed.message}", hint=failed.hint)
    at_head = names_at(folder, "HEAD") if wanted is not None else None
    if at_head is not None and name not in at_head:
        return NewFiles(present - at_head, True, "HEAD")
    if wanted is not None and theirs:
        return NewFiles(present - theirs, True, "the branch that is being merged")
    sealed = frozenset(line.name for line in files.sealed)
    if wanted is not None and sealed and name not in sealed:
        return NewFiles(present - sealed, True, "the lockfile")
    return NewFiles(present, False, "")


def raise_for_wanted(
    files: Sequence[MigrationFile], wanted: MigrationFile, found: NewFiles, branch: BranchDiff
) -> None:
    """Raise where the wanted file may not get another number, or main's are not all here yet.

    RefusedError (20) for a merged one; HistoryError (13) where the base has migrations that are not here.
    """
    same = [each for each in files if int(each.version) == int(wanted.version) and each != wanted]
    if wanted.name not in found.names and all(each.name in found.names for each in same):
        rival = same[0].name if same else None
        raise RefusedError(
            f"{wanted.name} is in {found.where}: it keeps its number",
            hint=f"the new one gets another: {renumber_command(rival)}"
            if rival
            else "what it made is changed by a new migration: dbmate-wrap new NAME",
            migration=wanted.name,
        )
    base, present = branch.base, {each.name for each in files}
    missing = [] if base is None else [each for each in base.tip_names if each not in {*base.files, *present}]
    if base is not None and missing:
        verb = "is" if len(missing) == 1 else "are"
        raise HistoryError(
            f"{base.ref} has gone on: {join_names(missing)} {verb} there and not here",
            hint=f"git merge {base.ref}, then `{renumber_command(wanted.name, base.option)}`",
            migration=wanted.name,
        )


def raise_for_unknown(found: NewFiles, moving: Sequence[MigrationFile]) -> None:
    """Raise UsageError where other files than the wanted would move along, and may be somebody's."""
    if found.is_known or len(moving) == 1:
        return
    names = join_names([each.name for each in moving[1:]])
    raise UsageError(
        f"which migrations are new is not known here, and {names} would get new numbers too",
        hint=f"name the branch that they are meant for: {renumber_command(moving[0].name)} --base REF",
    )


def command_for(files: Sequence[MigrationFile], branch: BranchDiff, *, every_new: bool) -> str | None:
    """Return the command that settles what a merge has left; None where nothing new is to be renumbered.

    `every_new`: the lockfile is broken, so that the lines of all new ones have to be put in order.
    """
    base = branch.base
    if base is None:
        return None
    new = [file for file in files if branch.why_unmerged(file.name) is not None]
    names = frozenset(file.name for file in new)
    first = new[0] if every_new and new else first_to_renumber(files, names)
    return renumber_command(first.name, base.option) if first is not None else None


def with_command(loaded: LoadedFiles, branch: BranchDiff) -> LoadedFiles:
    """Return it with the command that settles a broken lockfile and versions that two files have, if any."""
    broken = loaded.broken_lockfile
    command = command_for(loaded.files.migrations, branch, every_new=broken is not None)
    if command is None:
        return loaded
    findings = tuple(
        replace(each, hint=command) if each.rule == "duplicate-version" else each for each in loaded.findings
    )
    return replace(loaded, findings=findings, broken_lockfile=broken and broken.but(hint=command))
