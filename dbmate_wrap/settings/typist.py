"""Reads from the process environment who types."""

import os

from dbmate_wrap.domain.agents import Typist, typist_of


def typist() -> Typist:
    """Return whether an agent types, and the words by which its person agreed.

    The words are for the ledger: whoever writes them there takes them from here.
    """
    return typist_of(os.environ)
