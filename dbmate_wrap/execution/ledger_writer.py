"""Keeps the ledger and the stamp through one run; where the database does not let us, says so once."""

from collections.abc import Sequence
from types import TracebackType

from dbmate_wrap import __version__
from dbmate_wrap.domain import stamp as stamps
from dbmate_wrap.domain.ledger import Record, Run, UnfinishedRun, lines_to_adopt
from dbmate_wrap.domain.ledger_access import LedgerAccess, LedgerUnavailable
from dbmate_wrap.errors import ExitCode, WrapError
from dbmate_wrap.execution.provenance import provenance
from dbmate_wrap.postgres import ledger, stamp
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history import History
from dbmate_wrap.workspace.project_files import ProjectFiles


class LedgerWriter:
    """The ledger of one run that writes, from `open` to the end of the `with` block."""

    def __init__(self, context: Context, session: Session, dbmate_version: str | None) -> None:
        self._call = context
        self._session = session
        self._dbmate_version = dbmate_version
        self._usable = False
        self._access: LedgerAccess | None = None

    def open(self, found: History, files: ProjectFiles) -> None:
        """Begin the run, stamp the database where it has no stamp, adopt what plain dbmate has applied."""
        match found.ledger:
            case None:
                return
            case LedgerUnavailable():
                self._warn(found.ledger)
                return
        book = found.ledger
        self._usable = True
        call = self._call
        self._keep(ledger.ensure(self._session, book))
        if self._usable:
            self._keep(ledger.begin_run(self._session, self._run()))
        self._access = book.access
        verdict = book.verdict(call.environment.name, protected=call.environment.values.protected)
        if stamps.to_be_written(verdict):
            self.stamp()
        if said := stamps.notice_after(verdict, call.environment.name):
            call.say(f"notice: {said}")
        found_here = lines_to_adopt(found.applied, book.current, files.migrations)
        if found_here:
            more = " ..." if len(found_here) > 5 else ""
            names = ", ".join(line.version for line in found_here[:5]) + more
            call.say(f"notice: adopted what another tool has applied: {names}")
        undone = found.missing.records if found.missing is not None else ()
        self.write((*found_here, *undone))

    def stamp(self) -> bool:
        """Stamp the database as this run's environment, over any older stamp; False where that is not let."""
        if self._usable and self._access is not None:
            name, run_id = self._call.environment.name, self._call.outcome.run_id
            self._keep(stamp.write(self._session, self._access, environment=name, run_id=run_id))
        return self._usable

    def write(self, records: Sequence[Record]) -> None:
        """Append lines; where that fails, it is said once, and the run goes on."""
        if self._usable:
            self._keep(ledger.record(self._session, self._call.outcome.run_id, records))

    def mark(self, version: str | None) -> None:
        """Note what is about to run outside a transaction: so it is known if this run is killed."""
        if self._usable:
            self._keep(ledger.mark(self._session, self._call.outcome.run_id, version))

    def cut_off(self) -> tuple[UnfinishedRun, ...]:
        """The runs that were killed amid such a version."""
        if not self._usable:
            return ()
        found = ledger.read_unfinished_runs(self._session, self._call.outcome.run_id)
        if isinstance(found, LedgerUnavailable):
            self._keep(found)
            return ()
        return found

    def abandon(self) -> None:
        """Write nothing any more: another run may be writing, or nobody answers."""
        self._usable = False

    def __enter__(self) -> "LedgerWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._usable:
            return
        code = error.code if isinstance(error, WrapError) else ExitCode.INTERNAL if error else ExitCode.OK
        try:
            self._keep(ledger.end_run(self._session, self._call.outcome.run_id, int(code)))
        except WrapError:
            # The connection is gone: the run stays open in the ledger, which is what it was.
            self._usable = False

    def _run(self) -> Run:
        call = self._call
        where = provenance(call.project.root, [call.environment.values.migrations_dir])
        name = call.environment.name
        return Run(call.outcome.run_id, call.outcome.command, name, __version__, self._dbmate_version, where)

    def _keep(self, problem: LedgerUnavailable | None) -> None:
        if problem is not None:
            self._usable = False
            self._warn(problem)

    def _warn(self, problem: LedgerUnavailable) -> None:
        hint = f" ({problem.hint})" if problem.hint else ""
        self._call.say(f"warning: {problem.reason}{hint}")
