"""Applies the team's severities to findings."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.policy.registry import family_of


def configured(rule: str, policy: Mapping[str, str]) -> str | None:
    """What `policy` says of the rule: its own entry wins over its family's; None where it is silent."""
    return policy.get(rule) or policy.get(family_of(rule))


def apply_severities(findings: Sequence[Finding], policy: Mapping[str, str]) -> tuple[Finding, ...]:
    """The findings with the severities of `policy`; `off` drops.

    It comes last, after the allow comments. A notice is about what nobody can mend any more, so it stays one
    whatever the policy says.
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
