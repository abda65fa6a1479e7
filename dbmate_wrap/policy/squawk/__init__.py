"""Hazards of running systems, as squawk sees them: its findings at their places in our files."""

from dbmate_wrap.policy.squawk.hazards import NEVER, NOT_JUDGED, hazards
from dbmate_wrap.policy.squawk.program import find_squawk, version

__all__ = ["NEVER", "NOT_JUDGED", "find_squawk", "hazards", "version"]
