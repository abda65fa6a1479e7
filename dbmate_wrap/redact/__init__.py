"""Masks the secrets of this run in text."""

from dbmate_wrap.redact.capture import Capture
from dbmate_wrap.redact.redactor import MASK, NOTHING, MaskedStream, Redactor, Secrets

__all__ = ["MASK", "NOTHING", "Capture", "MaskedStream", "Redactor", "Secrets"]
