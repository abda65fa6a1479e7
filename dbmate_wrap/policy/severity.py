"""Applies the configured severities to findings."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.policy.registry import family_of


def configured(rule: str, policy: Mapping[str, str]) -> str | None:
    """The severity that `policy` has for the rule: its own entry wins over its family's; None without one."""
    return policy.get(rule) or policy.get(family_of(rule))


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
