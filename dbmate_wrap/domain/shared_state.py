"""State that migrations change beside the schema: roles with memberships and settings, extension versions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from dbmate_wrap.domain.schema_diff import Difference


@dataclass(frozen=True)
class SharedFact:
    """One fact, and the roles that it is about."""

    roles: frozenset[str]
    value: str


@dataclass(frozen=True)
class SharedState:
    """The facts by what they are, in words; a role itself is one, about that role."""

    facts: Mapping[str, SharedFact] = field(default_factory=dict)

    @property
    def roles(self) -> frozenset[str]:
        """All roles."""
        return frozenset[str]().union(*(fact.roles for fact in self.facts.values()))

    def only_about(self, roles: Collection[str]) -> "SharedState":
        """Return the facts that are about one of these roles or about none."""
        return SharedState(
            {
                name: fact
                for name, fact in self.facts.items()
                if not fact.roles or not fact.roles.isdisjoint(roles)
            }
        )


def compare_shared(expected: SharedState, found: SharedState) -> Difference:
    """Return what `found` has in excess, lacks and has otherwise.

    A role that is new stays out, with all about it: roles belong to every database of the server, and a
    migrate:down that keeps one for the others is right. One that is gone is named alone.
    """
    if expected == found:
        return Difference()
    new, gone = found.roles - expected.roles, expected.roles - found.roles
    before = {name: fact for name, fact in expected.facts.items() if _is_told(name, fact, gone)}
    after = {name: fact for name, fact in found.facts.items() if not fact.roles & new}
    return Difference(
        tuple(sorted(after.keys() - before.keys())),
        tuple(sorted(before.keys() - after.keys())),
        tuple(sorted(name for name in before.keys() & after.keys() if before[name] != after[name])),
    )


def _is_told(name: str, fact: SharedFact, gone: frozenset[str]) -> bool:
    return not fact.roles & gone or name.startswith("role ")
