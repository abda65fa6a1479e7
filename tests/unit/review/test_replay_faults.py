"""Findings for faults of migrate:down and stale schema files; the one error for a failure on the shadow."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from dbmate_wrap.cluster import binaries
from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.project_names import ProjectNames
from dbmate_wrap.domain.schema_diff import Difference
from dbmate_wrap.domain.schema_text import schema_text
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.review.replay_errors import missing_extension_error, replay_error
from dbmate_wrap.review.replay_faults import (
    describe_load_failure,
    describe_stale_schema,
    down_incomplete,
    explain_varying,
)
from dbmate_wrap.review.schema_file import is_up_to_date
from dbmate_wrap.shadow.cache import SchemaDump
from dbmate_wrap.shadow.round_trip import ANOTHER_SCHEMA, DownFault
from dbmate_wrap.shadow.scratch import MigrationFailed
from tests.support.migrations import FOLDER, parsed_migration

NAMES = ProjectNames(FOLDER, "schema_migrations")
FILE = "003_c.sql"
ORIGIN = "embedded PostgreSQL 18"
FIX = f"it failed on a throw-away database ({ORIGIN}), nothing shared was touched: fix {FILE} and check again"


@pytest.fixture(autouse=True)
def no_local_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """No PostgreSQL of this machine is asked for its version."""
    monkeypatch.setattr(binaries, "local", lambda major=None: None)
    monkeypatch.setattr(binaries, "servers", lambda: iter(()))


def recorded(*versions: str) -> SchemaDump:
    """A schema with these versions."""
    values = ",\n    ".join(f"('{version}')" for version in versions)
    return SchemaDump(
        "CREATE TABLE t ();\n", f"INSERT INTO schema_migrations (version) VALUES\n    {values};\n"
    )


@pytest.mark.parametrize(
    ("expected", "found", "difference", "message"),
    [
        (recorded("001"), recorded("001"), Difference(), ""),
        (
            recorded("001"),
            recorded("001"),
            Difference(extra=("table a",), missing=("table b",), changed=("column c.d",)),
            "is not what the migrations make: it has beyond that table a; it lacks table b;"
            " it has differently column c.d",
        ),
        (recorded("001", "002"), recorded("001"), Difference(), "does not record 002"),
        (
            recorded("001"),
            recorded("001", "004"),
            Difference(),
            "records 004, for which there is no migration",
        ),
        (
            recorded("001", "002"),
            recorded("001", "003"),
            Difference(missing=("table b",)),
            "is not what the migrations make: it lacks table b; does not record 002;"
            " records 003, for which there is no migration",
        ),
        (
            recorded(*"1234567"),
            SchemaDump("", ""),
            Difference(),
            "does not record 1, 2, 3, 4, 5 and 2 more",
        ),
    ],
)
def test_a_stale_schema_file_is_described_by_what_differs_in_meaning(
    expected: SchemaDump, found: SchemaDump, difference: Difference, message: str
) -> None:
    assert describe_stale_schema(expected, found, difference) == message


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            'the database said: schema "shop" does not exist',
            'cannot be loaded into an empty database: schema "shop" does not exist',
        ),
        ('the database said: role "reader" does not exist', ""),
    ],
)
def test_a_schema_file_that_cannot_be_loaded_is_stale_unless_a_role_is_missing(
    error: str, message: str
) -> None:
    assert describe_load_failure(error) == message


def test_the_finding_of_a_fault_is_a_warning_at_its_place() -> None:
    finding = down_incomplete(DownFault("003_c.sql", 7, 3, "migrate:down fails: x"), "db/migrations")
    assert (finding.rule, finding.severity) == ("down-incomplete", "warning")
    assert (finding.file, finding.line, finding.column) == ("db/migrations/003_c.sql", 7, 3)
    whole = down_incomplete(DownFault("003_c.sql", 7, None, "x"), "db/migrations")
    assert whole.column == 1
    layout = down_incomplete(DownFault("003_c.sql", 7, None, "x", is_layout=True), "db/migrations")
    assert layout.severity == "notice"


def test_line_endings_of_a_checkout_are_no_difference(tmp_path: Path) -> None:
    dump = recorded("001")
    text = schema_text(dump.schema, dump.history)
    path = tmp_path / "schema.sql"
    assert is_up_to_date(path, dump), "a project without the file needs none"
    path.write_bytes(text.replace("\n", "\r\n").encode())
    assert is_up_to_date(path, dump)
    path.write_bytes(b"")
    assert not is_up_to_date(path, dump)


def failure(message: str, sqlstate: str | None = None, *, started: bool = True) -> DbmateError:
    return DbmateError(message, sqlstate, FILE if started else None, None, None)


@pytest.mark.parametrize(
    ("error", "keeps_roles", "code", "message", "hint"),
    [
        (failure("no such table", "42P01"), False, ExitCode.FAILED, "no such table", FIX),
        (failure("canceling statement", "55P03"), False, ExitCode.FAILED, "canceling statement", FIX),
        (
            failure('role "reader" does not exist', "42704"),
            False,
            ExitCode.PREFLIGHT,
            f"what the shadow server ({ORIGIN}) does not have: the role reader",
            "make reader where it is missing",
        ),
        (
            failure('database "crm" does not exist', "3D000"),
            False,
            ExitCode.PREFLIGHT,
            f"what the shadow server ({ORIGIN}) does not have: a database that is called crm",
            "current_database()",
        ),
        (
            failure("ICU is not supported in this build", "0A000"),
            True,
            ExitCode.PREFLIGHT,
            f"what the shadow server ({ORIGIN}) does not have: ICU",
            "three ways out",
        ),
        (
            failure('role "reader" already exists', "42710"),
            True,
            ExitCode.FAILED,
            'role "reader" already exists',
            "an earlier check may have made the role reader",
        ),
        (
            failure('role "reader" already exists', "42710"),
            False,
            ExitCode.FAILED,
            'role "reader" already exists',
            FIX,
        ),
        (
            failure('extension "postgis" is not available', "0A000"),
            False,
            ExitCode.PREFLIGHT,
            f"what the shadow server ({ORIGIN}) does not have: postgis",
            "--no-shadow",
        ),
        (
            failure('could not open extension control file "x.control"', "58P01"),
            False,
            ExitCode.PREFLIGHT,
            "does not have: an extension",
            "--no-shadow",
        ),
        (
            failure("the server goes", "57P01", started=False),
            False,
            ExitCode.UNREACHABLE,
            "the server goes",
            "run `dbmate-wrap up` again",
        ),
        (failure("the server goes", "57P01"), False, ExitCode.FAILED, "the server goes", FIX),
    ],
)
def test_a_failure_has_one_code_and_a_hint(
    error: DbmateError, keeps_roles: bool, code: ExitCode, message: str, hint: str
) -> None:
    failed = MigrationFailed(parsed_migration(FILE, "select 1;"), error)
    found = replay_error(failed, NAMES, ORIGIN, keeps_roles=keeps_roles)
    assert found.code == code
    assert message in found.message
    assert hint in (found.hint or "")


@pytest.mark.parametrize(
    "migration",
    [
        parsed_migration(FILE, "select 1;", options="transaction:false"),
        parsed_migration(FILE, "commit; select missing;"),
    ],
    ids=["outside a transaction", "with a commit"],
)
def test_nothing_is_left_behind_on_a_shadow(migration: object) -> None:
    failed = MigrationFailed(migration, failure("no such table", "42P01"))  # type: ignore[arg-type]
    found = replay_error(failed, NAMES, ORIGIN, keeps_roles=False)
    assert (found.code, found.hint) == (ExitCode.FAILED, FIX)


@pytest.mark.parametrize(
    ("part", "done"), [("up", "recorded in the database"), ("down", "gone from the history")]
)
def test_a_dbmate_that_ends_well_without_its_work_is_an_error(part: Literal["up", "down"], done: str) -> None:
    failed = MigrationFailed(parsed_migration(FILE, "select 1;"), None, part)
    found = replay_error(failed, NAMES, ORIGIN, keeps_roles=False)
    assert (found.code, found.migration) == (ExitCode.FAILED, FILE)
    assert found.message.endswith(f"but {FILE} is not {done}")


def test_the_place_of_a_failure_is_in_its_own_section() -> None:
    migration = parsed_migration(FILE, "select 1;", "select 2;\nselect missing;")
    where = DbmateError("no such column", "42703", FILE, 2, 8)
    found = replay_error(MigrationFailed(migration, where, "down"), NAMES, ORIGIN, keeps_roles=False)
    assert (found.line, found.message) == (4, f"{FOLDER}/{FILE}:4:8: no such column")


def test_missing_extensions_are_reported_with_all_alternatives() -> None:
    error = missing_extension_error(f"{FOLDER}/{FILE}", ["pgcrypto", "xml2"], ORIGIN)
    assert (
        error.message
        == f"{FOLDER}/{FILE} creates what the shadow server ({ORIGIN}) does not have: pgcrypto, xml2"
    )
    for alternative in ("apt install postgresql-15", 'shadow = "auto"', 'shadow = "url"', "--no-shadow"):
        assert alternative in (error.hint or "")


CLOCK = parsed_migration("002_b.sql", "do $$ begin execute 'create table s.p_' || current_date; end $$;")
NOT_MADE = "is not what the migrations make"
STALE = Finding(
    "stale-schema-file", "warning", "db/schema.sql", 9, 1, f"{NOT_MADE}: it lacks table s.p", "up"
)
AGAIN = Finding("down-incomplete", "warning", f"{FOLDER}/002_b.sql", 1, 1, f"{ANOTHER_SCHEMA}: x", "undo")


@pytest.mark.parametrize("findings", [[STALE], [AGAIN], [AGAIN, STALE]])
def test_a_history_that_depends_on_the_clock_is_told_once_and_never_to_write_the_file_anew(
    findings: list[Finding],
) -> None:
    [notice] = explain_varying(findings, [parsed_migration("001_a.sql", "create table s.t ();"), CLOCK])
    assert (notice.severity, notice.rule, notice.file) == ("notice", findings[-1].rule, findings[-1].file)
    assert notice.message.endswith("each time: 002_b.sql depends on the clock (current_date)")
    assert "again" not in (notice.hint or "")


@pytest.mark.parametrize(
    ("findings", "migrations"),
    [
        ([STALE], [parsed_migration("001_a.sql", "create table s.t ();")]),
        ([replace(STALE, message=f"{STALE.message}; does not record 003")], [CLOCK]),
        ([replace(STALE, message="does not record 003")], [CLOCK]),
        ([replace(AGAIN, file=f"{FOLDER}/001_a.sql")], [CLOCK]),
        ([replace(AGAIN, message="migrate:down fails: x")], [CLOCK]),
    ],
)
def test_what_the_clock_does_not_explain_stays_as_it_is(
    findings: list[Finding], migrations: list[ParsedMigration]
) -> None:
    assert explain_varying(findings, migrations) == tuple(findings)
