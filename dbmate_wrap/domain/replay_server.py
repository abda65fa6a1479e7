"""The facts about the server of a replay that decide which statements its superuser runs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReplayServer:
    """The server of a replay: `untrusted` are the extensions there that only a superuser may create.

    `event_triggers`: they can be kept from firing (17 and newer). `own_roles`: who may make roles may change
    only those (16 and newer). `has_network`: it can reach other servers.
    """

    untrusted: frozenset[str]
    event_triggers: bool
    own_roles: bool
    has_network: bool
