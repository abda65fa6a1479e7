"""The rules, one file each, named by its id; a rule that another package finds is listed here."""

from collections.abc import Mapping
from types import MappingProxyType

# These are found where a file is listed, read or replayed, or where suppressions are applied.
FOUND_ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "ignored-file": "dbmate_wrap.migrations.directory",
        "missing-up": "dbmate_wrap.migrations.parse",
        "missing-down": "dbmate_wrap.migrations.parse",
        "statement-before-up": "dbmate_wrap.migrations.parse",
        "useless-allow": "dbmate_wrap.policy.suppressions",
        "down-incomplete": "dbmate_wrap.review.replay_findings",
        "stale-schema-file": "dbmate_wrap.review.replay_findings",
    }
)
