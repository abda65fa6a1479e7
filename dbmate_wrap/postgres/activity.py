"""Reads, in a session of its own, what dbmate's server process does and which sessions block it."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal

from dbmate_wrap.domain.activity import Activity, Blocker, Progress
from dbmate_wrap.domain.masking import masked_query
from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.session import Cell, Session

# https://www.postgresql.org/docs/18/explicit-locking.html#TABLE-LOCK-COMPATIBILITY, weakest first.
_MODES = (
    *("AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock"),
    *("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"),
)
_CONFLICTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "AccessShareLock": frozenset(_MODES[7:]),
        "RowShareLock": frozenset(_MODES[6:]),
        "RowExclusiveLock": frozenset(_MODES[4:]),
        "ShareUpdateExclusiveLock": frozenset(_MODES[3:]),
        "ShareLock": frozenset((*_MODES[2:4], *_MODES[5:])),
        "ShareRowExclusiveLock": frozenset(_MODES[2:]),
        "ExclusiveLock": frozenset(_MODES[1:]),
        "AccessExclusiveLock": frozenset(_MODES),
    }
)
_Unit = Literal["blocks", "tuples", "sessions"]


def prepare(session: Session) -> None:
    """Limit the time of the queries of this session; once, before the first."""
    session.rows(queries.load_query("watch_settings"))


def read_activity(session: Session, application_name: str) -> Activity:
    """Read the activity of the session with this name, in one query, or two while it is blocked.

    Raises FailedError or UnreachableError.
    """
    found = session.rows(queries.load_query("watch_backend"), {"application_name": application_name})
    if not found:
        return Activity()
    pid, running_for, blocked, command, phase, *counts, relation = found[0]
    progress = _progress(str(command), str(phase), counts, _text(relation)) if phase is not None else None
    rows = session.rows(queries.load_query("watch_blockers"), {"pid": pid}) if blocked is True else []
    blocked_for = _number(rows[0][-1]) if rows else None
    blockers = tuple(_blocker(row) for row in rows)
    return Activity(int(str(pid)), _number(running_for), blocked_for, blockers, progress)


def _blocker(row: tuple[Cell, ...]) -> Blocker:
    pid, application, user, state, age, relation, lock, held, awaited, wanted, query, direct, behind, _ = row
    mode, holds = _mode(_words(held), _text(awaited), _text(wanted))
    return Blocker(
        pid=int(str(pid)),
        application=_text(application),
        user=_text(user),
        state=_text(state),
        transaction_age=_number(age),
        relation=_text(relation),
        lock=_text(lock),
        mode=mode,
        holds=holds,
        wanted_mode=_text(wanted),
        query=masked_query(str(query)) or None if query is not None else None,
        direct=direct is True,
        waits_for=tuple(dict.fromkeys(int(word) for word in _words(behind))),
    )


def _mode(held: Iterable[str], awaited: str | None, wanted: str | None) -> tuple[str | None, bool]:
    """Return the mode that blocks, and True where it is held: of several, the strongest that conflicts.

    A session that only waits for a lock blocks those behind it in the queue.
    """
    strongest = sorted(held, key=lambda mode: _MODES.index(mode) if mode in _MODES else -1, reverse=True)
    against = [mode for mode in strongest if wanted is None or mode in _CONFLICTS.get(wanted, _MODES)]
    for mode, holds in ((against[:1], True), ([awaited] if awaited else [], False), (strongest[:1], True)):
        if mode:
            return mode[0], holds
    return None, False


def _progress(command: str, phase: str, counts: list[Cell], relation: str | None) -> Progress:
    """Choose, of three pairs of counters, the one that this phase updates; the others hold old values."""
    unit: _Unit | None = "blocks"
    if phase.startswith("waiting"):
        unit = "sessions"
    elif "loading tuples" in phase:
        unit = "tuples"
    elif "sorting" in phase or phase == "initializing":
        unit = None
    places: dict[_Unit | None, int] = {"sessions": 0, "blocks": 2, "tuples": 4}
    done, total = (counts[places[unit]], counts[places[unit] + 1]) if unit is not None else (None, None)
    return Progress(command, phase, _count(done), _count(total), unit or "blocks", relation)


def _count(cell: Cell) -> int | None:
    return int(cell) if isinstance(cell, int) else None


def _number(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None


def _text(cell: Cell) -> str | None:
    return str(cell) if cell is not None and cell != "" else None


def _words(cell: Cell) -> list[str]:
    return str(cell).split(",") if cell else []
