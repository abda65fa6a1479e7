"""How the end of a rollback is judged."""

import pytest

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.leftovers import Leftovers
from dbmate_wrap.domain.project_names import ProjectNames
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.execution.undo import describe_undo, still_applied
from dbmate_wrap.workspace.history import History
from tests.support.migrations import FOLDER, parsed_migration

NAMES = ProjectNames(FOLDER, "schema_migrations")
FIRST = parsed_migration("001_a.sql", "create table public.a (id int);", "drop table public.a;")
SECOND = parsed_migration("002_b.sql", "create table public.b (id int);", "-- nothing can")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, ExitCode.FAILED),
        (DbmateError("boo", "42601", "001_a.sql", 1, 1), ExitCode.FAILED),
        (DbmateError("boo", "55P03", "001_a.sql", None, None), ExitCode.BLOCKED),
    ],
)
def test_a_migration_that_is_still_recorded_was_not_rolled_back(
    error: DbmateError | None, code: ExitCode
) -> None:
    found = still_applied(NAMES, error, FIRST, Leftovers(()))
    assert (found.code, found.migration) == (code, "001_a.sql")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "whether 002_b.sql, 001_a.sql was rolled back is not known"),
        (History(("001", "002"), ()), "002_b.sql is still applied, 001_a.sql is still applied"),
        (History(("001",), ()), "002_b.sql was rolled back, 001_a.sql is still applied"),
        (History((), ()), "002_b.sql was rolled back, 001_a.sql was rolled back"),
    ],
)
def test_an_interrupted_rollback_says_how_far_it_came(found: History | None, words: str) -> None:
    assert describe_undo([SECOND, FIRST], found) == (words, "see the state with `dbmate-wrap status`")
