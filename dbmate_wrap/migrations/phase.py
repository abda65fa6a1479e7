"""Reads the comment by which a migration waits for the rollout: `-- dbmate-wrap: phase after`."""

import re
from collections.abc import Sequence
from dataclasses import replace

from dbmate_wrap.domain.history import MigrationEntry, Phase
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.migrations.parse import UP

PHASE_COMMENT = "-- dbmate-wrap: phase after"
RIGHT = re.compile(r"-- dbmate-wrap: +phase +after")


def waits_for_rollout(file: MigrationFile) -> bool:
    """Return whether the comment stands before the first `-- migrate:up`, spelled as it must be."""
    if b"phase" not in file.content:
        return False  # Nearly every file: the text is not even decoded.
    text = file.content.decode("utf-8", "replace")
    first = UP.search(text)
    head = text[: first.start()] if first else ""
    return any(RIGHT.fullmatch(line.strip()) for line in head.split("\n"))


def phases(files: Sequence[MigrationFile]) -> list[Phase]:
    """The phase of each of the files, run in this order: all that come after one that waits wait too."""
    result: list[Phase] = []
    phase = Phase.BEFORE
    for file in files:
        if phase is Phase.BEFORE and waits_for_rollout(file):
            phase = Phase.AFTER
        result.append(phase)
    return result


def set_phases(
    entries: Sequence[MigrationEntry], files: Sequence[MigrationFile]
) -> tuple[MigrationEntry, ...]:
    """The entries, those that are not applied with their phase; `files` has a file for each of these."""
    names = {entry.file for entry in entries if not entry.applied}
    left = [file for file in files if file.name in names]
    found = {file.name: phase for file, phase in zip(left, phases(left), strict=True)}
    return tuple(
        replace(each, phase=found[each.file]) if each.file in found and not each.applied else each
        for each in entries
    )
