"""Reads the ledger in the schema `dbmate_wrap`; an unusable ledger is a value, not an error."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from dbmate_wrap.domain.ledger import (
    AppliedVersion,
    KeptText,
    Ledger,
    LedgerEntry,
    Run,
    UnfinishedRun,
)
from dbmate_wrap.domain.ledger_access import LedgerAccess, LedgerUnavailable
from dbmate_wrap.domain.stamp import Identity, Stamp
from dbmate_wrap.errors import FailedError
from dbmate_wrap.postgres import catalog, queries
from dbmate_wrap.postgres.catalog import Server
from dbmate_wrap.postgres.session import Cell, Session
from dbmate_wrap.postgres.stamp import rows_with_identifier

if TYPE_CHECKING:
    from dbmate_wrap.domain.missing_rows import Evidence

FORMAT = 3


def read(session: Session, history: str) -> Ledger | LedgerUnavailable:
    """Read what the ledger has about one history table, in two round trips; in one where there is no ledger.

    `history` is quoted for SQL. A line of format 1 names no history table, and counts for each.

    Raises UnreachableError when the connection died, like everything here.
    """
    try:
        access = _look(session)
        if access.unreadable is not None:
            return access.unreadable
        return _read(session, access, history) if access.complete else Ledger(None, None, None, {}, access)
    except FailedError as error:
        return unavailable("read", error)


def texts(
    session: Session, access: LedgerAccess, history: str, versions: Collection[str]
) -> tuple[KeptText, ...]:
    """Return what the ledger kept of these versions in one history table. Raises FailedError."""
    if not (versions and access.complete and access.keeps_text and access.unreadable is None):
        return ()
    words: dict[str, Cell] = {"versions": ",".join(versions), "history": history}
    rows = session.rows(_query("ledger_texts", access), words)
    return tuple(
        KeptText(str(version), _text(file), _text(checksum), content if isinstance(content, bytes) else None)
        for version, file, checksum, content in rows
    )


def read_unfinished_runs(
    session: Session, run: Run, access: LedgerAccess
) -> tuple[UnfinishedRun, ...] | LedgerUnavailable:
    """Return the other runs on its history table that never ended and have a migration marked as running."""
    try:
        words: dict[str, Cell] = {"run_id": run.run_id, "history": run.history}
        rows = session.rows(_query("ledger_cut_off", access), words)
    except FailedError as error:
        return unavailable("read", error)
    return tuple(UnfinishedRun(str(name), str(version), str(since)) for name, version, since in rows)


def entries(session: Session) -> tuple[LedgerEntry, ...] | LedgerUnavailable:
    """Return the whole ledger, oldest line first; empty where there is none yet. Two round trips."""
    try:
        access = _look(session)
        if access.unreadable is not None:
            return access.unreadable
        rows = session.rows(_query("ledger_entries", access)) if access.complete else []
    except FailedError as error:
        return unavailable("read", error)
    return tuple(_entry(row) for row in rows)


def durations(session: Session, environment: str, checksums: Collection[str]) -> dict[str, float]:
    """Return how long each of these files took when a run of the environment applied it here, in seconds.

    Empty where there is no ledger, or it cannot be read. Two round trips.
    """
    try:
        access = _look(session)
        if access.unreadable is not None or not access.complete:
            return {}
        words: dict[str, Cell] = {"checksums": ",".join(checksums), "environment": environment}
        rows = session.rows(queries.load_query("ledger_durations"), words)
    except FailedError:
        return {}
    return {str(checksum): int(str(milliseconds)) / 1000 for checksum, milliseconds in rows}


def missing_evidence(session: Session, server: Server, access: LedgerAccess) -> "Evidence":
    """What may explain that the ledger has a version and the history table has not. Needs a ledger."""
    table = server.history
    [(met, unfinished)] = session.rows(_query("ledger_evidence", access), {"history": table.name})
    others = catalog.tables_like_history(session, server)
    from dbmate_wrap.domain.missing_rows import Evidence  # Few histories lack rows.

    return Evidence(table.name, table.exists, others, met is True, unfinished is True)


def _query(name: str, access: LedgerAccess) -> str:
    column = "r.history" if access.names_history else "null::pg_catalog.text"
    consent = "r.consent" if access.keeps_text else "null::pg_catalog.text"
    return queries.load_query(name).replace(":history", column).replace(":consent", consent)


def _look(session: Session) -> LedgerAccess:
    [(role, publications, *flags)] = session.rows(queries.load_query("ledger_look"))
    return LedgerAccess(str(role), _text(publications), *(flag is True for flag in flags))


def _read(session: Session, access: LedgerAccess, history: str) -> Ledger:
    query = _query("ledger_read", access)
    rows = rows_with_identifier(session, query, {"history": history}, identifiable=access.identifiable)
    lines = [_current(row[8:]) for row in rows if row[8] is not None]
    version, identifier, oid = rows[0][:3]
    identity = Identity(_text(identifier), int(str(oid)))
    current = {line.version: line for line in lines}
    return Ledger(_number(version), identity, _stamp(rows[0][3:8]), current, access)


def _stamp(row: Sequence[Cell]) -> Stamp | None:
    environment, identifier, oid, at, by = row
    if environment is None:
        return None
    return Stamp(str(environment), Identity(_text(identifier), int(str(oid))), str(at), str(by))


def _current(row: Sequence[Cell]) -> AppliedVersion:
    version, file, checksum, applied_at, how = row
    return AppliedVersion(str(version), _text(file), _text(checksum), _text(applied_at), str(how))


def _entry(row: Sequence[Cell]) -> LedgerEntry:
    version, file, checksum, applied_at, recorded_at, duration, how, run_id, command, environment = row[:10]
    database_user, os_user, host, git_commit, git_dirty, tool_version, dbmate_version, history, consent = row[
        10:
    ]
    return LedgerEntry(
        str(version),
        _text(file),
        _text(checksum),
        _text(applied_at),
        str(recorded_at),
        _number(duration),
        str(how),
        str(run_id),
        str(command),
        str(environment),
        str(database_user),
        _text(os_user),
        _text(host),
        _text(git_commit),
        git_dirty if isinstance(git_dirty, bool) else None,
        str(tool_version),
        _text(dbmate_version),
        _text(history),
        _text(consent),
    )


def unavailable(what: str, error: FailedError) -> LedgerUnavailable:
    """Return the value for a ledger that could not be `what` (``read``)."""
    # A privilege, a read-only server, a full disk, a table dropped by hand: the migrations ran all the same.
    return LedgerUnavailable(f"the ledger could not be {what}: {error.message} ({error.sqlstate})")


def _text(cell: Cell) -> str | None:
    return None if cell is None else str(cell)


def _number(cell: Cell) -> int | None:
    return None if cell is None else int(str(cell))
