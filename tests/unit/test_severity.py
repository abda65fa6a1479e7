"""A team's severities: a rule's own before its family's."""

from collections.abc import Mapping

import pytest

from dbmate_wrap.domain.finding import Finding, Severity
from dbmate_wrap.policy.severity import FAMILIES, apply_severities, family_of


def finding(rule: str, severity: Severity = "error") -> Finding:
    """A finding of the rule."""
    return Finding(rule, severity, "f", 1, 1, "m")


@pytest.mark.parametrize(
    ("rule", "given", "policy", "expected"),
    [
        ("file-name", "error", {}, "error"),
        ("unsealed", "warning", {}, "warning"),
        ("file-name", "error", {"file-name": "warning"}, "warning"),
        ("file-name", "error", {"file-name": "off"}, None),
        ("file-name", "error", {"files": "warning"}, "warning"),
        ("file-name", "error", {"files": "off"}, None),
        ("file-name", "error", {"files": "off", "file-name": "error"}, "error"),
        ("file-name", "error", {"files": "error", "file-name": "off"}, None),
        ("file-name", "error", {"lockfile": "off", "missing-up": "off", "squawk": "off"}, "error"),
        ("unsealed", "warning", {"lockfile": "error"}, "error"),
        ("edited", "error", {"lockfile": "off"}, None),
        ("squawk/ban-drop-column", "warning", {"squawk": "error"}, "error"),
        ("squawk/ban-drop-column", "warning", {"squawk": "error", "squawk/ban-drop-column": "off"}, None),
        ("squawk/ban-drop-column", "notice", {}, "notice"),
    ],
)
def test_the_severity_of_a_rule(
    rule: str, given: Severity, policy: Mapping[str, str], expected: Severity | None
) -> None:
    found = apply_severities([finding(rule, given)], policy)
    assert [item.severity for item in found] == ([expected] if expected else [])


def test_the_order_stays_and_nothing_else_changes() -> None:
    findings = [finding("edited"), finding("file-name"), finding("edited")]
    changed = apply_severities(findings, {"lockfile": "warning"})
    assert [item.rule for item in changed] == ["edited", "file-name", "edited"]
    assert changed[0] == finding("edited", "warning")
    assert apply_severities(findings, {}) == tuple(findings)


def test_every_rule_has_one_family() -> None:
    rules = [rule for family in FAMILIES.values() for rule in family]
    assert len(rules) == len(set(rules))
    assert all(family_of(rule) == family for family, rules in FAMILIES.items() for rule in rules)
    assert family_of("squawk/x/y") == "squawk"
