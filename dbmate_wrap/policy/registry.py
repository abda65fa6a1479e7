"""The registry of rules: every id with its family, its severity, its scope and its texts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal, get_args

from dbmate_wrap.domain.finding import Severity

Family = Literal["files", "sql", "lockfile", "squawk"]
# What a finding is about: then an allow comment stands before `-- migrate:up`, or before the statement.
Scope = Literal["file", "statement", "either"]

_SQUAWK = re.compile(r"squawk/[a-z]+(?:-[a-z]+)*", re.ASCII)

# How like a known name another must be to count as a typo; 1 is the same.
_TYPO = 0.9


@dataclass(frozen=True)
class Rule:
    """One rule; `severity` is the default, which `[policy]` may change.

    `style` rules leave out the baseline, which pg_dump wrote. `refusal` is the reason why no comment can
    allow a breach; None where one can. `in_old_files`: of the family `files`, and as bad where a file is
    merged or sealed, because dbmate refuses, skips or reorders it there too; else a notice there.
    """

    id: str
    family: Family
    severity: Severity = "error"
    style: bool = False
    scope: Scope = "statement"
    refusal: str | None = None
    in_old_files: bool = False


_NOT_RUN = "dbmate refuses or skips the file"
_SEALED = "the lockfile is either right or wrong"

_ALL = (
    Rule("file-name", "files", scope="file"),
    Rule("duplicate-version", "files", scope="file", in_old_files=True),
    Rule("version-gap", "files", scope="file"),
    Rule("version-width", "files", scope="file", in_old_files=True),
    Rule("ignored-file", "files", scope="file", refusal=_NOT_RUN, in_old_files=True),
    Rule("missing-up", "files", scope="file", refusal=_NOT_RUN, in_old_files=True),
    Rule("missing-down", "files", scope="file", refusal=_NOT_RUN, in_old_files=True),
    Rule("statement-before-up", "files", scope="file", refusal=_NOT_RUN, in_old_files=True),
    Rule("unknown-option", "files", scope="file"),
    Rule("not-utf8", "files", scope="file", refusal=_NOT_RUN, in_old_files=True),
    Rule("empty-migration", "files", scope="file"),
    Rule(
        "stale-schema-file",
        "files",
        "warning",
        scope="file",
        refusal="it is about another file",
        in_old_files=True,
    ),
    Rule("syntax-error", "sql"),
    Rule("psql-command", "sql"),
    Rule("search-path", "sql", style=True),
    Rule("data-write", "sql"),
    Rule("unqualified-name", "sql", "warning", style=True),
    Rule("mixed-changes", "sql", "warning", style=True, scope="either"),
    Rule("transaction-control", "sql"),
    Rule("needs-no-transaction", "sql"),
    Rule("one-statement-outside-transaction", "sql"),
    Rule("session-state", "sql", "warning", style=True),
    Rule("ownership", "sql", "warning", style=True),
    Rule("history-table", "sql"),
    Rule("invisible-character", "sql"),
    Rule("literal-password", "sql", "warning"),
    Rule("swallowed-errors", "sql", "warning", style=True),
    Rule("publication-for-all-tables", "sql", "warning"),
    Rule("database-name", "sql", "warning", style=True),
    Rule("drops-before-rollout", "sql", "warning", scope="either"),
    Rule("down-incomplete", "sql", "warning", scope="file"),
    Rule("no-effect", "sql", "warning", scope="file"),
    Rule("useless-allow", "sql", refusal="a comment that is not needed can be removed"),
    Rule("edited", "lockfile", scope="file", refusal=_SEALED),
    Rule("removed", "lockfile", scope="file", refusal=_SEALED),
    Rule("not-appended", "lockfile", scope="file", refusal=_SEALED),
    Rule("unsealed", "lockfile", scope="file", refusal=_SEALED),
)

RULES: Mapping[str, Rule] = MappingProxyType({rule.id: rule for rule in _ALL})
FAMILIES: Mapping[str, frozenset[str]] = MappingProxyType(
    {family: frozenset(rule.id for rule in _ALL if rule.family == family) for family in get_args(Family)}
)

# Of squawk 2.70.0 (tests/integration/test_squawk_rules.py asks it). It lists them nowhere: there may be more.
_SQUAWK_NAMES = """
    adding-field-with-default adding-foreign-key-constraint adding-not-nullable-field
    adding-required-field adding-serial-primary-key-field ban-add-column ban-add-composite-attribute
    ban-add-enum-value ban-alter-database-options ban-alter-domain-with-add-constraint
    ban-alter-extension ban-alter-function-options ban-alter-generated-expression ban-alter-identity
    ban-alter-policy-condition ban-alter-policy-roles ban-alter-role-options
    ban-alter-row-level-security ban-alter-sequence-values ban-alter-system-options
    ban-alter-view-options ban-char-field ban-concurrent-index-creation-in-transaction
    ban-create-domain-with-constraint ban-create-policy ban-detach-inheritance ban-disable-trigger
    ban-drop-column ban-drop-constraint ban-drop-database ban-drop-default ban-drop-domain
    ban-drop-extension ban-drop-function ban-drop-generated-expression ban-drop-index ban-drop-not-null
    ban-drop-policy ban-drop-schema ban-drop-sequence ban-drop-table ban-drop-trigger ban-drop-type
    ban-drop-view ban-duplicate-column-assignments ban-new-write-restriction ban-replace-view-function
    ban-replica-identity ban-revoke ban-set-default ban-set-schema ban-truncate-cascade
    ban-uncommitted-transaction changing-column-type constraint-missing-not-valid
    disallowed-unique-constraint identifier-too-long prefer-bigint-over-int prefer-bigint-over-smallint
    prefer-identity prefer-repack prefer-robust-stmts prefer-text-field prefer-timestamp-tz
    renaming-column renaming-object renaming-table require-concurrent-index-creation
    require-concurrent-index-deletion require-concurrent-partition-detach require-concurrent-reindex
    require-enum-value-ordering require-lock-timeout require-statement-timeout require-table-schema
    require-timeout-settings transaction-nesting
"""
# Findings under its name that are no rules which it can turn off: its own comments that are not needed
# (unused-ignore), and our notice of a file that it cannot read (policy/squawk).
NO_RULES = frozenset({"unused-ignore", "not-judged"})
SQUAWK_RULES = frozenset(_SQUAWK_NAMES.split()) | NO_RULES


def rule_of(rule: str) -> Rule | None:
    """The rule of that id, `squawk/<rule>` included; None for an id that does not exist.

    A squawk that is newer than our list knows more rules: only what looks like a typo is none.
    """
    if not _SQUAWK.fullmatch(rule):
        return RULES.get(rule)
    from difflib import get_close_matches

    name = rule.removeprefix("squawk/")
    typo = name not in SQUAWK_RULES and get_close_matches(name, SQUAWK_RULES, 1, _TYPO)
    return None if typo else Rule(rule, "squawk", "warning", style=True)


def family_of(rule: str) -> str:
    """The family of a rule id: the registry's, or else the part before a slash."""
    found = RULES.get(rule)
    return found.family if found else rule.partition("/")[0]


def is_lenient(rule: str) -> bool:
    """Return True for a rule of the family `files` whose breach is a notice in a merged or sealed file."""
    found = RULES.get(rule)
    return found is not None and found.family == "files" and not found.in_old_files


def nearest_rule(rule: str) -> str | None:
    """The existing rule id that is most like `rule`, None where none is like it."""
    from difflib import get_close_matches

    known: list[str] = [*RULES]
    if rule.lower().startswith("squawk"):
        known = [f"squawk/{name}" for name in sorted(SQUAWK_RULES)]
    close = get_close_matches(rule.lower().replace("_", "-"), known, n=1)
    return close[0] if close else None


@dataclass(frozen=True)
class RuleText:
    """Markdown of a line or a paragraph each."""

    what: str
    why: str
    remedy: str


@cache
def text_of_rule(rule: str) -> RuleText | None:
    """The texts of a rule (all of squawk's share a page); None where there is no such rule."""
    name = rule if rule in RULES else "squawk" if rule.startswith("squawk/") else None
    if name is None:
        return None
    import tomllib
    from importlib.resources import files

    page = files("dbmate_wrap.policy") / "pages" / f"{name}.toml"
    keys = tomllib.loads(page.read_text(encoding="utf-8"))
    return RuleText(str(keys["what"]), str(keys["why"]), str(keys["remedy"]))
