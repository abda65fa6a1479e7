"""Which migrations are taken apart, and what is told of the others."""

from types import SimpleNamespace
from typing import cast

import pytest

from dbmate_wrap import sql
from dbmate_wrap.shadow.planned_statements import plan_statements, reason_for_dbmate, untraced
from dbmate_wrap.shadow.scratch import ReplayTools
from tests.support.migrations import file_of, parsed_migration


@pytest.mark.parametrize(
    ("up", "reason"),
    [
        ("create table t ();", None),
        ("savepoint a; release a;", None),
        ("create table t (); commit;", "ends its transaction itself"),
        ("\\restrict x", "cannot read"),
        ("create tabel t ();", "cannot read"),
    ],
)
def test_dbmate_applies_what_cannot_be_taken_apart(up: str, reason: str | None) -> None:
    found = reason_for_dbmate(parsed_migration("001_a.sql", up))
    assert found is reason if reason is None else reason in (found or "")


def test_statements_are_told_with_their_lines_and_the_reason() -> None:
    migration = parsed_migration(
        "001_a.sql", "create table t ();\n\n-- the second\nalter table t\n add i int;"
    )
    found = [
        (each.version, each.file, each.line, each.tag, each.not_judged) for each in untraced(migration, "x")
    ]
    assert found == [
        ("001", "001_a.sql", 2, "CREATE TABLE", "x"),
        ("001", "001_a.sql", 5, "ALTER TABLE", "x"),
    ]


def test_a_block_that_cannot_be_read_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    [found] = untraced(parsed_migration("001_a.sql", "create tabel t ();\nselect 1;"), "x")
    assert (found.line, found.text, found.tag) == (1, "create tabel t ();\nselect 1;", "")
    monkeypatch.setattr(sql, "is_available", lambda: False)
    [found] = untraced(parsed_migration("001_a.sql", "select 1;\nselect 2;"), "x")
    assert found.text == "select 1;\nselect 2;"
    assert "does not run on this machine" in (reason_for_dbmate(parsed_migration("001_a.sql", "")) or "")


def test_the_statement_of_the_file_is_told_and_what_stands_for_it_is_run() -> None:
    migration = parsed_migration("001_a.sql", "create publication p;\ncreate subscription s;\nselect 1;")
    calls = [f"select dbmate_wrap.run_replay_statement('{key}')" for key in ("k1", "k2")]
    content = migration.file.content.decode().replace("create publication p", calls[0])
    replayed = file_of("001_a.sql", content.replace("create subscription s", calls[1]))
    statements = {"k1": "create publication p", "k2": "select 'something else'"}
    tools = SimpleNamespace(file_of=lambda each: replayed, pool=SimpleNamespace(statements=statements))
    with pytest.raises(ValueError, match="zip"):  # `create subscription s` alone is no statement.
        plan_statements(cast(ReplayTools, tools), migration)
