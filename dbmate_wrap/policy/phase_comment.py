"""Finds comments that are meant to mark a migration as one that waits for the rollout, and do not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dbmate_wrap.domain.migration import Block, ParsedMigration
from dbmate_wrap.migrations.phase import PHASE_COMMENT, RIGHT
from dbmate_wrap.policy.positions import Positions

# A comment that begins with the tool's name; what makes it one of these is the word after that.
_ATTEMPT = re.compile(
    r"(?:--|/\*)[\W_]{0,200}dbmate[-_ ]?wrap"
    r"(?:[-_ ]*:\W{0,200}(?P<word>\w+)|\W+phases?\W+(?:after|before)\b)",
    re.IGNORECASE,
)
_LONGEST = 60
_LIKE = 0.6
_SPELLING = f"write exactly: {PHASE_COMMENT}"


@dataclass(frozen=True)
class PhaseFault:
    """A comment that marks nothing: its place in the file, what is wrong, and what to do."""

    line: int
    column: int
    message: str
    hint: str


def is_phase_comment(comment: str) -> bool:
    """Return whether a comment, with its dashes, is meant to give a phase, however it is written."""
    found = _ATTEMPT.match(comment)
    if found is None:
        return False
    word = (found["word"] or "phase").lower()
    if word in ("phase", "after", "before"):
        return True
    from difflib import get_close_matches  # Needed by hardly any run, and it takes a while to load.

    return bool(get_close_matches(word, ["phase"], 1, _LIKE))


def find_phase_faults(migration: ParsedMigration) -> Iterator[PhaseFault]:
    """The comments of a file that are meant to mark it, and that `up --phase before` does not see."""
    yield from _in_head(migration)
    for section in migration.sections:
        yield from _in_block(section.up, "below the first `-- migrate:up`")
        yield from _in_block(section.down, "after `-- migrate:down`")


def _in_head(migration: ParsedMigration) -> Iterator[PhaseFault]:
    first = migration.sections[0].up.line
    head = migration.file.content.decode("utf-8").split("\n")[: first - 1]
    right = 0
    for number, line in enumerate(head, 1):
        comment = line.strip()
        if not is_phase_comment(comment):
            continue
        column = len(line) - len(line.lstrip()) + 1
        if not RIGHT.fullmatch(comment):
            yield PhaseFault(number, column, *_misspelt(comment))
            continue
        right += 1
        if right > 1:
            yield PhaseFault(number, column, f"has `{PHASE_COMMENT}` twice", "remove one of them")


def _in_block(block: Block, place: str) -> Iterator[PhaseFault]:
    if not any(is_phase_comment(found.group()) for found in _ATTEMPT.finditer(block.sql)):
        return
    from dbmate_wrap.sql.comments import comments  # Needed by hardly any file.

    positions = Positions(block.sql, block.line)
    for comment in comments(block.sql, _ATTEMPT):
        if is_phase_comment(comment.text):
            message = f"has {_shown(comment.text)} {place}, where it marks nothing"
            hint = f"put it on the line before the first `-- migrate:up`, exactly: {PHASE_COMMENT}"
            yield PhaseFault(*positions.of(comment.offset), message, hint)


def _misspelt(comment: str) -> tuple[str, str]:
    shown = _shown(comment)
    if re.search(r"\bbefore\b", comment, re.IGNORECASE):
        message = f"has {shown}, which is no phase: what has no such comment runs before the rollout"
        return message, f"remove it; to let the migration wait for the rollout, {_SPELLING}"
    return f"has {shown}, which marks nothing: it is not written as it must be", _SPELLING


def _shown(comment: str) -> str:
    line = comment.split("\n", 1)[0].rstrip()
    return f"`{line[:_LONGEST]}...`" if len(line) > _LONGEST else f"`{line}`"
