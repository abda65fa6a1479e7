"""A failure on the shadow becomes the one error, with a hint for what can be done there."""

from typing import Literal

import pytest

from dbmate_wrap.cluster import binaries
from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.execution.diagnosis import ProjectNames
from dbmate_wrap.review.replay_errors import missing_extension_error, replay_error
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
            ExitCode.FAILED,
            'role "reader" does not exist',
            "make reader where it is missing",
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
    error = missing_extension_error(f"{FOLDER}/{FILE}", "pgcrypto, xml2", ORIGIN)
    assert (
        error.message
        == f"{FOLDER}/{FILE} creates what the shadow server ({ORIGIN}) does not have: pgcrypto, xml2"
    )
    for alternative in ('shadow = "local', 'shadow = "url"', "--no-shadow"):
        assert alternative in (error.hint or "")
