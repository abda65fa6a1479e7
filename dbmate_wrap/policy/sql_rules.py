"""Runs the rules of the family `sql`: hits in blocks become findings in files."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbmate_wrap import sql
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.policy.positions import Positions
from dbmate_wrap.policy.registry import RULES

if TYPE_CHECKING:
    from dbmate_wrap.policy.rules.drops_before_rollout import MadeObjects

_BASELINE = re.compile(r"\d+_(?:init|baseline)\.sql", re.ASCII)
_MERGED = "it is merged: leave the file as it is, and change what it created in a new migration"
# A replay, or the suppressions themselves, must be known first.
_CHECKED_ELSEWHERE = frozenset({"down-incomplete", "no-effect", "useless-allow", "stale-schema-file"})


@dataclass(frozen=True)
class RuleContext:
    """The facts of the project that the rules need.

    `history_table` is (schema or None, name) of dbmate's table; `folder` is how the migrations folder is
    shown to people; `merged` are the names of migrations that can no longer be changed: what is found in
    them is a notice.
    """

    history_table: tuple[str | None, str]
    folder: str
    merged: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SqlJudgement:
    """What the rules say of one migration, merged or not, and what it makes: schemas by the name of each."""

    findings: tuple[Finding, ...]
    made: Mapping[str, Collection[str]]


def check_sql(migrations: Sequence[ParsedMigration], context: RuleContext) -> tuple[Finding, ...]:
    """The findings of the SQL rules by file, line and column; `migrations` are all of the folder, in order.

    Only a notice where the SQL parser cannot be loaded (there is none for Intel Macs): nothing was checked.
    """
    if reason := sql.unavailable_reason():
        message = f"the SQL rules were skipped, because the SQL parser cannot be loaded: {reason}"
        hint = "run `dbmate-wrap check` on a machine that has postgast: there is none for Intel Macs"
        return (Finding("sql", "notice", None, None, None, message, hint),)
    return findings_of(migrations, judge(migrations, context), context)


def judge(
    migrations: Sequence[ParsedMigration], context: RuleContext, known: Sequence[SqlJudgement] = ()
) -> tuple[SqlJudgement, ...]:
    """Judge each migration; the first ones are judged already, as `known`. The SQL parser must be there."""
    from dbmate_wrap.policy.rules.drops_before_rollout import MadeObjects

    baseline, earlier = baseline_name(migration.file.name for migration in migrations), MadeObjects()
    for each in known:
        earlier.update(MadeObjects({name: {*schemas} for name, schemas in each.made.items()}))
    judged = [*known]
    for migration in migrations[len(known) :]:
        made = MadeObjects()
        without_style = migration.file.name == baseline
        found = tuple(_findings(migration, context, earlier, made, without_style=without_style))
        earlier.update(made)
        judged.append(SqlJudgement(found, made.schemas_of))
    return tuple(judged)


def findings_of(
    migrations: Sequence[ParsedMigration], judged: Sequence[SqlJudgement], context: RuleContext
) -> tuple[Finding, ...]:
    """Return all findings by file, line and column; those in a merged migration are notices."""
    findings = [
        replace(finding, severity="notice", hint=_MERGED) if merged else finding
        for migration, each in zip(migrations, judged, strict=True)
        for merged in [migration.file.name in context.merged]
        for finding in each.findings
    ]
    return tuple(sorted(findings, key=lambda found: (found.file, found.line, found.column)))


def checked_rules(
    migrations: Sequence[ParsedMigration], context: RuleContext, *, with_sql: bool
) -> Mapping[str, frozenset[str]]:
    """The rules on files, and `with_sql` on SQL, that were checked, by file as it is shown to people.

    Callers that run squawk or a replay add `squawk`, or `down-incomplete` and `no-effect`, for the files that
    those have read.
    """
    families = {"files", "sql"} if with_sql else {"files"}
    rules = [rule for rule in RULES.values() if rule.family in families and rule.id not in _CHECKED_ELSEWHERE]
    every = frozenset(rule.id for rule in rules)
    without_style = frozenset(rule.id for rule in rules if not rule.style)
    baseline = baseline_name(migration.file.name for migration in migrations)
    return {
        f"{context.folder}/{migration.file.name}": without_style if migration.file.name == baseline else every
        for migration in migrations
    }


def baseline_name(names: Iterable[str]) -> str | None:
    """The baseline among all the folder's migrations: the first, if it is called `init` or `baseline`."""
    first = min(names, default="")
    return first if _BASELINE.fullmatch(first) else None


def _findings(
    migration: ParsedMigration,
    context: RuleContext,
    earlier: "MadeObjects",
    made: "MadeObjects",
    *,
    without_style: bool,
) -> Iterator[Finding]:
    from dbmate_wrap.policy.sql_hits import find_hits

    positions: dict[int, Positions] = {}
    for block, hit in find_hits(migration, context.history_table, earlier, made):
        rule = RULES[hit.rule]
        if without_style and rule.style:
            continue
        # No two blocks of a file begin in one line.
        if block.line not in positions:
            positions[block.line] = Positions(block.sql, block.line)
        severity = "notice" if hit.unchecked else rule.severity
        place = (f"{context.folder}/{migration.file.name}", *positions[block.line].of(hit.offset))
        yield Finding(rule.id, severity, *place, hit.message, hit.hint)
