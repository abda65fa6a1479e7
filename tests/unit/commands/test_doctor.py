"""The summary of doctor."""

import pytest

from dbmate_wrap.commands.doctor import summarize
from dbmate_wrap.domain.finding import Check


@pytest.mark.parametrize(
    ("checks", "summary"),
    [
        ([Check("dbmate", "pass", "")], "checked dbmate: nothing failed"),
        (
            [
                Check("configuration", "pass", ""),
                Check("configuration", "warn", ""),
                Check("dbmate", "pass", ""),
            ],
            "checked configuration, dbmate: nothing failed, 1 warning",
        ),
        (
            [Check("dbmate", "pass", ""), Check("squawk", "skip", ""), Check("database", "skip", "")],
            "checked dbmate: nothing failed; skipped squawk, database",
        ),
        ([Check("dbmate", "fail", ""), Check("squawk", "skip", "")], "1 of 2 checks failed"),
    ],
)
def test_the_summary_says_what_was_checked(checks: list[Check], summary: str) -> None:
    assert summarize(checks) == summary
