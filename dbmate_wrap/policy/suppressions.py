"""Removes findings that a comment with a reason allows, and reports the comments that allow nothing."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dbmate_wrap import sql
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import Block, ParsedMigration
from dbmate_wrap.policy.positions import Position, Positions
from dbmate_wrap.policy.registry import RULES, family_of
from dbmate_wrap.policy.severity import apply_severities, configured
from dbmate_wrap.policy.suppression_comment import (
    ATTEMPT,
    CommentFault,
    ParsedComment,
    check_placement,
    parse_comment,
)

_Span = tuple[Position, Position]


@dataclass(frozen=True)
class Suppression:
    """One comment of a file; `span` is the statement that it covers, None for the whole file.

    `fault` is the reason why it allows nothing. `merged` marks a file that can no longer be changed.
    """

    file: str
    line: int
    column: int
    rule: str
    span: _Span | None
    fault: CommentFault | None
    merged: bool


@dataclass
class _SuppressionsOfRule:
    """The comments of one file for one rule, in order; statements do not overlap."""

    of_file: list[Suppression] = field(default_factory=list)
    of_statements: list[Suppression] = field(default_factory=list)
    begins: list[Position] = field(default_factory=list)
    ends: list[Position] = field(default_factory=list)

    def add(self, suppression: Suppression) -> None:
        """Add the next comment of the file."""
        if suppression.span is None:
            self.of_file.append(suppression)
        else:
            self.of_statements.append(suppression)
            self.begins.append(suppression.span[0])
            self.ends.append(suppression.span[1])

    def covering(self, finding: Finding) -> Sequence[Suppression]:
        """The comments that allow the finding: of the whole file, or before the statement that it is in."""
        if finding.line is None:
            return self.of_file
        position = (finding.line, finding.column or 1)
        first, last = bisect_left(self.ends, position), bisect_right(self.begins, position)
        return [*self.of_file, *self.of_statements[first:last]]


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
        for (line, column), comment, span in _comments(migration):
            result.append(
                Suppression(
                    f"{folder}/{name}", line, column, comment.rule, span, comment.fault, name in merged
                )
            )
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
    by_rule: defaultdict[tuple[str | None, str], _SuppressionsOfRule] = defaultdict(_SuppressionsOfRule)
    for suppression in suppressions:
        if suppression.fault is None:
            by_rule[suppression.file, suppression.rule].add(suppression)
    used: set[Suppression] = set()
    kept: list[Finding] = []
    for finding in findings:
        key = (finding.file, finding.rule)
        covering = by_rule[key].covering(finding) if key in by_rule else ()
        used.update(covering)
        if not covering:
            kept.append(finding)
    kept += [
        _useless(each) for each in suppressions if each not in used and _is_useless(each, checked, policy)
    ]
    return tuple(sorted(kept, key=lambda found: (found.file or "", found.line or 0, found.column or 0)))


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
    rule = RULES["useless-allow"]
    covered = "in this file" if suppression.span is None else "in the statement below"
    fault = suppression.fault or CommentFault(
        f"nothing breaks {suppression.rule} {covered}: this comment is not needed", "remove it"
    )
    severity = "notice" if suppression.merged else rule.severity
    return Finding(
        rule.id,
        severity,
        suppression.file,
        suppression.line,
        suppression.column,
        fault.message,
        fault.hint,
    )


def _comments(migration: ParsedMigration) -> Iterator[tuple[Position, ParsedComment, _Span | None]]:
    first = migration.sections[0].up.line
    head = migration.file.content.decode("utf-8").split("\n")[: first - 1]
    for number, text in enumerate(head, 1):
        comment = text.strip()
        if ATTEMPT.match(comment):
            column = len(text) - len(text.lstrip()) + 1
            parsed = check_placement(parse_comment(comment), in_head=True, has_statement=True)
            yield (number, column), parsed, None
    for section in migration.sections:
        for block in (section.up, section.down):
            yield from _block_comments(block)


def _block_comments(block: Block) -> Iterator[tuple[Position, ParsedComment, _Span | None]]:
    if not sql.is_available():
        return
    from dbmate_wrap.sql.comments import comments

    positions = Positions(block)
    for comment in comments(block.sql, ATTEMPT):
        begin = positions.of(comment.offset)
        has_statement = comment.statement is not None
        parsed = check_placement(parse_comment(comment.text), in_head=False, has_statement=has_statement)
        end = comment.statement[1] if comment.statement else comment.offset
        yield begin, parsed, (begin, positions.of(end))
