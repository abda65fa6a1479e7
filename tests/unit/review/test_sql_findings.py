"""What the SQL rules say is kept for the same files, and for no others."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.migrations.parse import parse_migration
from dbmate_wrap.policy import sql_rules
from dbmate_wrap.policy.sql_rules import RuleContext, SqlJudgement, check_sql
from dbmate_wrap.review import sql_findings
from dbmate_wrap.review.sql_findings import SqlFindings, find_in_sql
from tests.support.cases import migration_file

CONTEXT = RuleContext((None, "schema_migrations"), "db/migrations")


def migration(name: str, up: str) -> ParsedMigration:
    text = f"-- migrate:up\n{up}\n-- migrate:down\n"
    parsed = parse_migration(migration_file(name, text), text)
    assert isinstance(parsed, ParsedMigration)
    return parsed


HISTORY = [
    migration("001_a.sql", "create table app.t (i int);"),
    migration("002_b.sql", "delete from app.t;"),
    migration("003_c.sql", "set search_path = app;"),
]
DROP = migration("004_d.sql", "drop table app.t;")
Find = Callable[..., SqlFindings]


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were judged anew, and not known."""
    names: list[str] = []

    def judge(
        migrations: Sequence[ParsedMigration], context: RuleContext, known: Sequence[SqlJudgement] = ()
    ) -> tuple[SqlJudgement, ...]:
        names.extend(each.file.name for each in migrations[len(known) :])
        return original(migrations, context, known)

    original = sql_rules.judge
    monkeypatch.setattr(sql_rules, "judge", judge)
    return names


def test_the_same_files_are_judged_once(tmp_path: Path, judged: list[str]) -> None:
    first = find_in_sql(HISTORY, CONTEXT, tmp_path)
    again = find_in_sql(HISTORY, CONTEXT, tmp_path)
    assert first == again == SqlFindings(check_sql(HISTORY, CONTEXT), were_checked=True)
    assert {found.rule for found in first.findings} == {"data-write", "search-path"}
    assert judged[:3] == ["001_a.sql", "002_b.sql", "003_c.sql"]
    assert judged[3:] == judged[:3]  # By check_sql of this test.


def test_what_is_known_needs_no_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = find_in_sql(HISTORY, CONTEXT, tmp_path)
    monkeypatch.setitem(sys.modules, "postgast", None)
    monkeypatch.setattr(sql_findings, "_program", lambda: ())
    assert not find_in_sql(HISTORY, CONTEXT, tmp_path).were_checked
    monkeypatch.undo()
    monkeypatch.setattr(sql_rules, "judge", None)
    assert find_in_sql(HISTORY, CONTEXT, tmp_path) == first


def test_a_new_file_is_judged_by_what_the_known_ones_make(tmp_path: Path, judged: list[str]) -> None:
    find_in_sql(HISTORY, CONTEXT, tmp_path)
    judged.clear()
    found = find_in_sql([*HISTORY, DROP], CONTEXT, tmp_path)
    assert judged == ["004_d.sql"]
    assert "drops-before-rollout" in {each.rule for each in found.findings}
    assert found.findings == check_sql([*HISTORY, DROP], CONTEXT)


def test_what_is_merged_meanwhile_is_a_notice(tmp_path: Path) -> None:
    find_in_sql(HISTORY, CONTEXT, tmp_path)
    merged = replace(CONTEXT, merged=frozenset({"002_b.sql"}))
    found = find_in_sql(HISTORY, merged, tmp_path).findings
    assert found == check_sql(HISTORY, merged)
    assert {each.severity for each in found if each.rule == "data-write"} == {"notice"}


@pytest.mark.parametrize(
    ("files", "context", "anew"),
    [
        ([HISTORY[0], migration("002_b.sql", "select 1;"), HISTORY[2]], CONTEXT, 2),
        ([HISTORY[0], migration("002_x.sql", "delete from app.t;"), HISTORY[2]], CONTEXT, 2),
        ([HISTORY[1], HISTORY[0], HISTORY[2]], CONTEXT, 3),
        ([migration("001_init.sql", "create table app.t (i int);"), *HISTORY[1:]], CONTEXT, 3),
        (HISTORY, replace(CONTEXT, history_table=("ops", "applied")), 3),
        (HISTORY, replace(CONTEXT, folder="migrations"), 3),
        (HISTORY[:2], CONTEXT, 0),
    ],
    ids=["content", "name", "order", "baseline", "table", "folder", "fewer"],
)
def test_what_is_other_than_before_is_judged_anew(
    tmp_path: Path, judged: list[str], files: list[ParsedMigration], context: RuleContext, anew: int
) -> None:
    find_in_sql(HISTORY, CONTEXT, tmp_path)
    judged.clear()
    found = find_in_sql(files, context, tmp_path)
    assert len(judged) == anew
    assert found.findings == check_sql(files, context)


def test_another_program_judges_all_anew(
    tmp_path: Path, judged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    find_in_sql(HISTORY, CONTEXT, tmp_path)
    judged.clear()
    before = sql_findings._program()
    monkeypatch.setattr(sql_findings, "_program", lambda: (*before, "a rule more"))
    find_in_sql(HISTORY, CONTEXT, tmp_path)
    assert len(judged) == 3


def test_the_program_is_its_files(tmp_path: Path) -> None:
    names = {each[0] for each in sql_findings._program()[1:] if isinstance(each, tuple)}
    assert {"data_write.py", "parse.py", "migration.py", "sql_rules.py"} <= names


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", "[[1]]", '["\\ud800"]'])
def test_what_is_not_ours_counts_for_nothing(tmp_path: Path, judged: list[str], text: str) -> None:
    find_in_sql(HISTORY, CONTEXT, tmp_path)
    [file] = (tmp_path / ".dbmate-wrap").glob("*/sql-findings")
    signature = file.read_text().partition("\n")[0]
    file.write_text(f"{signature}\n{text}")
    judged.clear()
    assert find_in_sql(HISTORY, CONTEXT, tmp_path).findings == check_sql(HISTORY, CONTEXT)
    assert judged[:3] == ["001_a.sql", "002_b.sql", "003_c.sql"]


def test_a_branch_cannot_bring_what_it_wants_said(tmp_path: Path, judged: list[str]) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    find_in_sql(HISTORY, CONTEXT, theirs)
    (theirs / ".dbmate-wrap").rename(theirs / "moved")
    for path in (theirs / "moved").rglob("*"):
        target = ours / ".dbmate-wrap" / path.relative_to(theirs / "moved")
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            target.write_bytes(path.read_bytes())
    judged.clear()
    find_in_sql(HISTORY, CONTEXT, ours)
    assert len(judged) == 3


def test_where_nothing_can_be_kept_all_is_judged_each_time(tmp_path: Path, judged: list[str]) -> None:
    (tmp_path / ".dbmate-wrap").write_text("a file")
    for _ in range(2):
        assert len(find_in_sql(HISTORY, CONTEXT, tmp_path).findings) == 2
    assert len(judged) == 6
