"""Finds what was sealed too early: edited since, and not merged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dbmate_wrap.domain.history import MigrationState
from dbmate_wrap.domain.ledger import Ledger
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.review.branch import compare_with_base
from dbmate_wrap.settings import Values
from dbmate_wrap.workspace.history import History
from dbmate_wrap.workspace.project_files import LoadedFiles


@dataclass(frozen=True)
class SealedEarly:
    """The files that may be sealed again; `has_base`: a main branch is known that they are not in."""

    files: tuple[MigrationFile, ...]
    has_base: bool


def find_sealed_early(loaded: LoadedFiles, values: Values, config: Path | None) -> SealedEarly:
    """Find the files that were edited since they were sealed and are not merged, as git knows.

    `config` is the configuration file.
    """
    folder = loaded.files.folder
    reported = {found.file for found in loaded.findings if found.rule == "edited"}
    edited = [file for file in loaded.files.migrations if f"{folder}/{file.name}" in reported]
    if not edited:
        return SealedEarly((), has_base=False)
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
