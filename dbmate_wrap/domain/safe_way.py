"""The section of the guide safe-migrations that says how a statement is written so that it blocks nobody."""

import re
from collections.abc import Collection

from dbmate_wrap.domain.statement_trace import TracedStatement, Work
from dbmate_wrap.domain.verdict import Judgement, Verdict

GUIDE = "safe-migrations"
# In the order in which they are looked for: section, work, pattern of the statement.
_WAYS: tuple[tuple[str, Work, str], ...] = (
    ("refresh-a-materialized-view", Work.REWRITE, r"^\s*refresh\s"),
    ("rebuild-a-table", Work.REWRITE, r"^\s*(?:vacuum|cluster)\b"),
    ("rebuild-an-index", Work.REWRITE, r"^\s*reindex\b"),
    ("rebuild-an-index", Work.INDEX_BUILD, r"^\s*reindex\b"),
    ("change-the-type-of-a-column", Work.REWRITE, r"\btype\b"),
    ("add-a-column-with-a-default", Work.REWRITE, r"\badd\b"),
    ("rebuild-a-table", Work.REWRITE, r""),
    ("add-a-foreign-key", Work.FOREIGN_KEY_CHECK, r""),
    ("add-a-unique-or-primary-key", Work.INDEX_BUILD, r"^\s*alter\s"),
    ("build-an-index", Work.INDEX_BUILD, r""),
    ("attach-a-partition", Work.SCAN, r"\b(?:attach\s+partition|partition\s+of)\b"),
    ("set-not-null", Work.SCAN, r"\bnot\s+null\b(?!\s*\))"),
    ("add-a-check", Work.SCAN, r""),
    ("backfill-in-batches", Work.DATA, r""),
)


def safe_way(
    statement: TracedStatement, judgement: Judgement, new: Collection[str], *, is_awaiting: bool = False
) -> str | None:
    """Return the name of the section, for `explain`; None where the statement is harmless.

    `is_awaiting`: it would wait for somebody now.
    """
    match judgement.verdict:
        case Verdict.NOT_JUDGED:
            return "what-is-not-judged"
        case Verdict.WAITS:
            return "what-concurrently-waits-for"
        case Verdict.CHANGES_ROWS:
            is_small = statement.tag not in ("UPDATE", "DELETE", "MERGE") or not statement.works
            return None if is_small else "backfill-in-batches"
        case Verdict.SCANS | Verdict.BRIEF_LOCK | Verdict.NEW_OBJECT:
            return "a-brief-lock-behind-a-long-transaction" if is_awaiting else None
    if judgement.held_for is not None:
        return "one-lock-a-migration"
    works = {each.work for each in statement.works if each.relation not in new}
    for section, work, pattern in _WAYS:
        if work in works and re.search(pattern, statement.text, re.IGNORECASE):
            return section
    return GUIDE
