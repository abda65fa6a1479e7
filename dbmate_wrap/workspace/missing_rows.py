"""Asks a database why its history table lacks versions that the ledger has as applied."""

from collections.abc import Sequence

from dbmate_wrap.domain import missing_rows
from dbmate_wrap.domain.ledger import Ledger, LedgerEntry
from dbmate_wrap.domain.ledger_access import LedgerUnavailable
from dbmate_wrap.domain.missing_rows import MissingRows
from dbmate_wrap.errors import PreflightError
from dbmate_wrap.postgres import catalog, ledger
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.project_files import ProjectFiles


def find_missing_rows(
    db: Database,
    files: ProjectFiles,
    recorded: Ledger,
    lines: Sequence[LedgerEntry] | LedgerUnavailable,
) -> MissingRows:
    """Compare the ledger's `lines` with the history table. Raises PreflightError (22) where none is read."""
    if isinstance(lines, LedgerUnavailable):
        raise PreflightError(lines.reason, hint=lines.hint)
    applied = catalog.applied_versions(db.session, db.server)
    known = {(file.name, file.checksum) for file in files.migrations}
    known |= {(line.name, each) for line in files.sealed for each in (line.checksum, *line.former)}
    evidence = ledger.missing_evidence(db.session, db.server, recorded.access)
    return missing_rows.find_missing_rows(applied, lines, known, evidence)
