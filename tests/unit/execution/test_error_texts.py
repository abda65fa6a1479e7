"""Every word of the errors that end a run: message, hint, place and code, as they were found good."""

from collections.abc import Callable
from dataclasses import replace

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.activity import Blocker
from dbmate_wrap.domain.history_table import HistoryTable
from dbmate_wrap.domain.ledger import KeptText, UnfinishedRun
from dbmate_wrap.domain.leftovers import DatabaseObject, Leftovers
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.ownership import NotOwned
from dbmate_wrap.domain.project_names import ProjectNames
from dbmate_wrap.domain.session_limit import SessionLimit
from dbmate_wrap.errors import PreflightError, WrapError
from dbmate_wrap.execution.apply import applied_by_another, balance, error_despite_record, error_for
from dbmate_wrap.execution.diagnosis import blocked, diagnose, left_invalid, unfinished_run_error
from dbmate_wrap.execution.lost_history import history_gone, history_thinned, history_unreadable
from dbmate_wrap.execution.run import Attempt
from dbmate_wrap.execution.undo import still_applied
from dbmate_wrap.execution.what_ran import parse_kept, raise_without_way_back
from dbmate_wrap.workspace.history import History
from tests.support.cases import assert_as_written, listed
from tests.support.migrations import FOLDER, parsed_migration

NAMES = ProjectNames(FOLDER, 'ops."schema_migrations"', account="app")
SEALED = replace(NAMES, sealed=frozenset({"002_a.sql"}))
PLAIN = parsed_migration("002_a.sql", "create table public.a (id int);\nselect 'é';", "drop table public.a;")
OUTSIDE = parsed_migration(
    "003_b.sql", "create index concurrently i on public.a (id);", options="transaction:false"
)
INDEX = DatabaseObject("index public.i", "drop index concurrently public.i", frozenset(), 10, invalid=True)
LEFT = Leftovers((INDEX,), ("table public.a",))
TABLE = HistoryTable("ops", "schema_migrations", "ops.schema_migrations", exists=True)
ONE = Blocker(
    *(4711, "psql", "ann", "idle in transaction", 61.0, "public.a", None, "AccessShareLock", True, None),
    "select ?",
)
TWO = replace(ONE, pid=4712)
LIMIT = SessionLimit("statement_timeout", "2s", 2.0, 'database "crm"', 'role "app" in database "crm"')
OTHERS = (
    NotOwned("table app.t", "erp", by_superuser=False),
    NotOwned("type app.u", "erp", by_superuser=False),
)


def failed(
    sqlstate: str | None,
    message: str = "boo",
    file: str | None = "002_a.sql",
    place: tuple[int | None, int | None] = (None, None),
) -> DbmateError:
    return DbmateError(message, sqlstate, file, *place)


def of(
    failure: DbmateError,
    migration: ParsedMigration | None = PLAIN,
    *,
    names: ProjectNames = NAMES,
    left: Leftovers | None = None,
) -> WrapError:
    block = migration.sections[0].up if migration is not None else None
    return diagnose(names, failure, migration, block, left)


def raised(call: Callable[[], object]) -> WrapError:
    try:
        call()
    except WrapError as error:
        return error
    raise AssertionError("nothing was raised")


def kept(text: bytes | None, checksum: str = "0" * 64) -> KeptText:
    return KeptText("007", "007_x.sql", checksum, text)


def test_the_errors_of_a_migration_that_failed() -> None:
    details = replace(failed("23505", "duplicate key"), details="DETAIL: (1) is there")
    errors = {
        "with its place": of(failed("42601", place=(2, 3))),
        "with its line alone": of(failed("42601", place=(3, None))),
        "with more words": of(details),
        "sealed": of(failed("42601"), names=SEALED),
        "outside a transaction, not looked at": of(failed("42601"), OUTSIDE),
        "outside a transaction, with its place": of(failed("42601", place=(2, 1)), OUTSIDE, left=LEFT),
        "outside a transaction, made already": of(failed("42P07"), OUTSIDE, left=Leftovers(())),
        "outside a transaction, nothing left": of(failed("22012"), OUTSIDE, left=Leftovers(())),
        "the limit of statement_timeout": of(failed(None, "canceling statement due to statement timeout")),
        "a limit of the server's": of(replace(failed("57014"), limit=LIMIT)),
        "a limit without its words": of(
            replace(failed("57014", "due to statement timeout"), limit=LIMIT), names=SEALED
        ),
        "no privilege": of(failed("42501", "permission denied for table b")),
        "no privilege, sealed": of(failed("42501", "permission denied for table b"), names=SEALED),
        "not the owner": of(replace(failed("42501", "must be owner"), not_owned=OTHERS), names=SEALED),
        "an extension": of(failed("42501", 'permission denied to create extension "x"'), names=SEALED),
        "a role that stays set": of(failed("42501", "denied for table schema_migrations"), names=SEALED),
        "the history table is gone": of(failed("42P01", 'no "ops.schema_migrations"'), names=SEALED),
        "blocked by two": blocked(NAMES, failed("55P03", place=(2, 3)), PLAIN, (ONE, TWO)),
        "blocked by nobody who was seen": of(failed("55P03", place=(2, 3))),
        "not begun: made twice": of(failed("42P07", file=None), None),
        "not begun: cut off": of(failed("57P01", file=None), None),
        "not begun: no network": of(failed(None, "dial tcp 127.0.0.1: refused", file=None), None),
        "not begun: anything else": of(failed("42501", file=None), None),
    }
    assert_as_written("texts/failed.txt", listed(errors))


def test_the_errors_of_a_run_and_of_a_rollback() -> None:
    reconnected = Attempt(failed("42601"), History(("002",), ()), reconnected=True)
    done = {
        "another run was faster": applied_by_another(failed("42P07"), [PLAIN, OUTSIDE], [OUTSIDE]),
        "begun anew": error_despite_record(reconnected, PLAIN, None),
        "recorded and invalid": left_invalid(OUTSIDE, LEFT),
        "not recorded": error_for(NAMES, None, PLAIN, lambda: None),
        "another file": error_for(NAMES, failed(None, "boo", file=None), PLAIN, lambda: None),
        "killed outside a transaction": unfinished_run_error(
            NAMES, OUTSIDE, UnfinishedRun("abc", "003", "2026-01-01T00:00:00Z")
        ),
        "rolled back, and recorded": still_applied(NAMES, None, PLAIN, LEFT),
        "not rolled back": still_applied(NAMES, failed("42601", place=(1, 1)), PLAIN, LEFT),
        "not rolled back outside a transaction": still_applied(NAMES, failed("42601"), OUTSIDE, LEFT),
        "nothing to undo it with": raised(
            lambda: raise_without_way_back(parsed_migration("001_a.sql", "select 1;"))
        ),
        "no line": raised(lambda: parse_kept("007", None, "or start over")),
        "no text": raised(lambda: parse_kept("007", kept(None), "or start over")),
        "another text": raised(lambda: parse_kept("007", kept(b"x"), "or start over")),
        "unreadable": history_unreadable("002_a.sql", PreflightError("hidden", hint="show them")),
        "gone": history_gone("002_a.sql", TABLE, ("001", "002"), ("a.schema_migrations", "b.x")),
        "gone at once": history_gone("001_a.sql", TABLE, (), ()),
        "thinned": history_thinned("002_a.sql", TABLE, ["001", "002"]),
    }
    found = {name: error for name, error in done.items() if error is not None}
    assert found.keys() == done.keys()
    cut = [balance([PLAIN, OUTSIDE], each) for each in (None, History((), ()), History(("002",), ()))]
    cut.append(balance([PLAIN], History(("002",), ())))
    words = "\n".join(f"{message}\n  {hint}" for message, hint in cut)
    assert_as_written("texts/run.txt", f"{listed(found)}\n== cut off\n{words}\n")
