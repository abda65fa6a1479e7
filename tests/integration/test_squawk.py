"""The real squawk on migrations: places, transactions, comments, and files on which it fails."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration
from dbmate_wrap.errors import BinaryError
from dbmate_wrap.migrations.parse import parse_migration
from dbmate_wrap.policy import squawk
from tests.support.projects import migration

pytestmark = pytest.mark.integration

_FOUND = squawk.find_squawk(Path(sys.executable).parent, "")
assert _FOUND is not None, "squawk-cli is not installed beside this python"
SQUAWK = _FOUND


def check(
    files: Mapping[str, str],
    *,
    program: Path = SQUAWK,
) -> tuple[Finding, ...]:
    migrations = [_parsed(name, text) for name, text in files.items()]
    return squawk.hazards(program, migrations, "db/m")


def _parsed(name: str, text: str) -> ParsedMigration:
    found = parse_migration(MigrationFile(name, name[:3], "", text.encode()), text)
    assert isinstance(found, ParsedMigration), found
    return found


def rules(found: tuple[Finding, ...]) -> list[tuple[int | None, str]]:
    return [(one.line, one.rule.removeprefix("squawk/")) for one in found]


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


INDEX = "CREATE INDEX i ON app.a (x);"


def test_a_hazard_is_a_warning_at_its_place() -> None:
    (found,) = check({"001 für alle.sql": migration("/* ü */ DROP TABLE app.a;")})
    assert (found.rule, found.severity, found.file) == (
        "squawk/ban-drop-table",
        "warning",
        "db/m/001 für alle.sql",
    )
    assert (found.line, found.column) == (2, 9)
    assert found.hint == "see https://squawkhq.com/docs/ban-drop-table"
    assert found.message == "Dropping a table may break existing clients"


def test_nothing_is_looked_for_after_migrate_down() -> None:
    assert check({"001_a.sql": migration("SELECT 1;", "DROP TABLE app.a;")}) == ()


@pytest.mark.parametrize("options", ["", "transaction:false"])
def test_nobody_is_advised_to_hide_an_invalid_index_behind_if_not_exists(options: str) -> None:
    index = "CREATE INDEX CONCURRENTLY i ON app.a (x);"
    assert check({"001_a.sql": migration(index, options=options)}) == ()


def test_an_index_on_a_table_of_the_same_transaction_is_no_hazard() -> None:
    table = "CREATE TABLE app.a (x bigint);"
    assert check({"001_a.sql": migration(f"{table}\n{INDEX}")}) == ()
    two = migration(table) + migration(INDEX)
    assert rules(check({"001_a.sql": two})) == [(7, "require-concurrent-index-creation")]


def test_the_hint_for_a_concurrent_index_says_how_dbmate_can_do_it() -> None:
    (found,) = check({"001_a.sql": migration(INDEX)})
    assert found.hint is not None
    assert "transaction:false" in found.hint


def test_a_concurrent_index_outside_a_transaction_is_no_hazard() -> None:
    text = "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON app.a (x)"
    assert check({"001_a.sql": migration(text, options="transaction:false")}) == ()


def test_sections_of_one_file_are_checked_each_for_itself() -> None:
    robust, plain = "DROP TABLE IF EXISTS app.a", "DROP TABLE app.b"
    text = (
        migration(plain)
        + migration(plain, options="transaction:false")
        + migration(robust)
        + migration(plain)
    )
    found = check({"001_a.sql": text})
    assert rules(found) == [
        (2, "ban-drop-table"),
        (7, "ban-drop-table"),
        (12, "ban-drop-table"),
        (17, "ban-drop-table"),
    ]


def test_what_is_said_here_already_is_left_out() -> None:
    text = "BEGIN;\nCREATE INDEX CONCURRENTLY IF NOT EXISTS i ON app.a (x);\nSAVEPOINT s;\nCOMMIT;\nBEGIN;"
    assert check({"001_a.sql": migration(text)}) == ()


def test_comments_for_squawk_keep_working() -> None:
    drop = "DROP TABLE app.a;"
    assert check({"001_a.sql": migration(f"-- squawk-ignore ban-drop-table\n{drop}")}) == ()
    assert check({"001_a.sql": "-- squawk-ignore-file ban-drop-table\n" + migration(drop)}) == ()
    below = migration(drop, "-- squawk-ignore-file ban-drop-table")
    assert rules(check({"001_a.sql": below})) == [(2, "ban-drop-table")]


def test_no_comment_turns_the_transaction_off() -> None:
    text = "-- squawk-disable-assume-in-transaction\nALTER TABLE app.a ADD COLUMN c bigint;"
    assert check({"001_a.sql": migration(text)}) == ()


def test_a_configuration_of_the_user_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".squawk.toml").write_text('excluded_rules = ["ban-drop-table"]\nnonsense')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("dbmate_wrap.migrations.stage._IN_MEMORY", str(tmp_path))
    assert rules(check({"001_a.sql": migration("DROP TABLE app.a;")})) == [(2, "ban-drop-table")]
    assert [path.name for path in tmp_path.iterdir()] == [".squawk.toml"]


def test_line_ends_of_windows_move_nothing() -> None:
    text = migration("SELECT 1;\nDROP TABLE app.a;").replace("\n", "\r\n")
    assert rules(check({"001_a.sql": text})) == [(3, "ban-drop-table")]


def test_a_file_that_squawk_cannot_read_is_a_notice_and_hides_no_other() -> None:
    files = {"001_a.sql": migration("SELECT );"), "002_b.sql": migration("DROP TABLE app.a;")}
    notice, found = check(files)
    assert (notice.rule, notice.severity, notice.file) == (squawk.NOT_JUDGED, "notice", "db/m/001_a.sql")
    assert (notice.line, notice.column) == (2, 8)
    assert found.rule == "squawk/ban-drop-table"


def test_deep_nesting_is_read() -> None:
    deep = migration("SELECT " + "(" * 5_000 + "1" + ")" * 5_000 + ";\nDROP TABLE app.a;")
    assert rules(check({"001_a.sql": deep})) == [(3, "ban-drop-table")]


def test_a_file_that_crashes_squawk_is_named_and_hides_no_other(tmp_path: Path) -> None:
    crashing = script(
        tmp_path / "squawk",
        f'if grep -q BOOM *.sql; then echo overflow >&2; kill -SEGV $$; fi\nexec {SQUAWK} "$@"',
    )
    files = {f"{number:03}_a.sql": migration("DROP TABLE app.a;") for number in range(9)}
    files["004_a.sql"] = files["007_a.sql"] = migration("SELECT 'BOOM';")
    found = check(files, program=crashing)
    notices = [one for one in found if one.severity == "notice"]
    assert [one.file for one in notices] == ["db/m/004_a.sql", "db/m/007_a.sql"]
    assert "signal 11" in notices[0].message
    assert len(found) == 9


BROKEN = {
    "no squawk": ("echo hello", "no report, exit code 0"),
    "failing": ("echo cannot load libc >&2; echo more >&2; exit 127", "cannot load libc (exit code 127)"),
    "crashing always": ("kill -9 $$", "signal 9"),
    "another shape": ("echo '[{}]'", "exit code 0"),
}


@pytest.mark.parametrize(("text", "said"), BROKEN.values(), ids=BROKEN)
def test_a_squawk_that_cannot_be_used_is_an_error_with_a_remedy(tmp_path: Path, text: str, said: str) -> None:
    program = script(tmp_path / "squawk", text)
    with pytest.raises(BinaryError) as caught:
        check({"001_a.sql": migration("SELECT 1;")}, program=program)
    assert said in caught.value.message
    assert "pip install" in (caught.value.hint or "")
    with pytest.raises(BinaryError):
        squawk.version(program)


def test_a_squawk_that_cannot_be_started_is_an_error(tmp_path: Path) -> None:
    program = tmp_path / "squawk"
    program.write_bytes(b"\x7fELF no program")
    program.chmod(0o755)
    with pytest.raises(BinaryError, match="Exec format error"):
        check({"001_a.sql": migration("SELECT 1;")}, program=program)
    with pytest.raises(BinaryError, match="No such file"):
        squawk.version(tmp_path / "missing")


def test_the_version_is_read() -> None:
    assert squawk.version(SQUAWK).count(".") == 2


def test_a_thousand_files_take_one_run(tmp_path: Path) -> None:
    log = tmp_path / "runs"
    counted = script(tmp_path / "squawk", f'echo run >>{log}\nexec {SQUAWK} "$@"')
    files = {f"{number:04}_a.sql": migration(f"DROP TABLE app.t{number};") for number in range(1000)}
    start = time.monotonic()
    found = check(files, program=counted)
    assert time.monotonic() - start < 5
    assert [one.file for one in found] == [f"db/m/{name}" for name in files]
    assert log.read_text().count("run") == 1


def test_more_findings_than_can_be_shown_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dbmate_wrap.policy.squawk.program._LIMIT", 20_000)
    files = {"001_a.sql": migration("DROP TABLE app.a;\n" * 200), "002_b.sql": migration("DROP TABLE app.a;")}
    notice, found = check(files)
    assert (notice.rule, notice.file) == (squawk.NOT_JUDGED, "db/m/001_a.sql")
    assert found.file == "db/m/002_b.sql"


@pytest.mark.slow
def test_a_huge_file_is_read() -> None:
    text = migration("SELECT 1 AS a_long_name_that_fills_the_file;\n" * 200_000 + "DROP TABLE app.a;")
    assert len(text) > 8_000_000
    assert rules(check({"001_a.sql": text})) == [(200_002, "ban-drop-table")]


def test_a_file_that_takes_squawk_too_long_is_named_and_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dbmate_wrap.policy.squawk.program._SECONDS", 2.0)
    slow = script(tmp_path / "squawk", f'if grep -q SLOW *.sql; then sleep 60; fi\nexec {SQUAWK} "$@"')
    long = "-- " + "x" * 20_000 + "\n"
    files = {f"{number:03}_a.sql": migration("DROP TABLE app.a;") for number in range(9)}
    files |= {f"{number:03}_b.sql": migration(long + "DROP TABLE app.a;") for number in (10, 11)}
    files["012_c.sql"] = migration(long + "SELECT 'SLOW';")
    found = check(files, program=slow)
    notices = [one for one in found if one.severity == "notice"]
    assert [(one.rule, one.file) for one in notices] == [(squawk.NOT_JUDGED, "db/m/012_c.sql")]
    assert "did not end within 2 s" in notices[0].message
    assert len(found) == 12


def test_when_everything_takes_squawk_too_long_there_is_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dbmate_wrap.policy.squawk.program._SECONDS", 0.5)
    runs = tmp_path / "runs"
    slow = script(
        tmp_path / "squawk", f'if grep -q SLOW *.sql; then echo >>{runs}; sleep 60; fi\nexec {SQUAWK} "$@"'
    )
    files = {f"{number:03}_a.sql": migration("SELECT 'SLOW';") for number in range(40)}
    found = check(files, program=slow)
    # By halves down to each file it would be 79.
    assert len(runs.read_text()) < 40
    assert [one.rule for one in found] == [squawk.NOT_JUDGED] * 40
