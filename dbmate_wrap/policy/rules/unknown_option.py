"""Rule unknown-option: words behind a directive, and comments with a phase, that would have no effect."""

from collections.abc import Iterator

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.migrations.phase import PHASE_COMMENT

_LONGEST = 60
_HINT = "the only option is `transaction:false`, lower case, without a space; SQL goes below"
_PHASE_HINT = f"a phase is a comment on the line before: {PHASE_COMMENT}"


def find(migration: ParsedMigration, path: str) -> Iterator[Finding]:
    """One finding for each directive with other words, and each comment that is meant to give a phase.

    `path` is the file's as it is shown to people.
    """
    name = migration.file.name
    for section in migration.sections:
        for directive, block in (("up", section.up), ("down", section.down)):
            if block.stray_options:
                words = " ".join(block.stray_options)
                shown = f"{words[:_LONGEST]}..." if len(words) > _LONGEST else words
                message = (
                    f"{name} has {shown!r} after `-- migrate:{directive}`, which dbmate ignores in silence"
                )
                hint = _PHASE_HINT if "phase" in words.lower() else _HINT
                yield Finding("unknown-option", "error", path, block.line, 1, message, hint)
    if b"wrap" not in migration.file.content.lower():
        return  # Nearly every file: to read a thousand again, or load what reads them, would be felt.
    from dbmate_wrap.policy.phase_comment import find_phase_faults

    for fault in find_phase_faults(migration):
        message = f"{name} {fault.message}"
        yield Finding("unknown-option", "error", path, fault.line, fault.column, message, fault.hint)
