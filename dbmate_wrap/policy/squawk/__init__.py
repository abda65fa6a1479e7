"""Hazards for running systems that squawk finds: its violations as findings in our files."""

from dbmate_wrap.policy.squawk.hazards import IGNORED_RULES, NOT_JUDGED, hazards
from dbmate_wrap.policy.squawk.program import find_squawk, version

__all__ = ["IGNORED_RULES", "NOT_JUDGED", "find_squawk", "hazards", "version"]
