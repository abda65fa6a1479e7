"""What the databases of a shadow server share: its programs, its roles, and all else that lies in none."""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.session import Session


@dataclass(frozen=True)
class Cluster:
    """The roles that migrations may have made, and facts of what belongs to no database, by their roles."""

    roles: frozenset[str]
    facts: tuple[tuple[frozenset[str], str], ...]

    def state(self, roles: Collection[str]) -> str:
        """A digest of everything that is not about other roles than these and the server's own."""
        others = self.roles.difference(roles)
        seen = repr([(sorted(about), fact) for about, fact in self.facts if not about & others])
        return sha256(seen.encode()).hexdigest()[:24]


def release(session: Session) -> str:
    """A digest of what the server is: its exact version, and those of the extensions that it offers."""
    [(told,)] = session.rows(queries.query("shadow_release"))
    return sha256(str(told).encode()).hexdigest()[:24]


def roles(session: Session) -> frozenset[str]:
    """All roles but PostgreSQL's own and the one that we are."""
    query = "select rolname from pg_catalog.pg_roles where rolname !~ '^pg_' and rolname <> current_user"
    return frozenset(str(name) for (name,) in session.rows(query))


def cluster(session: Session, ours: str) -> Cluster:
    """What belongs to no database, and the databases that are not called `ours` (a pattern).

    Needs a superuser.
    """
    facts = tuple(
        (frozenset(str(role) for role in (name, other) if role is not None), str(fact))
        for name, other, fact in session.rows(queries.query("shadow_cluster"), {"ours": ours})
    )
    return Cluster(roles(session), (*facts, (frozenset(), release(session))))


def drop_roles(session: Session, names: Collection[str]) -> None:
    """Drop roles, and what they have on this database and the server. Raises FailedError."""
    if names:
        listed = ", ".join(quoted(name) for name in sorted(names))
        session.rows(f"drop owned by {listed} cascade")
        session.rows(f"drop role {listed}")
