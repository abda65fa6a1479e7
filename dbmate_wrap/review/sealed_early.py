"""Finds what was sealed too early: edited since, and neither merged nor applied where rows matter."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dbmate_wrap.domain.count import join_names
from dbmate_wrap.domain.history import MigrationState
from dbmate_wrap.domain.ledger import Ledger
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.review.branch import compare_with_base
from dbmate_wrap.workspace.applied_in import (
    Answer,
    answer_check,
    applied_error,
    ask_environments,
    unasked_error,
)
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history import History
from dbmate_wrap.workspace.project_files import LoadedFiles, ProjectFiles


@dataclass(frozen=True)
class SealedEarly:
    """The files that may be sealed again; `has_base`: a main branch is known that they are not in."""

    files: tuple[MigrationFile, ...]
    has_base: bool


def find_sealed_early(context: Context, loaded: LoadedFiles) -> SealedEarly:
    """Find the files that were edited since they were sealed and are not merged, as git knows."""
    folder = loaded.files.folder
    reported = {found.file for found in loaded.findings if found.rule == "edited"}
    edited = [file for file in loaded.files.migrations if f"{folder}/{file.name}" in reported]
    if not edited:
        return SealedEarly((), has_base=False)
    values, config = context.environment.values, context.project.config_file
    branch = compare_with_base(loaded.files, values, config, None, every=False)
    unmerged = tuple(file for file in edited if branch.why_unmerged(file.name) is not None)
    return SealedEarly(unmerged, branch.base is not None)


def as_edited(found: History, early: Sequence[MigrationFile]) -> History:
    """Return the history with those of the files as edited that are applied, and may have run otherwise.

    What is known from the lockfile alone is lost once it has the new checksum: dbmate keeps no checksum.
    """
    ran = found.ledger.current if isinstance(found.ledger, Ledger) else {}
    edited = {
        file.name
        for file in early
        if (line := ran.get(file.version)) is None or line.checksum != file.checksum
    }
    entries = [
        replace(each, state=MigrationState.EDITED) if each.applied and each.file in edited else each
        for each in found.entries
    ]
    return replace(found, entries=tuple(entries))


def refuse_where_applied(context: Context, outcome: Outcome, files: ProjectFiles, early: SealedEarly) -> None:
    """Ask each environment whose rows matter and whose URL is known here; every answer is a check.

    Raises RefusedError (20) where one has applied one of the files, and UnreachableError (21) where one
    cannot be asked and no main branch shows that it is not merged.
    """
    others = [each for each in context.project.environments.values() if not each.values.disposable]
    asked = [each for each in others if each.url_source() is not None]
    unasked = [Answer(each.name, None) for each in others if each not in asked]
    for file in early.files:
        silent = []
        for answer in (*unasked, *ask_environments(context, files, file.version, asked)):
            outcome.checks.append(answer_check(answer, file.name))
            if answer.applied is None:
                silent.append(answer.environment)
            if answer.applied:
                raise applied_error(file.name, files.folder, answer.environment)
            if answer.failure is not None and not early.has_base:
                raise unasked_error(answer, file.name, ())
        if silent:
            context.console.say(
                f"{join_names(silent)} could not be asked whether {file.name} is applied there: where it is,"
                " `up` ends with 13 from now on"
            )
