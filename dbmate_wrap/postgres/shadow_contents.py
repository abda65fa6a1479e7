"""Contents of a scratch database that pg_dump omits here, or that a copy of it does not get."""

from collections.abc import Mapping

from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.session import Session


def rights(session: Session, history: tuple[str, str]) -> Mapping[str, str]:
    """Read owners, privileges and settings of the session's database, by the name of their object.

    `history` is the schema and name of dbmate's own table, which is left out.
    """
    schema, table = history
    found: dict[str, str] = {}
    for about, fact in session.rows(queries.load_query("shadow_rights"), {"schema": schema, "table": table}):
        name = str(about)
        found[name] = f"{found.get(name, '')}{fact!s}\n"
    return found


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
