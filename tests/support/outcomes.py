"""One outcome of each kind that is rendered: the golden files in `render/` show them all."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dbmate_wrap.domain.drift import SchemaDifference
from dbmate_wrap.domain.entities import DiagramResult, Entity, EntityColumn, EntitySchema, ForeignKey
from dbmate_wrap.domain.finding import Check, Finding
from dbmate_wrap.domain.history import Phase
from dbmate_wrap.domain.ledger import LedgerEntry
from dbmate_wrap.domain.mermaid import write_diagram
from dbmate_wrap.domain.numbering import RenamedFile, RenumberResult
from dbmate_wrap.domain.outcome import MigrationRow, Outcome, ProjectLocation, Target
from dbmate_wrap.domain.plan_gate import Gate, findings_over
from dbmate_wrap.domain.plan_result import PlanResult, Step
from dbmate_wrap.domain.results import (
    DoctorResult,
    DriftResult,
    DumpResult,
    EnvironmentRow,
    EnvironmentsResult,
    ExecResult,
    ExplainedPage,
    ExplainResult,
    HistoryResult,
    InitResult,
    KeptTextResult,
    Matrix,
    MatrixError,
    MatrixResult,
    MatrixRow,
    NewResult,
    ScaffoldedFile,
    SchemaResult,
    SettingRow,
    UrlResult,
)
from dbmate_wrap.domain.verdict import Verdict
from dbmate_wrap.errors import ErrorReport, ExitCode, Fault
from tests.support.fleet_outcomes import FLEET_OUTCOMES
from tests.support.plans import GB, sample_plan

STARTED = datetime(2026, 1, 31, 12, 30, 5, 123456, tzinfo=UTC)
ENDED = STARTED + timedelta(seconds=1, milliseconds=500)
TARGET = Target("db.staging.example.com", 5432, "crm", "18.1")
UNSEALED = Finding(
    "unsealed",
    "warning",
    "db/migrations/003_c.sql",
    1,
    1,
    "003_c.sql is not in the lockfile",
    "review it, then run `dbmate-wrap seal` and commit the lockfile",
)


def row(number: int, name: str, state: str, phase: Phase | None = None) -> MigrationRow:
    """A row of the table of migrations."""
    version = f"{number:03}"
    return MigrationRow(version, f"{version}_{name}.sql", state, None, f"{number:064x}", phase)


def outcome(command: str, environment: str | None = "staging", target: Target | None = TARGET) -> Outcome:
    """A run that has nothing to report yet."""
    return Outcome(command, environment, "0123456789ab", STARTED, target)


def up() -> Outcome:
    """Two of three were pending, and one is not sealed."""
    run = outcome("up")
    run.migrations = [row(1, "init", "applied"), row(2, "add_orders", "applied"), row(3, "c", "applied")]
    run.applied = ["002", "003"]
    run.findings = [UNSEALED]
    run.summary = "2 migrations applied"
    return run


def up_nothing() -> Outcome:
    """All was applied before."""
    run = outcome("up")
    run.migrations = [row(1, "init", "applied"), row(2, "add_orders", "applied")]
    run.summary = "nothing is pending: 2 migrations applied before"
    return run


def up_before() -> Outcome:
    """One was applied before the rollout, and one is left for the time after it."""
    run = outcome("up")
    run.migrations = [row(1, "init", "applied"), row(2, "add", "applied")]
    run.migrations += [row(3, "drop", "pending", Phase.AFTER)]
    run.applied = ["002"]
    run.summary = (
        "1 migration applied\nstopped in front of 003_drop.sql, which waits for the rollout"
        "\nonce the new code is out everywhere: `dbmate-wrap up -e staging`"
    )
    return run


def up_failed() -> Outcome:
    """The second of three fails, with a message of two lines."""
    run = outcome("up")
    run.migrations = [row(1, "init", "applied"), row(2, "add_orders", "pending"), row(3, "c", "pending")]
    run.applied = ["001"]
    run.exit = ExitCode.FAILED
    run.error = ErrorReport(
        'db/migrations/002_add_orders.sql:7: relation "nosuch" does not exist\nsecond line',
        "its transaction was rolled back: fix 002_add_orders.sql and run again",
        "42P01",
        "002_add_orders.sql",
        7,
    )
    return run


def up_config() -> Outcome:
    """Several faults of the settings at once, before anything else is known."""
    run = outcome("up", None, None)
    run.exit = ExitCode.CONFIG
    run.error = ErrorReport(
        "the settings have 2 faults",
        faults=(
            Fault("unknown environment 'stagin'", "--env", "did you mean 'staging'?"),
            Fault("must be a duration", "dbmate-wrap.toml: lock_timeout"),
        ),
    )
    return run


def status() -> Outcome:
    """Every state there is; the histories disagree."""
    run = outcome("status")
    run.migrations = [
        row(1, "init", "applied"),
        row(2, "add_orders", "edited"),
        row(3, "late", "out-of-order"),
        MigrationRow("004", None, "unknown", None, None),
        row(5, "next", "pending", Phase.BEFORE),
        row(6, "drop", "pending", Phase.AFTER),
    ]
    run.summary = "1 applied, 2 pending, 1 edited, 1 unknown, 1 out-of-order"
    run.exit = ExitCode.HISTORY
    run.error = ErrorReport(
        "files and database disagree: 002_add_orders.sql, 003_late.sql, 004 (edited after it was sealed)",
        "restore the file from version control and write a new migration instead",
        migration="002_add_orders.sql",
    )
    return run


def status_empty() -> Outcome:
    """An empty folder and an empty database."""
    run = outcome("status", "dev", Target("/run/postgresql", 54321, "dev", "18.1"))
    run.summary = "no migrations"
    return run


def status_hostile() -> Outcome:
    """Names and messages that try to steer the terminal."""
    run = outcome("status", "dev", Target("::1", 5432, "d\x1b]0;x\x07b", "18.1\n"))
    name = "001_" + "very_long_name_" * 12 + "\x1b[31m\u202esql.\udcff\u200b\u2028é😀.sql"
    run.migrations = [
        MigrationRow("001", name, "pending", None, None),
        MigrationRow("2\n", None, "unknown", None, None),
    ]
    run.summary = "1 pending\x1b[2J"
    run.findings = [
        Finding(
            "file-name",
            "warning",
            f"db/migrations/{name[-20:]}",
            None,
            None,
            "message\r\nof\ttwo lines",
            "hint\x07",
        ),
        Finding("lockfile", "notice", None, None, None, "about no file"),
    ]
    run.exit = ExitCode.PENDING
    run.error = ErrorReport(
        "la relation «\xa0x\xa0» n'existe pas\r\n\x1b[1;31mError: no\x9b0m", "a\nhint", "42P01"
    )
    return run


def status_all() -> Outcome:
    """Environments beside each other, one not reached."""
    run = outcome("status", "dev", None)
    run.result = MatrixResult(
        Matrix(
            ("dev", "staging"),
            (
                MatrixRow("001", "001_init.sql", ("applied", "applied"), (12, None)),
                MatrixRow("002", "002_add_orders.sql", ("applied", "pending"), (38_500, None)),
                MatrixRow("003", None, ("unknown", "-"), (None, None)),
            ),
            (MatrixError("production", 21, "cannot reach db.example.com:5432\nis it running?"),),
            (_ledger_lines()[1], None),
        )
    )
    run.exit = ExitCode.HISTORY
    run.summary = "2 of 4 environments read"
    return run


def wait() -> Outcome:
    """What was waited for is applied, and one waits for the rollout."""
    run = outcome("wait")
    run.summary = (
        "002_add_orders.sql is applied; waited 12 s"
        "\n003_drop.sql comes after the rollout: it was not waited for"
    )
    return run


def wait_pending() -> Outcome:
    """The time is over."""
    run = outcome("wait")
    run.migrations = [row(2, "add_orders", "pending", Phase.BEFORE)]
    run.exit = ExitCode.PENDING
    run.summary = "002_add_orders.sql is pending (given up after 10m; it was so for 9 min)"
    return run


def plan() -> Outcome:
    """Each way in which a migration may run."""
    run = outcome("plan")
    run.result = PlanResult(
        (
            Step("002", "002_add_orders.sql", transaction=True, own_process=False),
            Step("003", "003_index_orders_concurrently.sql", transaction=False, own_process=False),
            Step("004", "004_set_search_path.sql", transaction=True, own_process=True),
            Step("005", "005_drop_legacy.sql", transaction=True, own_process=False, phase=Phase.AFTER),
        )
    )
    run.migrations = [row(1, "init", "applied"), row(2, "add_orders", "pending")]
    run.summary = "4 pending; nothing was changed"
    return run


def plan_measured() -> Outcome:
    """A statement of each kind, measured and joined with a live server; one is over the gate."""
    run = outcome("plan")
    run.location = ProjectLocation(Path("/srv/shop/crm"), "db/migrations")
    run.result = sample_plan(notes=("the durations of production: cannot reach it",))
    run.findings = [*findings_over(Gate(Verdict.BLOCKS_WRITES, GB), run.result.steps, "db/migrations")]
    run.exit = ExitCode.POLICY
    run.error = ErrorReport("2 statements are over the gate", run.findings[0].hint, None, "002_change.sql", 4)
    run.summary = "4 pending; nothing was changed"
    return run


def envs() -> Outcome:
    """The default, one with a URL, one without, one protected."""
    run = outcome("envs", "dev", None)
    run.result = EnvironmentsResult(
        (
            EnvironmentRow("dev", default=True, protected=False, url=None, embedded=True),
            EnvironmentRow(
                "staging", default=False, protected=False, url="STAGING_DATABASE_URL in .env line 3"
            ),
            EnvironmentRow("production", default=False, protected=True, url="url_command"),
        )
    )
    return run


def doctor() -> Outcome:
    """A check of every kind."""
    run = outcome("doctor", "dev", None)
    run.result = DoctorResult(
        (
            SettingRow("migrations_dir", "db/migrations", "default"),
            SettingRow("lock_timeout", "5s", "DBMATE_WRAP_LOCK_TIMEOUT"),
            SettingRow("statement_timeout", "none", "default"),
        )
    )
    run.checks = [
        Check("configuration", "pass", "/srv/crm/dbmate-wrap.toml", "never shown"),
        Check("configuration", "warn", "staging has no URL", "set STAGING_DATABASE_URL"),
        Check("dbmate", "fail", "SHA-256 differs from the pinned one", "make setup"),
        Check("embedded", "skip", "not installed", "pip install 'dbmate-wrap[embedded]'"),
    ]
    run.exit = ExitCode.BINARY
    run.summary = "1 of 4 checks failed"
    return run


def new() -> Outcome:
    """A result that scripts take as it is."""
    run = outcome("new", "dev", None)
    run.migrations = [MigrationRow("002", "002_add_orders.sql", "pending", None, None)]
    run.result = NewResult("db/migrations/002_add_orders.sql")
    run.summary = run.result.path
    return run


def renumber() -> Outcome:
    """Two files with other numbers, one of which had been applied."""
    run = outcome("renumber", "dev")
    run.migrations = [
        MigrationRow("003", "003_mine.sql", "renumbered", None, "aa" * 32),
        MigrationRow("004", "004_more.sql", "renumbered", None, "bb" * 32),
    ]
    pairs = (("002_mine.sql", "003_mine.sql"), ("003_more.sql", "004_more.sql"))
    run.result = RenumberResult(tuple(RenamedFile(*pair) for pair in pairs), ("002_mine.sql",))
    run.summary = (
        "2 migrations renumbered, 1 rolled back in dev\n"
        "next: dbmate-wrap up -e dev, then dbmate-wrap check, and commit them"
    )
    return run


def diagram() -> Outcome:
    """Two tables and a key between them."""
    run = outcome("diagram", "dev")
    customers = Entity("crm", "customers", (EntityColumn("id", "bigint", True),), ("id",), (("id",),))
    orders = Entity("crm", "orders", (EntityColumn("customer_id", "bigint", True),), (), ())
    key = ForeignKey(
        "orders_fkey", "crm", "orders", ("customer_id",), "crm", "customers", ("id",), validated=True
    )
    text = write_diagram(EntitySchema((customers, orders), (key,)), (key,))
    run.result = DiagramResult(text, (customers, orders), (key,), None, changed=False)
    return run


def init() -> Outcome:
    """A file of every state; one is left with two lines to add."""
    run = outcome("init", "dev", None)
    run.result = InitResult(
        (
            ScaffoldedFile("db/README.md", "written", None, None),
            ScaffoldedFile(".gitignore", "appended", None, None),
            ScaffoldedFile("dbmate-wrap.toml", "to be written", None, None),
            ScaffoldedFile("pyproject.toml", "to be appended", None, None),
            ScaffoldedFile(".env.example", "is there", None, None),
            ScaffoldedFile(
                "Makefile",
                "left as it is",
                "it has a target migrate already",
                "# added\nmigrate: ; @dbmate-wrap up ## apply\n",
            ),
        ),
        "dbmate-wrap new add_orders",
    )
    run.summary = "next: dbmate-wrap new add_orders"
    return run


def _ledger_lines() -> tuple[LedgerEntry, ...]:
    first = ("applied", "0123456789ab", "up", "staging", "deploy", "ada", "laptop", "0" * 40, True)
    later = ("imported", "ba9876543210", "import", "staging", "deploy", None, None, None, None)
    table = "public.schema_migrations"
    when = "2026-01-31T12:00:00.000Z"
    return (
        LedgerEntry("001", "001_init.sql", "1" * 64, when, when, 12, *first, "1.0.0", "2.37.0", table),
        LedgerEntry(
            "002", "002_add_orders.sql", "2" * 64, when, when, 1234, *first, "1.0.0", "2.37.0", table
        ),
        LedgerEntry("003", None, None, None, "2026-02-01T08:30:00.000Z", None, *later, "9.0.0", None, None),
    )


def history() -> Outcome:
    """Two runs: one applied two files, one of a newer tool has no file and an unknown origin."""
    run = outcome("history")
    run.result = HistoryResult(_ledger_lines())
    run.summary = "3 entries"
    return run


def drift() -> Outcome:
    """A difference of each kind, one with a character that would steer a terminal."""
    run = outcome("drift")
    diff = "--- migrations\n+++ live\n@@ -1 +1 @@\n-create view a\n+create view \x1b[31mb"
    run.result = DriftResult(
        (
            SchemaDifference("extra", "table", "app.orders", "@@ -0,0 +1 @@\n+create table", "drop it"),
            SchemaDifference("changed", "view", "app.v", diff, "bring it back"),
            SchemaDifference("extra", "setting", "the setting work_mem of the database", "+8MB", ""),
        )
    )
    run.exit = ExitCode.DRIFT
    run.error = ErrorReport(
        "the schema of staging differs from what its 2 migrations make: 3 objects", "fix it"
    )
    run.summary = "compared with 2 migrations on embedded PostgreSQL 18: 3 differences"
    return run


def history_show() -> Outcome:
    """The text that ran, with a character that would steer a terminal, and the file differs."""
    run = outcome("history")
    text = "-- migrate:up\ncreate table public.a (i int); -- \x1b[31mred\n-- migrate:down\n"
    difference = "--- 001_init.sql (as it ran)\n+++ 001_init.sql (here)\n@@ -2 +2 @@\n-create table"
    run.result = KeptTextResult("001", "001_init.sql", "1" * 64, text, difference)
    return run


def dump_output() -> Outcome:
    """The schema goes to stdout."""
    run = outcome("dump")
    run.result = SchemaResult("create table public.a (i int);\n")
    return run


def dump() -> Outcome:
    """The schema file has changed."""
    run = outcome("dump")
    run.result = DumpResult("db/schema.sql", changed=True)
    run.summary = "db/schema.sql written"
    return run


def db_url() -> Outcome:
    """A URL that scripts take as it is."""
    run = outcome("db url", "dev", None)
    run.result = UrlResult("postgres://dev@127.0.0.1:54321/dev")
    run.summary = run.result.url
    return run


def seal() -> Outcome:
    """What was sealed."""
    run = outcome("seal", "dev", None)
    run.migrations = [row(1, "init", "sealed")]
    run.summary = "1 sealed in db/migrations.lock: commit it with the migrations"
    return run


def exec_() -> Outcome:
    """dbmate's own output has been shown as it came."""
    run = outcome("exec")
    run.result = ExecResult(returncode=2, stdout="[ ] 001_init.sql\n", stderr="Error: no\n")
    run.exit = ExitCode.FAILED
    run.error = ErrorReport("dbmate ended with 2: Error: no")
    return run


def explain() -> Outcome:
    """A rule and a state share the name."""
    run = outcome("explain", None, None)
    run.result = ExplainResult(
        (
            ExplainedPage("rule", "edited", "# edited\n\nFamily lockfile.\n"),
            ExplainedPage("state", "edited", "# edited\n\nNot what was sealed.\n"),
        )
    )
    return run


def check_good() -> Outcome:
    """Nothing to say."""
    run = outcome("check", "dev", None)
    run.location = ProjectLocation(Path("/srv/shop/crm"), "db/migrations")
    run.sources = {"db/migrations/001_init.sql": "", "db/migrations/002_add_orders.sql": ""}
    run.checks = [
        Check("lockfile", "pass", "2 of 2 migrations sealed"),
        Check("shadow", "skip", "replay skipped: --no-shadow"),
    ]
    run.summary = "2 migrations checked: no errors"
    return run


ORDERS = """\
-- migrate:up
create table app.orders (id bigint);
\tset search_path to app;
insert into orders select g, 'a long line that is cut', now(), null, g * 2 from generate_series(1, 1000) as g;

-- migrate:down
drop table orders;
"""


def check() -> Outcome:
    """Findings of every severity and family, with their lines; four of one rule; one without a place."""
    run = check_good()
    file = "db/migrations/002_add_orders.sql"
    run.sources[file] = ORDERS
    run.findings = [
        Finding("search-path", "error", file, 3, 2, "sets search_path", "write app.orders instead"),
        Finding("data-write", "error", file, 4, 1, "writes rows: INSERT INTO orders", "do it elsewhere"),
        Finding("unqualified-name", "warning", file, 4, 13, "orders has no schema"),
        *(Finding("squawk/prefer-x", "warning", file, 2, 8, f"{n} is an x", "use y") for n in range(4)),
        Finding("unsealed", "warning", file, 1, 1, f"{file[14:]} is not in the lockfile", "seal it"),
        Finding("edited", "error", "db/migrations/001_init.sql", None, None, "001_init.sql was edited"),
        Finding("unqualified-name", "notice", file, 7, 12, "orders has no schema"),
        Finding("removed", "error", None, None, None, "003_c.sql is in the lockfile and gone"),
    ]
    run.summary = None
    run.exit = ExitCode.POLICY
    run.error = ErrorReport("2 files break rules", "fix each of the findings above")
    return run


def check_replay() -> Outcome:
    """The replay failed, on the last line of a file without findings."""
    run = check_good()
    file = "db/migrations/002_add_orders.sql"
    run.sources[file] = ORDERS
    run.findings = [Finding("unqualified-name", "warning", file, 7, 12, "orders has no schema")]
    run.summary = None
    run.exit = ExitCode.FAILED
    run.error = ErrorReport(
        f'{file}:7: relation "orders" does not exist',
        "fix 002_add_orders.sql and check again",
        "42P01",
        "002_add_orders.sql",
        7,
        frame="    7 | drop table orders;\n      |            ^",
    )
    return run


def check_hostile() -> Outcome:
    """Names and messages that try to be commands, links, mentions, markup, and more lines than they are."""
    run = check_good()
    nasty = "a\n::error file=x::y\r\n  ##[warning]z %0A, | `code` ``` <b>@all</b> <!-- --> &amp; #12 ]]> "
    nasty += "\x1b[31m\x00"
    file = "db/migrations/003_,:%|`@x #1\n<b>\u202e\udcff.sql"
    run.sources[file] = f"-- migrate:up\n\x1b[31m{nasty}\n"
    run.findings = [
        Finding("squawk/a,b:c%", "error", file, 2, 500, nasty, nasty),
        Finding(
            "data-write", "warning", "/srv/shop/other/a b.sql", 1, 1, "in the repository, not in the project"
        ),
        Finding(
            "data-write", "warning", "/etc/a b.sql", 1, 1, "outside of everything: https://example.com www.x"
        ),
    ]
    run.summary = f"::notice::{nasty}"
    run.exit = ExitCode.FAILED
    faults = (Fault(nasty, nasty, nasty),) * 2
    run.error = ErrorReport(nasty, nasty, "42P01", "003.sql", 2, frame=nasty, faults=faults)
    return run


OUTCOMES: dict[str, Callable[[], Outcome]] = {
    "up": up,
    "up-nothing": up_nothing,
    "up-before": up_before,
    "up-failed": up_failed,
    "up-config": up_config,
    "status": status,
    "status-empty": status_empty,
    "status-hostile": status_hostile,
    "status-all": status_all,
    "wait": wait,
    "wait-pending": wait_pending,
    "plan": plan,
    "plan-measured": plan_measured,
    "drift": drift,
    "envs": envs,
    "doctor": doctor,
    "new": new,
    "renumber": renumber,
    "diagram": diagram,
    "init": init,
    "history": history,
    "history-show": history_show,
    "dump": dump,
    "dump-output": dump_output,
    "db-url": db_url,
    "seal": seal,
    "exec": exec_,
    "explain": explain,
    "check-good": check_good,
    "check": check,
    "check-replay": check_replay,
    "check-hostile": check_hostile,
    **FLEET_OUTCOMES,
}
