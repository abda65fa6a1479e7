"""Applies the team's severities to findings."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dbmate_wrap.domain.finding import Finding

FAMILIES: Mapping[str, frozenset[str]] = {
    "files": frozenset(
        {"file-name", "duplicate-version", "version-gap", "version-width", "ignored-file", "missing-up"}
        | {"missing-down", "statement-before-up", "unknown-option", "not-utf8", "empty-migration"}
    ),
    "lockfile": frozenset({"edited", "removed", "not-appended", "unsealed"}),
}


def apply_severities(findings: Sequence[Finding], policy: Mapping[str, str]) -> tuple[Finding, ...]:
    """The findings with the severity that `policy` gives their rule, or else their family; `off` drops."""
    result: list[Finding] = []
    for finding in findings:
        match policy.get(finding.rule) or policy.get(family_of(finding.rule)):
            case "off":
                continue
            case "error":
                result.append(replace(finding, severity="error"))
            case "warning":
                result.append(replace(finding, severity="warning"))
            case _:
                result.append(finding)
    return tuple(result)


def family_of(rule: str) -> str:
    """The family of a rule id: `files`, `lockfile`, or the part before a slash."""
    for family, rules in FAMILIES.items():
        if rule in rules:
            return family
    return rule.partition("/")[0]
