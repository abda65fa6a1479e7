"""A team's severities: a rule's own before its family's, and a notice stays a notice."""

from collections.abc import Mapping

import pytest

from dbmate_wrap.domain.finding import Finding, Severity
from dbmate_wrap.policy.suppressions import apply_severities, configured


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
        ("search-path", "error", {"sql": "warning"}, "warning"),
        ("search-path", "error", {"sql": "off", "search-path": "warning"}, "warning"),
        ("useless-allow", "error", {"sql": "warning"}, "warning"),
        ("stale-schema-file", "warning", {"files": "error"}, "error"),
        ("sql", "notice", {"sql": "off"}, None),
        ("squawk/ban-drop-column", "warning", {"squawk": "error"}, "error"),
        ("squawk/ban-drop-column", "warning", {"squawk": "error", "squawk/ban-drop-column": "off"}, None),
        ("squawk/ban-drop-column", "warning", {"squawk": "off", "squawk/ban-drop-column": "error"}, "error"),
        ("squawk/ban-drop-column", "warning", {"squawk/ban-drop-table": "off"}, "warning"),
        ("squawk/ban-drop-column", "notice", {}, "notice"),
    ],
)
def test_the_severity_of_a_rule(
    rule: str, given: Severity, policy: Mapping[str, str], expected: Severity | None
) -> None:
    found = apply_severities([finding(rule, given)], policy)
    assert [item.severity for item in found] == ([expected] if expected else [])


@pytest.mark.parametrize("wanted", ["error", "warning"])
@pytest.mark.parametrize("key", ["search-path", "sql"])
def test_a_notice_is_never_raised(key: str, wanted: str) -> None:
    old = finding("search-path", "notice")
    assert apply_severities([old], {key: wanted}) == (old,)
    assert apply_severities([old], {key: "off"}) == ()


def test_the_order_stays_and_nothing_else_changes() -> None:
    findings = [finding("edited"), finding("file-name"), finding("edited")]
    changed = apply_severities(findings, {"lockfile": "warning"})
    assert [item.rule for item in changed] == ["edited", "file-name", "edited"]
    assert changed[0] == finding("edited", "warning")
    assert apply_severities(findings, {}) == tuple(findings)


def test_what_is_configured_is_the_rules_own_or_its_familys() -> None:
    assert configured("edited", {"lockfile": "off"}) == "off"
    assert configured("edited", {"lockfile": "off", "edited": "error"}) == "error"
    assert configured("edited", {"sql": "off"}) is None


def test_a_rule_that_is_off_hides_nothing_of_what_follows() -> None:
    off, on = finding("file-name"), finding("search-path")
    assert apply_severities([off, on, off, on], {"file-name": "off"}) == (on, on)
