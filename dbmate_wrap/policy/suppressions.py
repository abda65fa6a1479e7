"""Allows single breaches by comments with a reason, and reports the comments that allow nothing."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import Block, ParsedMigration
from dbmate_wrap.policy.positions import Place, Positions
from dbmate_wrap.policy.registry import RULES, family_of
from dbmate_wrap.policy.severity import apply_severities, configured
from dbmate_wrap.policy.suppression_comment import ATTEMPT, Asked, Fault, asked, misplaced


@dataclass(frozen=True)
class Suppression:
    """One comment of a file; `span` is what it covers, None for the whole file.

    `fault` says why it allows nothing. `old` marks a file that is merged and cannot be mended.
    """

    file: str
    line: int
    column: int
    rule: str
    span: tuple[Place, Place] | None
    fault: Fault | None
    old: bool


@dataclass
class _Allowed:
    """What the comments of one file allow of one rule, in order; statements do not overlap."""

    everywhere: list[Suppression] = field(default_factory=list)
    here: list[Suppression] = field(default_factory=list)
    begins: list[Place] = field(default_factory=list)
    ends: list[Place] = field(default_factory=list)

    def add(self, allow: Suppression) -> None:
        """Take the next comment into account."""
        if allow.span is None:
            self.everywhere.append(allow)
        else:
            self.here.append(allow)
            self.begins.append(allow.span[0])
            self.ends.append(allow.span[1])

    def covering(self, finding: Finding) -> Sequence[Suppression]:
        """The comments that allow the finding: of the whole file, or before the statement that it is in."""
        if finding.line is None:
            return self.everywhere
        place = (finding.line, finding.column or 1)
        first, last = bisect_left(self.ends, place), bisect_right(self.begins, place)
        return [*self.everywhere, *self.here[first:last]]


def suppressions_of(
    migrations: Sequence[ParsedMigration], folder: str, old: frozenset[str] = frozenset()
) -> tuple[Suppression, ...]:
    """Every allow comment, in order, also those that are not written as they must be.

    `folder` is how the migrations folder is shown to people, `old` the names of migrations that are merged.
    Without the SQL parser (Intel Macs) only those before `-- migrate:up` are seen.
    """
    result: list[Suppression] = []
    for migration in migrations:
        # Most files have none, and decoding and reading a thousand files again would be felt.
        if b"wrap" not in migration.file.content.lower():
            continue
        name = migration.file.name
        for line, column, comment, span in _comments(migration):
            result.append(
                Suppression(f"{folder}/{name}", line, column, comment.rule, span, comment.fault, name in old)
            )
    return tuple(result)


def resolve_findings(
    findings: Sequence[Finding],
    suppressions: Sequence[Suppression],
    policy: Mapping[str, str],
    checked: Mapping[str, frozenset[str]] | None = None,
) -> tuple[Finding, ...]:
    """Apply the suppressions, then the configured severities; by place.

    `checked` has the rules that were checked, by file (see `apply_suppressions`). Without it nothing is said
    of comments that suppress nothing: only some of the rules were checked.
    """
    if checked is None:
        suppressions, checked = [each for each in suppressions if each.fault is None], {}
    return apply_severities(apply_suppressions(findings, suppressions, checked, policy), policy)


def apply_suppressions(
    findings: Sequence[Finding],
    allows: Sequence[Suppression],
    judged: Mapping[str, frozenset[str]],
    policy: Mapping[str, str],
) -> tuple[Finding, ...]:
    """The findings that no comment allows, and `useless-allow` for comments that allow nothing; by place.

    Runs when all findings of the files are known and before the severities are applied. `judged` has for each
    file the rules (`squawk` for all of squawk's) that were judged: of any other a comment may well be needed,
    and so it may of one that `policy` turns off.
    """
    allowed: defaultdict[tuple[str | None, str], _Allowed] = defaultdict(_Allowed)
    for allow in allows:
        if allow.fault is None:
            allowed[allow.file, allow.rule].add(allow)
    used: set[Suppression] = set()
    kept: list[Finding] = []
    for finding in findings:
        key = (finding.file, finding.rule)
        covering = allowed[key].covering(finding) if key in allowed else ()
        used.update(covering)
        if not covering:
            kept.append(finding)
    kept += [_useless(allow) for allow in allows if allow not in used and _is_useless(allow, judged, policy)]
    return tuple(sorted(kept, key=lambda found: (found.file or "", found.line or 0, found.column or 0)))


def _is_useless(allow: Suppression, judged: Mapping[str, frozenset[str]], policy: Mapping[str, str]) -> bool:
    if allow.fault is not None:
        return True
    of_file = judged.get(allow.file, frozenset())
    family = family_of(allow.rule)
    was_judged = allow.rule in of_file or (family == "squawk" and family in of_file)
    return was_judged and configured(allow.rule, policy) != "off"


def _useless(allow: Suppression) -> Finding:
    rule = RULES["useless-allow"]
    fault = allow.fault or Fault(
        f"nothing breaks {allow.rule} {'in this file' if allow.span is None else 'in the statement below'}:"
        " this comment is not needed",
        "remove it",
    )
    severity = "notice" if allow.old else rule.severity
    return Finding(rule.id, severity, allow.file, allow.line, allow.column, fault.message, fault.hint)


def _comments(
    migration: ParsedMigration,
) -> Iterator[tuple[int, int, Asked, tuple[Place, Place] | None]]:
    first = migration.sections[0].up.line
    head = migration.file.content.decode("utf-8").split("\n")[: first - 1]
    for number, text in enumerate(head, 1):
        comment = text.strip()
        if ATTEMPT.match(comment):
            column = len(text) - len(text.lstrip()) + 1
            yield number, column, misplaced(asked(comment), in_head=True, has_statement=True), None
    for section in migration.sections:
        for block in (section.up, section.down):
            yield from _block_comments(block)


def _block_comments(block: Block) -> Iterator[tuple[int, int, Asked, tuple[Place, Place] | None]]:
    try:
        from dbmate_wrap.sql.comments import comments
    except ImportError:
        return
    places = Positions(block)
    for comment in comments(block.sql, ATTEMPT):
        begin = places.of(comment.offset)
        what = misplaced(asked(comment.text), in_head=False, has_statement=comment.statement is not None)
        end = comment.statement[1] if comment.statement else comment.offset
        yield *begin, what, (begin, places.of(end))
