"""Turns squawk's violations into findings, without those that our own rules report."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.policy.squawk.copies import copy_for_squawk
from dbmate_wrap.policy.squawk.program import find_violations
from dbmate_wrap.policy.squawk.violations import SquawkPositions, Violation

NOT_JUDGED = "squawk/not-judged"

# Rules of squawk 2.70.0 that never make a finding, and why. All others that it has switched on are kept: what
# is to run concurrently (require-concurrent-*), locks and rewrites (constraint-missing-not-valid, adding-*,
# changing-column-type, disallowed-unique-constraint, prefer-repack), what breaks clients (renaming-*,
# ban-drop-*, ban-set-schema, ban-alter-identity), types and names (prefer-*, ban-char-field, *-domain-*,
# require-enum-value-ordering, identifier-too-long), its own comments (unused-ignore), and three that overlap
# with ours without saying the same: ban-truncate-cascade (data-write forbids TRUNCATE; where a comment allows
# it, CASCADE is still worth a word), ban-drop-database (needs-no-transaction only minds where it stands),
# ban-duplicate-column-assignments (the shadow server refuses it too, but --no-shadow exists).
IGNORED_RULES: Mapping[str, str] = {
    "transaction-nesting": "transaction-control reports it, and the begin that it sees is ours",
    "ban-uncommitted-transaction": "transaction-control reports it, and the begin that it sees is ours",
    "ban-concurrent-index-creation-in-transaction": "needs-no-transaction reports it",
    "syntax-error": "PostgreSQL's own grammar decides (syntax-error)",
    "require-lock-timeout": "the setting lock_timeout holds for all that may keep others waiting",
    "require-statement-timeout": "the setting statement_timeout holds for every migration",
    "require-timeout-settings": "an older name of the two before",
    "prefer-robust-stmts": "IF NOT EXISTS would hide the invalid index that a failed concurrent build leaves;"
    " where something may have stayed, `up` names it",
    "require-table-schema": "unqualified-name reports it; squawk has it switched off anyway",
}

# The rules of which squawk's help asks for CONCURRENTLY.
_CONCURRENTLY = "require-concurrent-"


def hazards(
    program: Path, migrations: Sequence[ParsedMigration], *, folder: str, excluded: frozenset[str]
) -> tuple[Finding, ...]:
    """Warnings `squawk/<rule>` on each migrate:up, in the order of `migrations`.

    `folder` is how the migrations folder is shown to people; `excluded` are rules that the team has turned
    off, with or without `squawk/`. A file that squawk cannot read gets one notice instead (NOT_JUDGED).
    Raises BinaryError when squawk itself cannot be used, ConfigError without a temporary folder.
    """
    if not migrations:
        return ()
    names = {f"{number:06}.sql": migration for number, migration in enumerate(migrations)}
    answer = find_violations(program, {name: copy_for_squawk(each) for name, each in names.items()})
    by_file: dict[str, list[Violation]] = {}
    for violation in answer.violations:
        by_file.setdefault(violation.file, []).append(violation)
    off = frozenset(rule.removeprefix("squawk/") for rule in excluded)
    findings: list[Finding] = []
    for name, migration in names.items():
        where = f"{folder}/{migration.file.name}"
        if name in answer.failed:
            findings.append(_not_judged(where, 1, 1, answer.failed[name]))
        elif name in by_file:
            findings += _of_file(migration, where, by_file[name], off)
    return tuple(each for each in findings if each.rule != NOT_JUDGED or "not-judged" not in off)


def _of_file(
    migration: ParsedMigration, where: str, violations: Sequence[Violation], off: frozenset[str]
) -> Iterator[Finding]:
    positions = SquawkPositions(migration.file.content.decode("utf-8"))
    # A file with one syntax error has no other findings at all: squawk gives up on it.
    if unread := [violation for violation in violations if violation.rule == "syntax-error"]:
        line, column = positions.of(unread[0])
        yield _not_judged(where, line, column, unread[0].message)
    for violation in sorted(violations, key=lambda each: (each.line, each.column, each.rule)):
        if violation.rule not in IGNORED_RULES and violation.rule not in off:
            yield _finding(where, *positions.of(violation), violation)


def _finding(where: str, line: int, column: int, violation: Violation) -> Finding:
    hint = violation.help.rstrip(".") if violation.help else ""
    if violation.rule.startswith(_CONCURRENTLY):
        hint += ", alone in a migration with `-- migrate:up transaction:false`"
    hint = f"{hint}; see " if hint else "see "
    hint += f"https://squawkhq.com/docs/{violation.rule}"
    message = violation.message.rstrip(".")
    return Finding(f"squawk/{violation.rule}", "warning", where, line, column, message, hint)


def _not_judged(where: str, line: int, column: int, reason: str) -> Finding:
    message = f"squawk cannot read this file, so no hazards were looked for in it: {reason}"
    hint = "look for locks and rewrites in it by eye"
    return Finding(NOT_JUDGED, "notice", where, line, column, message, hint)
