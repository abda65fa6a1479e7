"""Findings are told with their line of SQL, and no more of one kind than a person can read."""

import time
from dataclasses import replace

import pytest

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.errors import ErrorReport, ExitCode
from dbmate_wrap.render.stderr_text import severity_counts, stderr_text
from dbmate_wrap.render.table import PLAIN, Paint
from tests.support.outcomes import ORDERS, check, check_hostile, outcome

FILE = "db/migrations/002_add_orders.sql"


def warning(number: int, line: int = 2) -> Finding:
    """One of many of a rule."""
    return Finding("squawk/prefer-x", "warning", FILE, line, 1, f"number {number}")


def test_a_finding_shows_its_line_and_a_caret_before_its_hint() -> None:
    run = outcome("check")
    run.sources = {FILE: ORDERS}
    run.findings = [Finding("search-path", "error", FILE, 3, 2, "sets search_path", "qualify names")]
    assert stderr_text(run, PLAIN, quiet=False) == (
        f"error: {FILE}:3: sets search_path [search-path]\n"
        "    3 |     set search_path to app;\n"
        "      |     ^\n"
        "  hint: qualify names\n"
    )


@pytest.mark.parametrize(("line", "file"), [(None, FILE), (0, FILE), (99, FILE), (3, "other.sql"), (3, None)])
def test_without_such_a_line_there_is_no_frame(line: int | None, file: str | None) -> None:
    run = outcome("check")
    run.sources = {FILE: ORDERS}
    run.findings = [Finding("search-path", "error", file, line, 2, "m")]
    assert " | " not in stderr_text(run, PLAIN, quiet=False)


@pytest.mark.parametrize("column", [None, 1, 50, 72, 500, 3000])
def test_frames_fit_into_eighty_columns(column: int | None) -> None:
    run = outcome("check")
    run.sources = {FILE: "x" * 3000}
    run.findings = [Finding("r", "error", FILE, 1, column, "m")]
    assert max(map(len, stderr_text(run, PLAIN, quiet=False).split("\n"))) <= 80


def test_the_fourth_warning_of_a_rule_is_only_counted_unless_more_is_asked_for() -> None:
    run = outcome("check")
    run.findings = [warning(number) for number in range(5)]
    shown = stderr_text(run, PLAIN, quiet=False)
    assert "number 2" in shown
    assert "number 3" not in shown
    assert "warning: and 2 more with --verbose [squawk/prefer-x]\n5 warnings\n" in shown
    assert "number 4" in stderr_text(run, PLAIN, quiet=False, verbose=True)
    assert "more with" not in stderr_text(run, PLAIN, quiet=False, verbose=True)


def test_errors_are_never_left_out() -> None:
    run = outcome("check")
    run.findings = [Finding("data-write", "error", FILE, 1, 1, f"number {n}") for n in range(9)]
    assert "number 8" in stderr_text(run, PLAIN, quiet=True)


def test_one_error_alone_is_not_told_twice() -> None:
    run = outcome("check")
    run.findings = [Finding("data-write", "error", FILE, 1, 1, "writes rows", "do not")]
    run.error, run.exit = ErrorReport("writes rows", "do not"), ExitCode.POLICY
    shown = stderr_text(run, PLAIN, quiet=False)
    assert shown.count("writes rows") == shown.count("do not") == 1
    assert shown.endswith("  hint: do not\n  exit: 12 (policy)\n")
    run.exit = ExitCode.FAILED
    assert stderr_text(run, PLAIN, quiet=False).count("writes rows") == 2


def test_notices_of_a_rule_do_not_use_up_its_warnings() -> None:
    run = outcome("check")
    run.findings = [Finding("squawk/x", "notice", FILE, 1, 1, f"old {n}") for n in range(4)]
    run.findings += [Finding("squawk/x", "warning", FILE, 1, 1, "new")]
    shown = stderr_text(run, PLAIN, quiet=False)
    assert "notice: and 1 more with --verbose [squawk/x]" in shown
    assert "warning: " in shown


def test_what_is_found_in_merged_files_is_one_line() -> None:
    run = outcome("check")
    run.findings = [Finding("data-write", "notice", FILE, 1, 1, f"old {n}") for n in range(4)]
    run.findings += [Finding("data-write", "warning", "new.sql", 1, 1, "new")]
    run.old_files = [FILE]
    shown = stderr_text(run, PLAIN, quiet=False)
    assert "notice: 4 in merged files, which stay as they are; --verbose shows them\n" in shown
    assert "old" not in shown
    assert "warning: " in shown
    assert "old 3" in stderr_text(run, PLAIN, quiet=False, verbose=True)
    run.findings = run.findings[3:]
    assert "notice: 1 in merged files" in stderr_text(run, PLAIN, quiet=False)
    assert "old 3" not in stderr_text(run, PLAIN, quiet=False)


def test_other_commands_than_check_say_nothing_of_old_files_unless_asked() -> None:
    run = outcome("up")
    run.old_files = [FILE]
    run.findings = [Finding("file-name", "notice", FILE, 1, 1, "odd")]
    assert stderr_text(run, PLAIN, quiet=False) == ""
    assert "odd" in stderr_text(run, PLAIN, quiet=False, verbose=True)


def unsealed(*numbers: int) -> list[Finding]:
    """Findings that differ in their file alone."""
    names = [f"{number:03}_x.sql" for number in numbers]
    return [
        Finding(
            "unsealed", "warning", f"db/migrations/{name}", 1, 1, f"{name} is not in the lockfile", "seal"
        )
        for name in names
    ]


def test_many_findings_that_differ_in_their_file_alone_are_one_line() -> None:
    run = outcome("status")
    run.findings = unsealed(14, 15, 16)
    shown = stderr_text(run, PLAIN, quiet=False)
    assert shown == "warning: 3 unsealed: 014, 015, 016 [unsealed]\n  hint: seal\n3 warnings\n"
    assert stderr_text(run, PLAIN, quiet=True) == ""
    assert "016_x.sql is not in" in stderr_text(run, PLAIN, quiet=False, verbose=True)
    run.findings = unsealed(14, 15)
    assert "015_x.sql is not in the lockfile" in stderr_text(run, PLAIN, quiet=False)
    run.findings = unsealed(*range(1, 303))
    lines = stderr_text(run, PLAIN, quiet=False).splitlines()
    assert lines[0] == "warning: 302 unsealed: 001, 002, 003, 004, 005 and 297 more [unsealed]"
    assert len(lines) == 3


def test_errors_in_many_files_are_one_line_also_where_little_is_asked_for() -> None:
    run = outcome("up")
    run.findings = [replace(each, rule="file-name", severity="error") for each in unsealed(*range(1, 13))]
    for quiet in (False, True):
        shown = stderr_text(run, PLAIN, quiet=quiet)
        assert "error: 12 break file-name: 001, 002, 003, 004, 005 and 7 more [file-name]\n" in shown
        assert shown.count("file-name]") == 1


def test_a_line_says_how_many_there_are_where_there_is_more_than_one() -> None:
    run = check()
    assert severity_counts(run.findings) == "4 errors, 6 warnings, 1 notice"
    assert "\n4 errors, 6 warnings, 1 notice\n" in stderr_text(run, PLAIN, quiet=False)
    assert "warnings" not in stderr_text(run, PLAIN, quiet=True)
    run.findings = run.findings[:1]
    assert "1 error" not in stderr_text(run, PLAIN, quiet=False)


def test_lines_of_sql_cannot_steer_a_terminal() -> None:
    shown = stderr_text(check_hostile(), PLAIN, quiet=False)
    assert all(line.isprintable() for line in shown.split("\n"))


def test_colours_are_on_the_severity_alone() -> None:
    shown = stderr_text(check(), Paint(True), quiet=False)
    for line in shown.split("\n"):
        assert line.count("\x1b") in (0, 2)
    assert "\x1b[2mnotice\x1b[0m: " in shown


def test_five_thousand_findings_in_ten_megabytes_of_one_line_or_many_are_told_in_a_moment() -> None:
    for text in ("select 1; " * 1_000_000, "select 1;\n" * 1_000_000):
        run = outcome("check")
        run.sources = {FILE: text}
        lines = text.count("\n")
        run.findings = [
            Finding("data-write", "error", FILE, min(number * 200, lines) + 1, 5, "m")
            for number in range(5000)
        ]
        began = time.monotonic()
        assert stderr_text(run, PLAIN, quiet=False).count(" | select 1;") == 5000
        assert time.monotonic() - began < 3
