"""Hands copies of our files to squawk, and turns its violations into findings at our lines."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from dbmate_wrap import sql
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import Block, ParsedMigration
from dbmate_wrap.migrations.phase import waits_for_rollout
from dbmate_wrap.policy.positions import Position, Positions
from dbmate_wrap.policy.squawk.program import Violation, find_violations

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

# Rules about what breaks old code: no hazard in a migration that waits until none is left.
_BREAKS_OLD_CODE = frozenset(
    {
        *("renaming-column", "renaming-table", "renaming-object", "ban-set-schema", "ban-drop-schema"),
        *("ban-drop-column", "ban-drop-table", "ban-drop-view", "ban-drop-type", "ban-drop-domain"),
    }
)
# The rules of which squawk's help asks for CONCURRENTLY.
_CONCURRENTLY = "require-concurrent-"
# The white space of dbmate's directive may span lines (migrations/parse.py); its comment ends with the line.
_DIRECTIVE = re.compile(rb"(--[\t\n\f\r ]*)(migrate:(?:up|down)[^\r\n]*)")
_VISIBLE = re.compile(rb"[^\r\n]")
# squawk counts a lone CR as the end of a line (2.62 and newer); we and every editor do not.
_LINE_ENDS = re.compile(r"\r\n?|\n")


def hazards(
    program: Path,
    migrations: Sequence[ParsedMigration],
    folder: str,
    history: Sequence[ParsedMigration] = (),
) -> tuple[Finding, ...]:
    """Warnings `squawk/<rule>` on each migrate:up, in the order of `migrations`.

    `folder` is how the migrations folder is shown to people; `history` are all migrations, by which advice is
    judged. A file that squawk cannot read gets one notice instead (NOT_JUDGED). Raises BinaryError where
    squawk fails, ConfigError without a temporary folder.
    """
    if not migrations:
        return ()
    names = {f"{number:06}.sql": migration for number, migration in enumerate(migrations)}
    answer = find_violations(program, {name: copy_for_squawk(each) for name, each in names.items()})
    by_file: dict[str, list[Violation]] = {}
    for violation in answer.violations:
        by_file.setdefault(violation.file, []).append(violation)
    findings: list[Finding] = []
    # Loads the parser, and reads the whole history.
    correct = _correction_by(history or migrations) if by_file else None
    for name, migration in names.items():
        where = f"{folder}/{migration.file.name}"
        if name in answer.failed:
            findings.append(_not_judged(where, 1, 1, answer.failed[name]))
        elif name in by_file and correct is not None:
            findings += correct([*_of_file(migration, where, by_file[name])], migration)
    return tuple(findings)


def _correction_by(
    history: Sequence[ParsedMigration],
) -> Callable[[Sequence[Finding], ParsedMigration], Iterable[Finding]]:
    """Return the function that corrects the findings of a file; without the SQL parser all are kept."""
    if not sql.is_available():
        return lambda found, _: found
    from dbmate_wrap.policy.squawk.advice import KnownTables, correct_advice

    known = KnownTables(history)
    return lambda found, migration: correct_advice(found, migration, known)


def _of_file(migration: ParsedMigration, where: str, violations: Sequence[Violation]) -> Iterator[Finding]:
    positions = SquawkPositions(migration.file.content.decode("utf-8"))
    # A file with one syntax error has no other findings at all: squawk gives up on it.
    if unread := [violation for violation in violations if violation.rule == "syntax-error"]:
        line, column = positions.of(unread[0])
        yield _not_judged(where, line, column, unread[0].message)
    ignored = {*IGNORED_RULES, *(_BREAKS_OLD_CODE if waits_for_rollout(migration.file) else ())}
    for violation in sorted(violations, key=lambda each: (each.line, each.column, each.rule)):
        if violation.rule not in ignored:
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


def copy_for_squawk(migration: ParsedMigration) -> bytes:
    """The copy of the file, as long as the original, every statement at its place.

    `begin;` replaces the directive of a transactional migrate:up, and `commit;` that of the next
    migrate:down: `--assume-in-transaction` would be for all files of a run and for all sections of a file.
    Each migrate:down is blank: no hazard is looked for there. What stands before the first directive stays:
    only comments can, and `-- squawk-ignore-file` may be one.
    """
    blocks = b"".join(
        _opened(section.up) + _closed(section.down, section.up.transaction) for section in migration.sections
    )
    content = migration.file.content
    return content[: len(content) - len(blocks)] + blocks


def _opened(up: Block) -> bytes:
    head, directive, statements = _parts(up)
    return _blank(head) + (b"begin;" if up.transaction else b"").ljust(len(directive)) + statements


def _closed(down: Block, transaction: bool) -> bytes:
    # The semicolon first: the last statement of migrate:up may lack its own.
    head, directive, statements = _parts(down)
    return _blank(head) + (b";commit;" if transaction else b";").ljust(len(directive)) + _blank(statements)


def _parts(block: Block) -> tuple[bytes, bytes, bytes]:
    sql = block.sql.encode()
    found = _DIRECTIVE.match(sql)
    assert found is not None, "a block begins with its directive"
    return found[1], found[2], sql[found.end() :]


def _blank(text: bytes) -> bytes:
    return _VISIBLE.sub(b" ", text)


class SquawkPositions:
    """The lines of one file as squawk counts them and as editors do."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(end.end() for end in _LINE_ENDS.finditer(text))]
        self._positions = Positions(text)

    def of(self, violation: Violation) -> Position:
        """Line and column from 1, columns in characters."""
        start = self._starts[min(violation.line, len(self._starts) - 1)]
        column = violation.column
        if not self._text.isascii():
            before = self._text[start : start + column].encode()[:column]
            column = len(before.decode("utf-8", "replace"))
        return self._positions.of(min(start + column, len(self._text)))
