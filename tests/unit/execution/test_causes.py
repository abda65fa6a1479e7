"""The limit that has cut a migration off, by what dbmate reported and how long it ran."""

from dataclasses import replace

import pytest

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.project_names import ProjectNames
from dbmate_wrap.domain.session_limit import SessionLimit
from dbmate_wrap.execution.causes import reached_limit
from dbmate_wrap.execution.diagnosis import diagnose
from tests.support.migrations import FOLDER, parsed_migration

OWN = 'role "app" in database "crm"'
TRANSACTION = SessionLimit("transaction_timeout", "1s", 1.0, "", OWN)
STATEMENT = SessionLimit("statement_timeout", "2s", 2.0, 'database "crm"', OWN)


@pytest.mark.parametrize(
    ("sqlstate", "seconds", "reached"),
    [
        (None, 1.0, TRANSACTION),
        ("25P04", 1.5, TRANSACTION),
        ("57014", 2.5, STATEMENT),
        (None, 0.9, None),
        ("57014", 1.5, None),
    ],
)
def test_a_limit_is_the_cause_only_where_dbmate_ran_for_that_long(
    sqlstate: str | None, seconds: float, reached: SessionLimit | None
) -> None:
    error = DbmateError("driver: bad connection", sqlstate)
    assert reached_limit(error, (TRANSACTION, STATEMENT), seconds) == reached


def test_the_hint_lifts_the_limit_and_blames_no_file() -> None:
    migration = parsed_migration("002_a.sql", "select pg_sleep(9);")
    limit = replace(TRANSACTION, set_for="role x")
    failure = DbmateError("driver: bad connection", None, "002_a.sql", limit=limit)
    error = diagnose(ProjectNames(FOLDER, "t"), failure, migration, migration.sections[0].up)
    assert error.hint == (
        "its transaction was rolled back: transaction_timeout = 1s (set for role x) leaves it no more time;"
        f" alter {OWN} set transaction_timeout = 0; or alter role x reset transaction_timeout; and run again"
    )
