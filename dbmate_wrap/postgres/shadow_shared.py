"""The state that all databases of a shadow server share: its programs, its roles, other global objects."""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.session import Session


@dataclass(frozen=True)
class Cluster:
    """The roles that migrations may have made, and facts about global objects with the roles they name."""

    roles: frozenset[str]
    facts: tuple[tuple[frozenset[str], str], ...]

    def state(self, roles: Collection[str]) -> str:
        """Return a digest of the facts that name no other roles than these and the server's own."""
        others = self.roles.difference(roles)
        seen = repr([(sorted(about), fact) for about, fact in self.facts if not about & others])
        return sha256(seen.encode()).hexdigest()[:24]


def release(session: Session) -> str:
    """Return a digest of the server's exact version and of the extensions that it offers."""
    [(versions,)] = session.rows(queries.load_query("shadow_release"))
    return sha256(str(versions).encode()).hexdigest()[:24]


def roles(session: Session) -> frozenset[str]:
    """Read all roles but PostgreSQL's own and ours."""
    query = "select rolname from pg_catalog.pg_roles where rolname !~ '^pg_' and rolname <> current_user"
    return frozenset(str(name) for (name,) in session.rows(query))


def cluster(session: Session, ours: str) -> Cluster:
    """Read the global objects, and the databases whose names do not match the pattern `ours`.

    Needs a superuser.
    """
    facts = tuple(
        (frozenset(str(role) for role in (name, other) if role is not None), str(fact))
        for name, other, fact in session.rows(queries.load_query("shadow_cluster"), {"ours": ours})
    )
    return Cluster(roles(session), (*facts, (frozenset(), release(session))))


def drop_roles(session: Session, names: Collection[str]) -> None:
    """Drop roles and everything they own in this database and on the server. Raises FailedError."""
    if names:
        listed = ", ".join(quoted(name) for name in sorted(names))
        session.rows(f"drop owned by {listed} cascade")
        session.rows(f"drop role {listed}")
