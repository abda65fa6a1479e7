"""Whether rows that a probe found make a migration fail."""

import pytest

from dbmate_wrap.domain.probe import Probe, ProbeResult, ProbeStatus


@pytest.mark.parametrize(
    ("status", "fails_now", "changed_first", "would_fail"),
    [
        (ProbeStatus.FOUND, True, None, True),
        (ProbeStatus.CLEAN, True, None, False),
        (ProbeStatus.TIMED_OUT, True, None, False),
        # NOT VALID looks at no row.
        (ProbeStatus.FOUND, False, None, False),
        # A migration that fills the column before it is NOT NULL.
        (ProbeStatus.FOUND, True, "UPDATE in 002_x.sql line 3", False),
    ],
)
def test_rows_count_where_nothing_changes_them_before(
    status: ProbeStatus, fails_now: bool, changed_first: str | None, would_fail: bool
) -> None:
    probe = Probe("002", "002_x.sql", 4, "NOT NULL of t.x", "select", None, "row", fails_now, changed_first)
    assert ProbeResult(probe, status, 1).would_fail is would_fail
