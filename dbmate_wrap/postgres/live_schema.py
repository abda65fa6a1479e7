"""Queries about a live schema beside its dump: what it needs, what a dump leaves out, whose it is."""

import json
from collections.abc import Sequence

from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.catalog import Server
from dbmate_wrap.postgres.session import Session


def invalid_indexes(session: Session) -> tuple[str, ...]:
    """Return the names, quoted for SQL, of the indexes that a failed concurrent build has left.

    That of a partitioned table is none: it is invalid until each partition has its part; pg_dump writes it.
    """
    query = (
        "select i.indexrelid::regclass::text from pg_catalog.pg_index as i"
        " join pg_catalog.pg_class as c on c.oid = i.indexrelid"
        " where not i.indisvalid and c.relkind = 'i' order by 1"
    )
    return tuple(str(name) for (name,) in session.rows(query))


def tables_named(session: Session, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return schema and name of the tables that are called so, whatever the case of the letters."""
    query = (
        "select n.nspname::text, c.relname::text from pg_catalog.pg_class as c"
        " join pg_catalog.pg_namespace as n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'p') and %(names)s::jsonb ? pg_catalog.lower(c.relname) order by 1, 2"
    )
    rows = session.rows(query, {"names": json.dumps(names)})
    return tuple((str(schema), str(name)) for schema, name in rows)


def has_relation(session: Session, name: str) -> bool:
    """Return True where there is a relation of this name, with or without its schema, as messages have it."""
    query = (
        "select 1 from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace"
        " where c.relname::text = %(name)s or n.nspname::text || '.' || c.relname::text = %(name)s limit 1"
    )
    return bool(session.rows(query, {"name": name}))


def read_needs(session: Session) -> tuple[frozenset[str], bool]:
    """Return the extensions of the database, and whether one of its objects has a collation of ICU."""
    [(extensions, icu)] = session.rows(queries.load_query("schema_needs"))
    return frozenset(json.loads(str(extensions))), icu is True


def left_out_of_dumps(session: Session) -> tuple[str, ...]:
    """Return in words what a database has and a schema file does not: one row a thing."""
    return tuple(str(text) for (text,) in session.rows(queries.load_query("left_out_of_dumps")))


def history_owner(session: Session, server: Server) -> str | None:
    """Return the role to which the history table belongs; None where there is no such table."""
    query = (
        "select pg_catalog.pg_get_userbyid(relowner) from pg_catalog.pg_class"
        " where oid = pg_catalog.to_regclass(%(table)s)"
    )
    rows = session.rows(query, {"table": server.history.name})
    return str(rows[0][0]) if rows else None


def exclusive_locks(session: Session) -> tuple[str, ...]:
    """Return up to five sentences: which session of this database keeps every reader from which table."""
    query = (
        "select distinct"
        " pg_catalog.format('session %s of %s holds %s', a.pid, a.usename, l.relation::regclass)"
        " from pg_catalog.pg_locks as l join pg_catalog.pg_stat_activity as a on a.pid = l.pid"
        " where l.granted and l.mode = 'AccessExclusiveLock' and l.relation >= 16384"
        " and a.datname = pg_catalog.current_database() order by 1 limit 5"
    )
    return tuple(str(text) for (text,) in session.rows(query))
