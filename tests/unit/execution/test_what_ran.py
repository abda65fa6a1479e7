"""Which versions are undone, and by which text."""

import pytest

from dbmate_wrap.domain.history import compare_history
from dbmate_wrap.domain.ledger import KeptText
from dbmate_wrap.domain.migration import MigrationFile, checksum
from dbmate_wrap.errors import HistoryError, RefusedError
from dbmate_wrap.execution.what_ran import (
    last_applied,
    parse_kept,
    raise_without_way_back,
    since_edited,
    without_file,
)
from dbmate_wrap.workspace.history import History
from tests.support.migrations import parsed_migration

FILES = tuple(
    parsed_migration(name, "create table public.x (i int);").file
    for name in ("001_a.sql", "002_b.sql", "003_c.sql")
)
REMEDY = "or start over"


def found(*applied: str, edited: tuple[str, ...] = ()) -> History:
    ran = dict.fromkeys(edited, "0" * 64)
    return History(applied, compare_history(FILES, (), applied, ran, "000"), disposable=True)


@pytest.mark.parametrize(
    ("history", "last", "unknown", "redone"),
    [
        (found(), (), (), ()),
        (found("001"), ("001",), (), ("001",)),
        (found("001", "002"), ("002",), (), ("002",)),
        (found("001", "002", "003", edited=("002",)), ("003",), (), ("003", "002")),
        (found("001", "002", "003", edited=("001", "003")), ("003",), (), ("003", "002", "001")),
        # Of another branch: what is newer than the edited one goes too.
        (found("002", "009", edited=("002",)), ("009",), ("009",), ("009", "002")),
        # Edited, and not applied: there is nothing to undo.
        (found("001", edited=("002",)), ("001",), (), ("001",)),
    ],
)
def test_the_versions_to_undo_are_the_newest_first(
    history: History, last: tuple[str, ...], unknown: tuple[str, ...], redone: tuple[str, ...]
) -> None:
    assert (last_applied(history), without_file(history), since_edited(history)) == (last, unknown, redone)


def test_the_last_is_redone_where_none_is_edited_unless_that_is_not_wanted() -> None:
    assert since_edited(found("001", "002"), else_last=False) == ()
    assert since_edited(found("001", "002", edited=("001",)), else_last=False) == ("002", "001")


def kept(text: bytes | None, *, known: str | None = None) -> KeptText:
    return KeptText("007", "007_x.sql", known or checksum(text or b""), text)


TEXT = b"-- migrate:up\ncreate table public.x (i int);\n-- migrate:down\ndrop table public.x;\n"


def test_the_kept_text_is_the_migration_that_ran() -> None:
    migration = parse_kept("007", kept(TEXT), REMEDY)
    assert migration.file == MigrationFile("007_x.sql", "007", checksum(TEXT), TEXT)
    assert "drop table public.x" in migration.sections[0].down.sql


def test_a_kept_text_of_any_bytes_is_the_migration_that_ran() -> None:
    migration = parse_kept("007", kept(TEXT + b"-- \xff"), REMEDY)
    assert migration.sections[0].down.sql.endswith("-- \udcff")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "the text of 007 that ran is not known"),
        (kept(None), "the text of 007_x.sql that ran is not known"),
        (kept(TEXT, known="0" * 64), "in the ledger is not what ran: its checksum differs"),
    ],
    ids=["no-line", "adopted", "tampered"],
)
def test_what_is_not_surely_what_ran_is_not_run(text: KeptText | None, words: str) -> None:
    with pytest.raises(HistoryError, match=words) as caught:
        parse_kept("007", text, REMEDY)
    assert REMEDY in (caught.value.hint or "")
    assert "version control" in (caught.value.hint or "")


def test_a_migration_without_a_statement_to_undo_it_is_refused() -> None:
    raise_without_way_back(parsed_migration("001_a.sql", "select 1;", "select 2;"))
    with pytest.raises(RefusedError, match="no statement after"):
        raise_without_way_back(parsed_migration("001_a.sql", "select 1;", "-- nothing can"))
