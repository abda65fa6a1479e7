"""Decides which findings count: allow comments remove them, settings change their severity."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from dbmate_wrap import sql
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import Block, ParsedMigration
from dbmate_wrap.policy.positions import Position, Positions
from dbmate_wrap.policy.registry import RULES, family_of
from dbmate_wrap.policy.suppression_comment import ATTEMPT, CommentFault, parse_comment

# The place of a comment, the end of the statement that it covers, its rule and its fault.
_FoundComment: TypeAlias = tuple[Position, Position | None, tuple[str, CommentFault | None]]


@dataclass(frozen=True)
class Suppression:
    """One comment of a file; `end` is that of the statement which it covers, None for the whole file.

    `fault` is the reason why it allows nothing. `merged` marks a file that can no longer be changed.
    """

    file: str
    line: int
    column: int
    rule: str
    end: Position | None
    fault: CommentFault | None
    merged: bool

    @property
    def lines(self) -> Iterable[int | None]:
        """The lines of the statement that it covers; None stands for the whole file."""
        return (None,) if self.end is None else range(self.line, self.end[0] + 1)

    def covers(self, finding: Finding) -> bool:
        """Return True for a finding of its file and rule that is in the statement."""
        place = (finding.line or 0, finding.column or 1)
        return self.end is None or (self.line, self.column) <= place <= self.end


def suppressions_of(
    migrations: Sequence[ParsedMigration], folder: str, merged: frozenset[str] = frozenset()
) -> tuple[Suppression, ...]:
    """Every allow comment, in order, also those that are not written as they must be.

    `folder` is how the migrations folder is shown to people, `merged` the names of migrations that can no
    longer be changed. Without the SQL parser (Intel Macs) only comments before `-- migrate:up` are read.
    """
    result: list[Suppression] = []
    for migration in migrations:
        # Most files have none, and decoding and reading a thousand files again would be felt.
        if b"wrap" not in migration.file.content.lower():
            continue
        name = migration.file.name
        for (line, column), end, (rule, fault) in _comments(migration):
            result.append(Suppression(f"{folder}/{name}", line, column, rule, end, fault, name in merged))
    return tuple(result)


def resolve_findings(
    findings: Sequence[Finding],
    suppressions: Sequence[Suppression],
    policy: Mapping[str, str],
    checked: Mapping[str, frozenset[str]] | None = None,
) -> tuple[Finding, ...]:
    """Apply the suppressions, then the configured severities; by place.

    `checked` has the rules that were checked, by file (see `apply_suppressions`). Without it comments that
    allow nothing are not reported: only some of the rules were checked.
    """
    if checked is None:
        suppressions, checked = [each for each in suppressions if each.fault is None], {}
    return apply_severities(apply_suppressions(findings, suppressions, checked, policy), policy)


def apply_suppressions(
    findings: Sequence[Finding],
    suppressions: Sequence[Suppression],
    checked: Mapping[str, frozenset[str]],
    policy: Mapping[str, str],
) -> tuple[Finding, ...]:
    """The findings that no comment allows, and `useless-allow` for comments that allow nothing; by place.

    Needs all findings of the files, before severities are applied. `checked` has for each file the rules that
    were checked (`squawk` for all of squawk's): a comment for any other rule may well be needed, and so may
    one for a rule that `policy` turns off.
    """
    by_line: defaultdict[tuple[str | None, str, int | None], list[Suppression]] = defaultdict(list)
    for suppression in suppressions:
        if suppression.fault is None:
            for line in suppression.lines:
                by_line[suppression.file, suppression.rule, line].append(suppression)
    used: set[Suppression] = set()
    kept: list[Finding] = []
    for finding in findings:
        near = [
            each
            for line in {None, finding.line}
            for each in by_line.get((finding.file, finding.rule, line), ())
        ]
        covering = [each for each in near if each.covers(finding)]
        used.update(covering)
        if not covering:
            kept.append(finding)
    kept += [
        _useless(each) for each in suppressions if each not in used and _is_useless(each, checked, policy)
    ]
    return tuple(sorted(kept, key=lambda found: (found.file or "", found.line or 0, found.column or 0)))


def apply_severities(findings: Sequence[Finding], policy: Mapping[str, str]) -> tuple[Finding, ...]:
    """The findings with the severities of `policy`; `off` drops.

    Suppressions are applied first. A notice is about a file that can no longer be changed, so it stays one
    whatever the policy is.
    """
    result: list[Finding] = []
    for finding in findings:
        match configured(finding.rule, policy):
            case "off":
                continue
            case "error" | "warning" as severity if finding.severity != "notice":
                result.append(replace(finding, severity=severity))
            case _:
                result.append(finding)
    return tuple(result)


def configured(rule: str, policy: Mapping[str, str]) -> str | None:
    """The severity that `policy` has for the rule: its own entry wins over its family's; None without one."""
    return policy.get(rule) or policy.get(family_of(rule))


def _is_useless(
    suppression: Suppression, checked: Mapping[str, frozenset[str]], policy: Mapping[str, str]
) -> bool:
    """True for a comment that is faulty, or whose rule was checked and is not turned off."""
    if suppression.fault is not None:
        return True
    rules = checked.get(suppression.file, frozenset())
    family = family_of(suppression.rule)
    was_checked = suppression.rule in rules or (family == "squawk" and family in rules)
    return was_checked and configured(suppression.rule, policy) != "off"


def _useless(suppression: Suppression) -> Finding:
    covered = "in this file" if suppression.end is None else "in the statement below"
    fault = suppression.fault or CommentFault(
        f"nothing breaks {suppression.rule} {covered}: this comment is not needed", "remove it"
    )
    severity = "notice" if suppression.merged else RULES["useless-allow"].severity
    place = (suppression.file, suppression.line, suppression.column)
    return Finding("useless-allow", severity, *place, fault.message, fault.hint)


def _comments(migration: ParsedMigration) -> Iterator[_FoundComment]:
    from dbmate_wrap.policy.phase_comment import is_phase_comment

    first = migration.sections[0].up.line
    head = migration.file.content.decode("utf-8").split("\n")[: first - 1]
    for number, text in enumerate(head, 1):
        comment = text.strip()
        if ATTEMPT.match(comment) and not is_phase_comment(comment):
            column = len(text) - len(text.lstrip()) + 1
            yield (number, column), None, parse_comment(comment, in_head=True, has_statement=True)
    for section in migration.sections:
        for block in (section.up, section.down):
            yield from _block_comments(block)


def _block_comments(block: Block) -> Iterator[_FoundComment]:
    if not sql.is_available():
        return
    from dbmate_wrap.policy.phase_comment import is_phase_comment
    from dbmate_wrap.sql.comments import comments

    positions = Positions(block.sql, block.line)
    for comment in comments(block.sql, ATTEMPT):
        if is_phase_comment(comment.text):
            continue  # It is nothing that could allow something: see the rule unknown-option.
        parsed = parse_comment(comment.text, in_head=False, has_statement=comment.statement is not None)
        end = comment.statement[1] if comment.statement else comment.offset
        yield positions.of(comment.offset), positions.of(end), parsed
