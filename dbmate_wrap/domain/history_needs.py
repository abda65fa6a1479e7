"""What a history needs of a server beside the history itself."""

from dataclasses import dataclass


@dataclass(frozen=True)
class HistoryNeeds:
    """The extensions that a history creates, the roles that it names and nothing in it makes, and ICU.

    `icu`: it names or makes collations of ICU.
    """

    extensions: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    icu: bool = False
