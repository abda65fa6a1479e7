"""`[policy] since` leaves older migrations alone, but for what dbmate itself would refuse or skip."""

import pytest

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.policy.configuration import Policy
from tests.support.migrations import FOLDER, file_of

FILES = [file_of(name, "") for name in ("001_a.sql", "014_b.sql", "20240105120000_c.sql")]


def finding(rule: str, name: str) -> Finding:
    """A finding in a file of that name."""
    return Finding(rule, "error", f"{FOLDER}/{name}", 1, 1, "message")


@pytest.mark.parametrize(
    ("rule", "name", "since", "counts"),
    [
        ("data-write", "001_a.sql", None, True),
        ("data-write", "001_a.sql", "014", False),
        ("data-write", "001_a.sql", "2", False),
        ("data-write", "014_b.sql", "014", True),
        ("data-write", "014_b.sql", "14", True),
        ("file-name", "014_b.sql", "20240105120000", False),
        ("duplicate-version", "014_b.sql", "15", False),
        ("squawk/ban-drop-column", "001_a.sql", "014", False),
        ("useless-allow", "001_a.sql", "014", False),
        ("missing-up", "001_a.sql", "014", True),
        ("not-utf8", "001_a.sql", "014", True),
        ("edited", "001_a.sql", "014", True),
        ("unsealed", "001_a.sql", "014", True),
        # No migration of the folder: a link, or what dbmate skips.
        ("file-name", "002_link.sql", "014", True),
        ("ignored-file", "002_x.SQL", "014", True),
    ],
)
def test_rules_hold_from_a_version_on(rule: str, name: str, since: str | None, counts: bool) -> None:
    found = finding(rule, name)
    assert Policy({}, since).without_spared([found], FOLDER, FILES) == ((found,) if counts else ())


def test_findings_about_no_file_count() -> None:
    found = Finding("sql", "notice", None, None, None, "the parser cannot be loaded")
    assert Policy({}, "014").without_spared([found], FOLDER, FILES) == (found,)
