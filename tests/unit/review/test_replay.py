"""The report of a replay in words."""

import pytest

from dbmate_wrap.review.replay_progress import describe_replay
from dbmate_wrap.review.server_lacks import first_uses_of_extensions
from dbmate_wrap.shadow.replay import ReplayPlan
from tests.support.migrations import parsed_migration


@pytest.mark.parametrize(
    ("length", "start", "due", "down", "message"),
    [
        (1, 0, (), "", "1 migration was replayed on here"),
        (2, 0, (), "", "2 migrations were replayed on here"),
        (
            3,
            2,
            (2,),
            "select 2;",
            "3 migrations were replayed on here (2 of them from the cache); 1 also undone and done again",
        ),
        (2, 0, (1,), "", "2 migrations were replayed on here"),
        (2, 0, (0, 1), "select 2;", "2 migrations were replayed on here; 2 also undone and done again"),
    ],
)
def test_the_message_counts_what_was_done(
    length: int, start: int, due: tuple[int, ...], down: str, message: str
) -> None:
    migrations = tuple(parsed_migration(f"{number:03}_t.sql", "select 1;", down) for number in range(length))
    plan = ReplayPlan(migrations, ("key",) * length, due, due[0] if due else length, start)
    assert describe_replay(plan, "here") == message


def test_each_extension_is_reported_with_the_first_file_that_creates_it() -> None:
    migrations = [
        parsed_migration("001_a.sql", "create table extension_list (id int);"),
        parsed_migration("002_b.sql", 'create extension "pgcrypto"; create extension if not exists citext;'),
        parsed_migration(
            "003_c.sql", "create extension pgcrypto; create extension xml2;", "drop extension xml2;"
        ),
    ]
    assert first_uses_of_extensions(migrations) == {
        "pgcrypto": "002_b.sql",
        "citext": "002_b.sql",
        "xml2": "003_c.sql",
    }
