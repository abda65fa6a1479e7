"""Queries and commands for a shadow server: its databases, and the lock that runs take turns by."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.domain.replay_server import OWN_ROLES_SINCE, ReplayServer
from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.session import Session

# The first eight bytes of SHA-256("dbmate-wrap:shadow"), big-endian.
SHADOW_KEY = 0x286E07F8658862D7
# Replays migrations on our own server: no superuser, see sql/shadow_replay_role.sql.
REPLAY_ROLE = "dbmate_wrap_replay"
# Of every server of our own, which initdb made.
SUPERUSER = "postgres"
OWN_ROLES = frozenset({SUPERUSER, REPLAY_ROLE})
_POLL_SECONDS = 0.1
_QUIET_SECONDS, _QUIET_POLL = 0.2, 0.002
_STRATEGY = 150000
_PUBLIC_IS_THE_OWNERS = 150000
_EVENT_TRIGGERS = 17


@dataclass(frozen=True)
class ReplayAccount:
    """Our account on the server and its privileges; `unicode`: the server's template0 is UTF8."""

    name: str
    may_create: bool
    read_only: bool
    unicode: bool


@dataclass(frozen=True)
class ServerDatabase:
    """A database of the server; `busy`: a session is connected to it."""

    name: str
    ours: bool
    valid: bool
    busy: bool
    comment: str


def acquire(session: Session, wait: float, on_wait: Callable[[], None]) -> bool:
    """Take the advisory lock for as long as the session lasts; False when `wait` seconds were too short.

    Advisory locks count per database: a holder in another database of the server counts as well.
    """
    deadline = time.monotonic() + wait
    reported = False
    while not _taken(session):
        if time.monotonic() >= deadline:
            return False
        if not reported:
            on_wait()
            reported = True
        # Two sessions that try in two databases at once both step back: not for the same time.
        time.sleep(_POLL_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
    return True


def _taken(session: Session) -> bool:
    key = {"key": SHADOW_KEY}
    if session.rows("select pg_catalog.pg_try_advisory_lock(%(key)s::bigint)", key) != [(True,)]:
        return False
    if not session.rows(queries.load_query("shadow_holders"), key):
        return True
    session.rows("select pg_catalog.pg_advisory_unlock(%(key)s::bigint)", key)
    return False


def account(session: Session) -> ReplayAccount:
    """Read our account."""
    [(may_create, read_only, name, unicode)] = session.rows(queries.load_query("shadow_account"))
    return ReplayAccount(str(name), may_create is True, read_only is True, unicode is True)


def databases(session: Session) -> list[ServerDatabase]:
    """Read all databases of the server."""
    return [
        ServerDatabase(str(name), ours is True, valid is True, busy is True, str(comment or ""))
        for name, ours, valid, busy, comment in session.rows(queries.load_query("shadow_databases"))
    ]


def create(
    session: Session, name: str, template: str | None, *, unicode: bool, owner: str | None, is_own: bool
) -> None:
    """Create a database of `owner` (None: ours): a copy of `template`, or an empty one in UTF8.

    To copy the files takes two checkpoints: on a server of our own (`is_own`), which flushes nothing, it is
    always the faster way; on another for a template, which may be large. Raises FailedError.
    """
    owned = f" owner {quoted(owner)}" if owner is not None else ""
    copies = (is_own or template is not None) and session.server_version_num >= _STRATEGY
    copying = " strategy file_copy" if copies else ""
    if template is None:
        # Where the server's own locale has another encoding, only C allows UTF8.
        locale = "" if unicode else " lc_collate 'C' lc_ctype 'C'"
        session.rows(
            f"create database {quoted(name)} template template0 encoding 'UTF8'{locale}{copying}{owned}"
        )
        return
    session.rows(f"create database {quoted(name)} template {quoted(template)}{copying}{owned}")


def create_replay_role(session: Session) -> None:
    """Create the role that replays migrations, on a new server of our own."""
    session.rows(queries.load_query("shadow_replay_role"))


def read_replay_server(session: Session, *, has_network: bool) -> ReplayServer:
    """Read what decides which statements of a migration a superuser runs; `has_network` is passed on."""
    rows = session.rows(
        "select distinct name from pg_catalog.pg_available_extension_versions where superuser and not trusted"
    )
    untrusted = frozenset(str(name) for (name,) in rows)
    major = session.server_version_num // 10000
    return ReplayServer(untrusted, major >= _EVENT_TRIGGERS, major >= OWN_ROLES_SINCE, has_network)


def allow_statements(session: Session, statements: Mapping[str, str]) -> None:
    """Let the replay's role run `statements` (by their ids) as superuser, in the database of this session.

    They stand in the function itself: a role may have the right to write to every table. A migration may have
    left anything in this database, and this session is a superuser's: it looks nothing up in search_path, and
    its session_replication_role is replica.
    """
    if session.server_version_num < _PUBLIC_IS_THE_OWNERS:
        session.rows(f"alter schema public owner to {REPLAY_ROLE}")
    if not statements:
        return
    cases = "".join(
        f" when {_literal(name)} then execute {_literal(text)};" for name, text in statements.items()
    )
    session.rows("create schema if not exists dbmate_wrap")
    session.rows("grant usage on schema dbmate_wrap to public")
    session.rows(
        "create or replace function dbmate_wrap.run_replay_statement(wanted pg_catalog.text) returns void"
        " language plpgsql security definer set session_replication_role = replica"
        f" as {_literal(f'begin case wanted{cases} end case; end')}"
    )


def _literal(text: str) -> str:
    from psycopg.sql import Literal

    return Literal(text).as_string(None)


def carrying(session: Session, source: str, target: str) -> list[str]:
    """Return the commands that give `target` the settings and privileges of the database `source`."""
    rows = session.rows(queries.load_query("shadow_carry"), {"source": source, "target": target})
    return [str(command) for (command,) in rows]


def publish(session: Session, scratch: str, name: str, comment: str) -> None:
    """Turn a scratch database into the template `name`; no session may be connected to it."""
    await_quiet(session, scratch)
    describe(session, scratch, comment)
    session.rows(f"alter database {quoted(scratch)} allow_connections false")
    # The replay's role may change nothing of it any more. One that was given away is no template of ours.
    owns = (
        "select 1 from pg_catalog.pg_database"
        " where datname = %(name)s and pg_catalog.pg_get_userbyid(datdba) = %(role)s"
    )
    if session.rows(owns, {"name": scratch, "role": REPLAY_ROLE}):
        session.rows(f"alter database {quoted(scratch)} owner to current_user")
    session.rows(f"alter database {quoted(scratch)} rename to {quoted(name)}")


def describe(session: Session, name: str, comment: str) -> None:
    """Set a database's comment."""
    session.rows(f"comment on database {quoted(name)} is {_literal(comment)}")


def await_quiet(session: Session, name: str) -> None:
    """Wait until no session is connected to a database, at most a moment.

    A closed session lives on for some milliseconds, and a server that finds one in the way of a rename or a
    drop looks again only after 100.
    """
    query = "select 1 from pg_catalog.pg_stat_activity where datname = %(name)s limit 1"
    deadline = time.monotonic() + _QUIET_SECONDS
    while session.rows(query, {"name": name}) and time.monotonic() < deadline:
        time.sleep(_QUIET_POLL)


def size(session: Session, name: str) -> int:
    """Return the bytes of a database on the disk."""
    [(found,)] = session.rows("select pg_catalog.pg_database_size(%(name)s::name)", {"name": name})
    return int(str(found))
