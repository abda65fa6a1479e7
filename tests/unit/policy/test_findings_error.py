"""The error that findings end a command with."""

import pytest

from dbmate_wrap.domain.finding import Finding, Severity
from dbmate_wrap.errors import HistoryError, PolicyError
from dbmate_wrap.policy.findings_error import findings_error


def finding(rule: str, file: str | None = "m/001_a.sql", severity: Severity = "error") -> Finding:
    """A finding in line 7."""
    return Finding(rule, severity, file, 7, 1, f"{rule} is broken", f"fix {rule}")


@pytest.mark.parametrize(
    "findings", [[], [finding("data-write", severity="warning")], [finding("edited", severity="notice")]]
)
def test_without_an_error_there_is_none(findings: list[Finding]) -> None:
    assert findings_error(findings, "m") is None


@pytest.mark.parametrize(
    ("rules", "error"),
    [
        (["data-write"], PolicyError),
        (["edited"], HistoryError),
        (["edited", "file-name"], PolicyError),
        (["squawk/ban-drop-table", "unsealed"], PolicyError),
    ],
)
def test_a_broken_rule_comes_before_a_history_that_does_not_fit(
    rules: list[str], error: type[Exception]
) -> None:
    assert type(findings_error([finding(rule) for rule in rules], "m")) is error


def test_the_lockfile_can_be_left_out() -> None:
    assert findings_error([finding("edited")], "m", history=False) is None


def test_a_single_error_has_its_place_and_its_hint() -> None:
    error = findings_error([finding("data-write"), finding("ownership", severity="warning")], "m")
    assert error is not None
    assert (error.message, error.hint) == ("data-write is broken", "fix data-write")
    assert (error.migration, error.line) == ("001_a.sql", 7)


@pytest.mark.parametrize("file", ["m.lock", None])
def test_one_that_is_in_no_migration_has_no_place(file: str | None) -> None:
    error = findings_error([finding("removed", file)], "m")
    assert error is not None
    assert (error.migration, error.line) == (None, None)


@pytest.mark.parametrize(
    ("rules", "files", "message"),
    [
        (["data-write", "ownership"], ["m/001_a.sql"] * 2, "1 file breaks a rule"),
        (["data-write", "ownership"], ["m/001_a.sql", "m/002_b.sql"], "2 files break rules"),
        (["edited", "removed"], ["m/001_a.sql"] * 2, "1 file does not fit the history"),
        (["edited", "removed"], ["m/001_a.sql", "m.lock"], "2 files do not fit the history"),
    ],
)
def test_several_errors_are_counted_by_file(rules: list[str], files: list[str], message: str) -> None:
    error = findings_error([finding(*each) for each in zip(rules, files, strict=True)], "m")
    assert error is not None
    assert (error.message, error.hint) == (message, "fix each of the findings above")
