"""Writes the ledger in the schema `dbmate_wrap`; where that fails it is a value, not an error."""

import base64
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace

from dbmate_wrap.domain.ledger import LARGEST_TEXT, Ledger, Record, Run
from dbmate_wrap.domain.ledger_access import LedgerAccess, LedgerUnavailable
from dbmate_wrap.errors import FailedError
from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.ledger import unavailable
from dbmate_wrap.postgres.session import Cell, Session

# The errors of CREATE ... IF NOT EXISTS for the slower of two sessions that create at once: unique violation,
# duplicate schema, table or object, "tuple concurrently updated", deadlock.
_RACED = frozenset({"23505", "42P06", "42P07", "42710", "XX000", "40P01"})
_TRIES = 5
_PAUSE_SECONDS = 0.05
# Characters; a server takes 1 GB at most.
_LONGEST_STATEMENT = 8 << 20


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
                return unavailable("created", error)
        time.sleep(_PAUSE_SECONDS * attempt)
    return None


def upgrade(session: Session, access: LedgerAccess) -> LedgerAccess | LedgerUnavailable:
    """Bring a ledger of an older format to the present one; no round trip where it is that.

    Only the owner of its tables may. Where that is another role, all goes on with the older format.
    """
    if access.names_history and access.keeps_text:
        return access
    statements = queries.load_query("ledger_upgrade")
    try:
        session.rows(statements)
    except FailedError as error:
        code = " ".join(line for line in statements.splitlines() if not line.startswith("--"))
        hint = f"let its owner run: {code}"
        return LedgerUnavailable(
            f"the ledger stays in an older format: {error.message} ({error.sqlstate})", hint
        )
    return replace(access, names_history=True, keeps_text=True)


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
    more: dict[str, Cell] = {"history": run.history} if access.names_history else {}
    more |= {"consent": run.consent} if access.keeps_text else {}
    query = queries.load_query("ledger_begin").replace(":more_columns", "".join(f", {name}" for name in more))
    query = query.replace(":more_values", "".join(f", %({name})s" for name in more))
    return _write(session, query, cells | more)


def record(
    session: Session, run_id: str, records: Sequence[Record], *, keeps_text: bool = True
) -> LedgerUnavailable | None:
    """Append lines, as many as fit in one statement; repeating it is harmless. None when they were written.

    `keeps_text` is False for a ledger of an older format.
    """
    column, value = (", content", ",\n    pg_catalog.decode(x.content, 'base64')") if keeps_text else ("", "")
    query = queries.load_query("ledger_record").replace(":text_column", column).replace(":text_value", value)
    lines = [_line(record, keeps_text=keeps_text) for record in records]
    for statement in _statements(lines):
        if problem := _write(session, query, {"run_id": run_id, "records": f"[{','.join(statement)}]"}):
            return problem
    return None


def end_run(session: Session, run_id: str, exit_code: int) -> LedgerUnavailable | None:
    """Record how a run ended. None when it was written."""
    return _write(session, queries.load_query("ledger_end"), {"run_id": run_id, "exit_code": exit_code})


def mark(session: Session, run_id: str, version: str | None) -> LedgerUnavailable | None:
    """Mark `version` as running outside a transaction; None clears the mark."""
    return _write(session, queries.load_query("ledger_mark"), {"run_id": run_id, "version": version})


def _line(record: Record, *, keeps_text: bool) -> str:
    content = record.content if keeps_text and len(record.content or b"") <= LARGEST_TEXT else None
    # JSON has no bytes, and PostgreSQL's none of the character NUL.
    text = base64.b64encode(content).decode() if content is not None else None
    return json.dumps(asdict(replace(record, content=None)) | {"content": text})


def _statements(lines: Sequence[str]) -> Iterator[list[str]]:
    statement: list[str] = []
    size = 0
    for line in lines:
        if statement and size + len(line) > _LONGEST_STATEMENT:
            yield statement
            statement, size = [], 0
        statement.append(line)
        size += len(line)
    if statement:
        yield statement


def _write(session: Session, query: str, parameters: Mapping[str, Cell]) -> LedgerUnavailable | None:
    try:
        session.rows(query, parameters)
    except FailedError as error:
        return unavailable("written", error)
    return None
