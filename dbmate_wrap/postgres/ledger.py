"""Reads and writes the ledger in the schema `dbmate_wrap`; an unusable ledger is a value, not an error."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from dbmate_wrap.domain.ledger import AppliedVersion, Ledger, LedgerEntry, Record, Run, UnfinishedRun
from dbmate_wrap.domain.ledger_access import LedgerAccess, LedgerUnavailable
from dbmate_wrap.domain.missing_rows import Evidence
from dbmate_wrap.domain.stamp import Identity, Stamp
from dbmate_wrap.errors import FailedError
from dbmate_wrap.postgres import catalog, queries
from dbmate_wrap.postgres.catalog import Server
from dbmate_wrap.postgres.session import Cell, Session
from dbmate_wrap.postgres.stamp import rows_with_identifier

FORMAT = 2

# The errors of CREATE ... IF NOT EXISTS for the slower of two sessions that create at once: unique violation,
# duplicate schema, table or object, "tuple concurrently updated", deadlock.
_RACED = frozenset({"23505", "42P06", "42P07", "42710", "XX000", "40P01"})
_TRIES = 5
_PAUSE_SECONDS = 0.05


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
        return _failed("read", error)


def ensure(session: Session, ledger: Ledger) -> LedgerUnavailable | None:
    """Create what is missing of the ledger; no round trip where nothing is missing.

    Safe when several runs do it at once. None when the ledger can be written.
    """
    access = ledger.access
    if access.obstacle is not None or (access.complete and ledger.format is not None):
        return access.obstacle
    # Without parameters it is a simple query: several statements, one transaction, one round trip.
    schema = "" if access.has_schema else queries.load_query("ledger_schema")
    create = schema + queries.load_query("ledger_tables")
    for attempt in range(1, _TRIES + 1):
        try:
            session.rows(create)
            return None
        except FailedError as error:
            if error.sqlstate not in _RACED or attempt == _TRIES:
                return _failed("created", error)
        time.sleep(_PAUSE_SECONDS * attempt)
    return None


def upgrade(session: Session, access: LedgerAccess) -> LedgerAccess | LedgerUnavailable:
    """Bring a ledger of format 1 to the present one; no round trip where it is that.

    Only the owner of its tables may. Where that is another role, all goes on as with format 1.
    """
    if access.names_history:
        return access
    statements = queries.load_query("ledger_upgrade")
    try:
        session.rows(statements)
    except FailedError as error:
        code = " ".join(line for line in statements.splitlines() if not line.startswith("--"))
        hint = f"let its owner run: {code}"
        return LedgerUnavailable(f"the ledger stays in format 1: {error.message} ({error.sqlstate})", hint)
    return replace(access, names_history=True)


def begin_run(session: Session, run: Run, access: LedgerAccess) -> LedgerUnavailable | None:
    """Record that a run begins, before anything else that names its run_id. None when it was written."""
    cells: dict[str, Cell] = {
        "run_id": run.run_id,
        "command": run.command,
        "environment": run.environment,
        "tool_version": run.tool_version,
        "dbmate_version": run.dbmate_version,
        "os_user": run.provenance.os_user,
        "host": run.provenance.host,
        "git_commit": run.provenance.git_commit,
        "git_dirty": run.provenance.git_dirty,
    }
    column, value = (", history", ", %(history)s") if access.names_history else ("", "")
    if access.names_history:
        cells["history"] = run.history
    query = queries.load_query("ledger_begin").replace(":history_column", column)
    return _write(session, query.replace(":history_value", value), cells)


def record(session: Session, run_id: str, records: Sequence[Record]) -> LedgerUnavailable | None:
    """Append lines, all in one statement; repeating it is harmless. None when they were written."""
    if not records:
        return None
    lines = json.dumps([asdict(line) for line in records])
    return _write(session, queries.load_query("ledger_record"), {"run_id": run_id, "records": lines})


def end_run(session: Session, run_id: str, exit_code: int) -> LedgerUnavailable | None:
    """Record how a run ended. None when it was written."""
    return _write(session, queries.load_query("ledger_end"), {"run_id": run_id, "exit_code": exit_code})


def mark(session: Session, run_id: str, version: str | None) -> LedgerUnavailable | None:
    """Mark `version` as running outside a transaction; None clears the mark."""
    return _write(session, queries.load_query("ledger_mark"), {"run_id": run_id, "version": version})


def read_unfinished_runs(
    session: Session, run: Run, access: LedgerAccess
) -> tuple[UnfinishedRun, ...] | LedgerUnavailable:
    """Return the other runs on its history table that never ended and have a migration marked as running."""
    try:
        words: dict[str, Cell] = {"run_id": run.run_id, "history": run.history}
        rows = session.rows(_query("ledger_cut_off", access), words)
    except FailedError as error:
        return _failed("read", error)
    return tuple(UnfinishedRun(str(name), str(version), str(since)) for name, version, since in rows)


def entries(session: Session) -> tuple[LedgerEntry, ...] | LedgerUnavailable:
    """Return the whole ledger, oldest line first; empty where there is none yet. Two round trips."""
    try:
        access = _look(session)
        if access.unreadable is not None:
            return access.unreadable
        rows = session.rows(_query("ledger_entries", access)) if access.complete else []
    except FailedError as error:
        return _failed("read", error)
    return tuple(_entry(row) for row in rows)


def missing_evidence(session: Session, server: Server, access: LedgerAccess) -> Evidence:
    """What may explain that the ledger has a version and the history table has not. Needs a ledger."""
    table = server.history
    [(met, unfinished)] = session.rows(_query("ledger_evidence", access), {"history": table.name})
    others = catalog.tables_like_history(session, server)
    return Evidence(table.name, table.exists, others, met is True, unfinished is True)


def _query(name: str, access: LedgerAccess) -> str:
    column = "r.history" if access.names_history else "null::pg_catalog.text"
    return queries.load_query(name).replace(":history", column)


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
    database_user, os_user, host, git_commit, git_dirty, tool_version, dbmate_version, history = row[10:]
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
    )


def _write(session: Session, query: str, parameters: Mapping[str, Cell]) -> LedgerUnavailable | None:
    try:
        session.rows(query, parameters)
    except FailedError as error:
        return _failed("written", error)
    return None


def _failed(what: str, error: FailedError) -> LedgerUnavailable:
    # A privilege, a read-only server, a full disk, a table dropped by hand: the migrations ran all the same.
    return LedgerUnavailable(f"the ledger could not be {what}: {error.message} ({error.sqlstate})")


def _text(cell: Cell) -> str | None:
    return None if cell is None else str(cell)


def _number(cell: Cell) -> int | None:
    return None if cell is None else int(str(cell))
