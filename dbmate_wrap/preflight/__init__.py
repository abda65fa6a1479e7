"""Checks that a live server can take a migration now; one that breaks hides no other."""

from dbmate_wrap.preflight.context import Context
from dbmate_wrap.preflight.engine import failure, run

__all__ = ["Context", "failure", "run"]
