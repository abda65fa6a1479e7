"""Writes the ledger and the stamp of one run; where the database refuses, warns once."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType

from dbmate_wrap.domain import stamp as stamps
from dbmate_wrap.domain.ledger import Ledger, Record, Run, UnfinishedRun, lines_to_adopt
from dbmate_wrap.domain.ledger_access import LedgerAccess, LedgerUnavailable
from dbmate_wrap.errors import ExitCode, PreflightError, WrapError
from dbmate_wrap.postgres import ledger, ledger_write, stamp
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.workspace.history import History
from dbmate_wrap.workspace.project_files import ProjectFiles

_NAMED_AT_MOST = 5


class LedgerWriter:
    """The ledger of one run that writes, from `open` to the end of the `with` block."""

    def __init__(self, session: Session, run: Run, say: Callable[[str], None]) -> None:
        self._session = session
        self._run = run
        self._say = say
        # None while, and as soon as, nothing may be written.
        self._access: LedgerAccess | None = None

    @property
    def is_open(self) -> bool:
        """True while the database takes what is written."""
        return self._access is not None

    def open(self, found: History, files: ProjectFiles, *, protected: bool) -> None:
        """Begin the run, stamp the database where it has no stamp, adopt what plain dbmate has applied."""
        match found.ledger:
            case None:
                return
            case LedgerUnavailable():
                self._disable_for(found.ledger)
            case Ledger():
                self._begin(found.ledger, protected=protected)
                self._adopt(found.ledger, found, files)

    def _begin(self, present: Ledger, *, protected: bool) -> None:
        self._access = access = present.access
        self._write(lambda: ledger_write.ensure(self._session, present))
        if self._access is not None:
            upgraded = ledger_write.upgrade(self._session, access)
            if isinstance(upgraded, LedgerUnavailable):
                self._warn_of(upgraded)
            else:
                self._access = access = upgraded
        self._write(lambda: ledger_write.begin_run(self._session, self._run, access))
        verdict = present.verdict(self._run.environment, protected=protected)
        if stamps.to_be_written(verdict):
            self.stamp()
        if notice := stamps.notice_after(verdict, self._run.environment):
            self._say(f"notice: {notice}")

    def _adopt(self, present: Ledger, found: History, files: ProjectFiles) -> None:
        adopted = lines_to_adopt(found.applied, present.current, files.migrations)
        if adopted:
            more = " ..." if len(adopted) > _NAMED_AT_MOST else ""
            names = ", ".join(line.version for line in adopted[:_NAMED_AT_MOST]) + more
            self._say(f"notice: adopted what another tool has applied: {names}")
        undone = found.missing.records if found.missing is not None else ()
        self.record((*adopted, *undone))

    def stamp(self) -> bool:
        """Stamp the database as this run's environment, over any older stamp; False where that is refused."""
        if (access := self._access) is not None:
            name, run_id = self._run.environment, self._run.run_id
            self._write(lambda: stamp.write(self._session, access, environment=name, run_id=run_id))
        return self._access is not None

    def record(self, records: Sequence[Record]) -> None:
        """Append lines; where that fails, warn once and go on."""
        if (access := self._access) is not None:
            run_id, keeps = self._run.run_id, access.keeps_text
            self._write(lambda: ledger_write.record(self._session, run_id, records, keeps_text=keeps))

    def record_together(self, write: Callable[[], None], records: Sequence[Record]) -> None:
        """Run `write` and append lines in one transaction; where either fails, nothing of both stays.

        Raises what `write` raises, and PreflightError where the lines are refused.
        """
        access, run_id = self._access, self._run.run_id
        self._session.rows("begin")
        try:
            write()
            if access is not None:
                keeps = access.keeps_text
                refused = ledger_write.record(self._session, run_id, records, keeps_text=keeps)
                if refused is not None:
                    raise PreflightError(refused.reason, hint=refused.hint)
            self._session.rows("commit")
        except BaseException:
            with suppress(WrapError):
                self._session.rows("rollback")
            raise

    def mark_in_progress(self, version: str | None) -> None:
        """Mark `version` as running outside a transaction; None clears the mark."""
        self._write(lambda: ledger_write.mark(self._session, self._run.run_id, version))

    def unfinished_runs(self) -> tuple[UnfinishedRun, ...]:
        """The runs that were killed while such a version ran."""
        if self._access is None:
            return ()
        found = ledger.read_unfinished_runs(self._session, self._run, self._access)
        if isinstance(found, LedgerUnavailable):
            self._disable_for(found)
            return ()
        return found

    def disable(self) -> None:
        """Write nothing any more: another run may be writing, or nobody answers."""
        self._access = None

    def __enter__(self) -> "LedgerWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        code = error.code if isinstance(error, WrapError) else ExitCode.INTERNAL if error else ExitCode.OK
        # Where the connection is gone, the run stays open in the ledger, which is true.
        with suppress(WrapError):
            self._write(lambda: ledger_write.end_run(self._session, self._run.run_id, int(code)))

    def _write(self, write: Callable[[], LedgerUnavailable | None]) -> None:
        if self._access is not None and (problem := write()) is not None:
            self._disable_for(problem)

    def _disable_for(self, problem: LedgerUnavailable) -> None:
        self.disable()
        self._warn_of(problem)

    def _warn_of(self, problem: LedgerUnavailable) -> None:
        hint = f" ({problem.hint})" if problem.hint else ""
        self._say(f"warning: {problem.reason}{hint}")
