"""Records migrations as applied that were not run, because the database has all that they make."""

from dbmate_wrap.domain.ledger import Origin, Record
from dbmate_wrap.errors import PreflightError
from dbmate_wrap.execution.run import AttendedRun
from dbmate_wrap.postgres import catalog


def record_baseline(run: AttendedRun) -> None:
    """Record all files of the run in dbmate's table and in the ledger, in one transaction.

    Raises PreflightError (22) where the ledger refuses, FailedError where the database does; nothing is
    recorded then.
    """
    writer = run.open_ledger()
    if run.environment.values.ledger and not writer.is_open:
        raise PreflightError(
            "nothing was recorded: the ledger would not say that these were not run",
            hint="give this role the rights that the warning names, or set ledger = false",
        )
    run.lock.verify()
    files = run.files.migrations
    records = [Record(file.version, file.name, file.checksum, Origin.BASELINE) for file in files]
    versions = [file.version for file in files]
    session, server = run.db.session, run.db.server
    writer.record_together(lambda: catalog.record_versions(session, server, versions), records)
    run.read_history(run.db.look_again())
