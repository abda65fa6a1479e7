"""Checks that a live server can take a migration now; a broken check hides no other."""

from dbmate_wrap.preflight.check_input import PreflightContext
from dbmate_wrap.preflight.engine import INVALID_INDEXES, check_invalid_indexes, check_server, error_of_failed

__all__ = [
    "INVALID_INDEXES",
    "PreflightContext",
    "check_invalid_indexes",
    "check_server",
    "error_of_failed",
]
