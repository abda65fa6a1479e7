"""State of a shadow server that no dump has: roles and other global objects, privileges, subscriptions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256

from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.domain.shared_state import SharedFact, SharedState
from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.postgres.shadow import REPLAY_ROLE


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
    return frozenset(str(name) for (name,) in session.rows(query)) - {REPLAY_ROLE}


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


def create_placeholders(session: Session, names: Collection[str]) -> None:
    """Create roles that nobody can log in as and that may do nothing, which stand in for other ones.

    The replay's role is a member of them, as of the roles that it makes itself. Raises FailedError.
    """
    for name in sorted(names):
        session.rows(f"create role {quoted(name)} nologin")
        session.rows(f"grant {quoted(name)} to {REPLAY_ROLE} with admin option")


def rights(session: Session, history: tuple[str, str]) -> Mapping[str, str]:
    """Read owners, privileges and settings of the session's database, by the name of their object.

    `history` is the schema and name of dbmate's own table, which is left out.
    """
    where = dict(zip(("schema", "table"), history, strict=True))
    rows = session.rows(queries.load_query("shadow_rights"), where)
    return {str(name): str(facts) for name, facts in rows}


def shared(session: Session) -> SharedState:
    """Read roles, their memberships and settings, and the versions of the extensions of this database."""
    rows = session.rows(queries.load_query("shadow_shared"), {})
    return SharedState(
        {
            str(name): SharedFact(frozenset(str(role) for role in about if role is not None), str(fact))
            for name, *about, fact in rows
        }
    )


def has_subscriptions(maintenance: Session, database: str) -> bool:
    """Return True where it has subscriptions: a copy has none, and the database cannot be dropped."""
    query = (
        "select 1 from pg_catalog.pg_subscription as s"
        " join pg_catalog.pg_database as d on d.oid = s.subdbid where d.datname = %(name)s limit 1"
    )
    return bool(maintenance.rows(query, {"name": database}))


def drop_subscriptions(session: Session) -> None:
    """Drop the subscriptions of the session's database without their publishers. Raises FailedError."""
    query = (
        "select subname from pg_catalog.pg_subscription where subdbid ="
        " (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())"
    )
    for (name,) in session.rows(query):
        named = quoted(str(name))
        session.rows(f"alter subscription {named} disable")
        session.rows(f"alter subscription {named} set (slot_name = none)")
        session.rows(f"drop subscription {named}")
