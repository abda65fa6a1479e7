"""Reads from the process environment who types."""

import os

from dbmate_wrap.domain.agents import Typist, typist_of


def typist() -> Typist:
    """Return whether an agent types, and the words by which its person agreed: they go into the ledger."""
    return typist_of(os.environ)
