"""Checks that a live server can take a migration now; one that breaks hides no other."""

from dbmate_wrap.preflight.check_input import PreflightContext
from dbmate_wrap.preflight.engine import INVALID_INDEXES, failure, run, run_invalid_indexes

__all__ = ["INVALID_INDEXES", "PreflightContext", "failure", "run", "run_invalid_indexes"]
