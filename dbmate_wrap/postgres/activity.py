"""Reads, in a session of its own, what dbmate's server process does and which sessions block it."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from dbmate_wrap.domain.activity import Activity, Blocker, Progress
from dbmate_wrap.domain.lock_conflicts import conflicting_modes, strongest_first
from dbmate_wrap.domain.masking import masked_query
from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.session import Session


def prepare(session: Session) -> None:
    """Limit the time of the queries of this session; once, before the first."""
    session.rows(queries.load_query("watch_settings"))


def read_activity(session: Session, application_name: str) -> Activity:
    """Read the activity of the session with this name, in one query, or two while it is blocked.

    Raises FailedError or UnreachableError.
    """
    name = {"application_name": application_name}
    found = session.records(dict[str, Any], queries.load_query("watch_backend"), name)
    if not found:
        return Activity()
    [backend] = found
    is_blocked, progress = backend.pop("blocked"), backend.pop("progress")
    activity = Activity(**backend, progress=Progress(**progress) if progress else None)
    if not is_blocked:
        return activity
    rows = session.records(dict[str, Any], queries.load_query("watch_blockers"), {"pid": activity.pid})
    blocked_for = [row.pop("blocked_for") for row in rows]
    return replace(
        activity, blocked_for=blocked_for[0] if rows else None, blockers=tuple(map(_blocker, rows))
    )


def _blocker(row: dict[str, Any]) -> Blocker:
    mode, holds = _mode(row.pop("held"), row.pop("awaited"), row["wanted_mode"])
    row |= {"query": masked_query(row["query"] or "") or None, "waits_for": tuple(row["waits_for"])}
    return Blocker(mode=mode, holds=holds, **row)


def _mode(held: Collection[str], awaited: str | None, wanted: str | None) -> tuple[str | None, bool]:
    """Return the mode that blocks, and True where it is held: of several, the strongest that conflicts.

    A session that only waits for a lock blocks those behind it in the queue.
    """
    strongest = strongest_first(held)
    against = [mode for mode in strongest if wanted is None or mode in conflicting_modes(wanted)]
    for mode, holds in ((against[:1], True), ([awaited] if awaited else [], False), (strongest[:1], True)):
        if mode:
            return mode[0], holds
    return None, False
