"""The facts about the server of a replay that decide which statements its superuser runs."""

from dataclasses import dataclass

# The major since which who may make roles may change only those.
OWN_ROLES_SINCE = 16


@dataclass(frozen=True)
class ReplayServer:
    """The server of a replay: `untrusted` are the extensions there that only a superuser may create.

    `event_triggers`: they can be kept from firing (17 and newer). `own_roles`: its major is
    OWN_ROLES_SINCE or newer. `has_network`: it can reach other servers.
    """

    untrusted: frozenset[str]
    event_triggers: bool
    own_roles: bool
    has_network: bool
