"""Rule unknown-option: nothing but `transaction:false` stands behind a directive."""

from collections.abc import Iterator

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import ParsedMigration

_LONGEST = 60
_HINT = "the only option is `transaction:false`, lower case, without a space; SQL goes below"


def find(migration: ParsedMigration, path: str) -> Iterator[Finding]:
    """One finding for each directive with other words; `path` is the file's as it is shown to people."""
    name = migration.file.name
    for section in migration.sections:
        for directive, block in (("up", section.up), ("down", section.down)):
            if block.stray_options:
                words = " ".join(block.stray_options)
                shown = f"{words[:_LONGEST]}..." if len(words) > _LONGEST else words
                message = (
                    f"{name} has {shown!r} after `-- migrate:{directive}`, which dbmate ignores in silence"
                )
                yield Finding("unknown-option", "error", path, block.line, 1, message, _HINT)
