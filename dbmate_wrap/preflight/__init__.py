"""Checks that a live server can take a migration now; a broken check hides no other."""

from dbmate_wrap.preflight.check import PreflightContext
from dbmate_wrap.preflight.engine import check_server

__all__ = ["PreflightContext", "check_server"]
