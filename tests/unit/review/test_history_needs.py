"""What a history needs of a server, and that most histories are asked by their words alone."""

from pathlib import Path

import pytest

from dbmate_wrap import sql
from dbmate_wrap.domain.history_needs import HistoryNeeds
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.migrations.parse import parse_migration
from dbmate_wrap.review.history_needs import read_needs
from dbmate_wrap.workspace.project_files import ProjectFiles
from tests.support.cases import migration_file


def needs_of(*ups: str) -> HistoryNeeds:
    """What migrations of these statements need."""
    parsed = []
    for number, up in enumerate(ups, 1):
        name, text = f"{number:03}_a.sql", f"-- migrate:up\n{up}\n-- migrate:down\n"
        migration = parse_migration(migration_file(name, text), text)
        assert isinstance(migration, ParsedMigration)
        parsed.append(migration)
    files = ProjectFiles("db/migrations", tuple(each.file for each in parsed), (), tuple(parsed))
    return read_needs(files, None, Path("/nosuch"))


@pytest.mark.parametrize(
    ("up", "needs"),
    [
        ("create extension pgcrypto;", HistoryNeeds(frozenset({"pgcrypto"}))),
        ("CREATE EXTENSION IF NOT EXISTS citext;", HistoryNeeds(frozenset({"citext"}))),
        ("do $$ begin create extension hstore; end $$;", HistoryNeeds(frozenset({"hstore"}))),
        ('create table a.b (c text collate "de-x-icu");', HistoryNeeds(icu=True)),
        ("create collation a.b (provider = icu, locale = 'de');", HistoryNeeds(icu=True)),
        ("grant select on a.b to reader;", HistoryNeeds(roles=frozenset({"reader"}))),
        ("revoke all on a.b from reader;", HistoryNeeds(roles=frozenset({"reader"}))),
        ("alter table a.b owner to app;", HistoryNeeds(roles=frozenset({"app"}))),
        ("create policy p on a.b to app using (true);", HistoryNeeds(roles=frozenset({"app"}))),
        ("create schema a authorization app;", HistoryNeeds(roles=frozenset({"app"}))),
        ("alter role app set timezone = 'UTC';", HistoryNeeds(roles=frozenset({"app"}))),
        ("alter user app set timezone = 'UTC';", HistoryNeeds(roles=frozenset({"app"}))),
        ("alter group app add user b;", HistoryNeeds(roles=frozenset({"app", "b"}))),
        ("create user mapping for app server s;", HistoryNeeds(roles=frozenset({"app"}))),
        ("reassign owned by app to postgres;", HistoryNeeds(roles=frozenset({"app"}))),
    ],
)
def test_what_a_history_needs(up: str, needs: HistoryNeeds) -> None:
    assert needs_of("create table a.b (i int);", up) == needs


def test_a_history_without_any_of_the_words_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "is_available", lambda: pytest.fail("the parser was loaded"))
    assert needs_of("create table a.b (i int);", "alter table a.b add column c text;") == HistoryNeeds()
