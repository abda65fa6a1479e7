"""This run's secrets become masked text."""

from dbmate_wrap.redact.kept import Kept
from dbmate_wrap.redact.redactor import MASK, NOTHING, MaskedStream, Redactor, Secrets

__all__ = ["MASK", "NOTHING", "Kept", "MaskedStream", "Redactor", "Secrets"]
