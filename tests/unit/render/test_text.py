"""People read the result on stdout, and warnings and the error on stderr."""

import pytest

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.outcome import MigrationRow, Target
from dbmate_wrap.errors import ErrorReport, ExitCode
from dbmate_wrap.render import text
from dbmate_wrap.render.stderr_text import stderr_text
from dbmate_wrap.render.table import PLAIN, Paint, View
from tests.support.cases import HERE, assert_golden
from tests.support.outcomes import OUTCOMES, outcome, status, status_hostile, up

COLOURED = Paint(True)


@pytest.mark.parametrize("name", OUTCOMES)
def test_what_is_shown_is_the_golden_text(name: str) -> None:
    run = OUTCOMES[name]()
    shown = text.render(run, PLAIN, View(80))
    stderr = stderr_text(run, PLAIN, quiet=False)
    assert_golden(f"{name}.txt", f"--- stdout\n{shown}--- stderr\n{stderr}")


def test_every_golden_file_belongs_to_an_outcome() -> None:
    assert {path.name.partition(".")[0] for path in (HERE / "render").iterdir()} == set(OUTCOMES)


@pytest.mark.parametrize("name", OUTCOMES)
def test_without_colours_there_is_not_one_control_character(name: str) -> None:
    run = OUTCOMES[name]()
    shown = text.render(run, PLAIN) + stderr_text(run, PLAIN, quiet=False)
    assert all(line.isprintable() or "\xa0" in line for line in shown.split("\n"))
    assert "\x1b" not in shown


@pytest.mark.parametrize("name", OUTCOMES)
def test_colours_change_nothing_else(name: str) -> None:
    run = OUTCOMES[name]()
    plain = text.render(run, PLAIN) + stderr_text(run, PLAIN, quiet=False)
    coloured = text.render(run, COLOURED) + stderr_text(run, COLOURED, quiet=False)
    for code in ("0", "1", "2", "31", "32", "33"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured == plain


def test_states_and_severities_have_colours() -> None:
    shown = text.render(status(), COLOURED)
    assert "\x1b[32mapplied\x1b[0m" in shown
    assert "\x1b[33mpending\x1b[0m" in shown
    assert "\x1b[31medited\x1b[0m" in shown
    assert "\x1b[31merror\x1b[0m: " in stderr_text(status(), COLOURED, quiet=False)


@pytest.mark.parametrize("name", [name for name in OUTCOMES if "hostile" not in name])
def test_ordinary_results_fit_into_eighty_columns(name: str) -> None:
    shown = text.render(OUTCOMES[name](), PLAIN, View(80))
    assert max((len(line) for line in shown.split("\n")), default=0) <= 80


@pytest.mark.parametrize(
    ("view", "kind"), [(View(160), "wide"), (View(), "pipe"), (View(80, verbose=True), "verbose")], ids=str
)
def test_a_plan_is_folded_to_what_fits_and_whole_where_that_is_asked_for(view: View, kind: str) -> None:
    shown = text.render(OUTCOMES["plan-measured"](), PLAIN, view)
    assert_golden(f"plan-measured.{kind}", shown)
    if view.columns and not view.verbose:
        assert max(map(len, shown.split("\n"))) <= view.columns


def test_a_matrix_has_durations_and_the_last_deployment_where_more_is_wanted() -> None:
    shown = text.render(OUTCOMES["status-all"](), PLAIN, View(verbose=True))
    assert "002_add_orders.sql  applied, 38 s   pending\n" in shown
    last = "  dev: 002_add_orders.sql  2026-01-31 12:00:00Z  up by ada@laptop, commit 0000000000 (dirty)\n"
    assert f"\nDeployed last:\n{last}" in shown


def test_every_table_ends_with_one_newline_and_no_line_with_spaces() -> None:
    for make in OUTCOMES.values():
        shown = text.render(make(), PLAIN)
        assert not shown or (shown.endswith("\n") and not shown.endswith("\n\n"))
        assert all(line == line.rstrip() for line in shown.split("\n"))


def test_quiet_leaves_out_warnings_and_never_errors() -> None:
    run = up()
    run.findings.append(Finding("edited", "error", "f.sql", 1, 1, "f.sql was changed"))
    run.error = ErrorReport("it failed")
    shown = stderr_text(run, PLAIN, quiet=True)
    assert "unsealed" not in shown
    assert "f.sql was changed" in shown
    assert "error: it failed" in shown


def test_a_run_without_findings_or_error_says_nothing_on_stderr() -> None:
    assert stderr_text(outcome("up"), PLAIN, quiet=False) == ""


def test_a_run_without_result_says_nothing_on_stdout() -> None:
    assert text.render(outcome("up"), PLAIN) == ""
    assert text.render(outcome("new"), PLAIN) == ""


def test_the_error_ends_with_the_code_that_scripts_get() -> None:
    run = outcome("up")
    run.exit, run.error = ExitCode.LOCKED, ErrorReport("busy")
    assert stderr_text(run, PLAIN, quiet=True) == "error: busy\n  exit: 23 (locked)\n"


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("h.example.com", "on h.example.com:5432,"),
        ("::1", "on [::1]:5432,"),
        ("/run/pg", "on /run/pg,"),
        ("10.0.0.1", "on 10.0.0.1:5432,"),
    ],
)
def test_the_heading_names_the_place(host: str, shown: str) -> None:
    run = outcome("status", target=Target(host, 5432, "crm", "18.1"))
    run.summary = "x"
    assert shown in text.render(run, PLAIN).split("\n")[0]


@pytest.mark.parametrize(
    ("file", "line", "start"),
    [
        ("f.sql", 3, "error: f.sql:3: m [r]"),
        ("f.sql", None, "error: f.sql: m [r]"),
        (None, None, "error: m [r]"),
        (None, 3, "error: m [r]"),
    ],
)
def test_a_finding_names_as_much_of_its_place_as_is_known(
    file: str | None, line: int | None, start: str
) -> None:
    run = outcome("check")
    run.findings = [Finding("r", "error", file, line, 1, "m")]
    assert stderr_text(run, PLAIN, quiet=False) == f"{start}\n"


def test_long_names_are_never_cut() -> None:
    name = f"001_{'x' * 240}.sql"
    run = outcome("status")
    run.migrations = [MigrationRow("001", name, "applied", None, None)]
    assert name in text.render(run, PLAIN)


def test_text_with_lone_surrogates_can_be_written() -> None:
    run = status_hostile()
    (text.render(run, PLAIN) + stderr_text(run, PLAIN, quiet=False)).encode("utf-8")


def test_a_thousand_rows_are_drawn_once_each() -> None:
    run = outcome("up")
    run.migrations = [MigrationRow(f"{n:04}", f"{n:04}_x.sql", "applied", None, None) for n in range(1000)]
    run.applied = [row.version for row in run.migrations]
    assert text.render(run, PLAIN).count("applied") == 1000
