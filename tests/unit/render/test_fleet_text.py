"""What a person sees of a fleet: folded to a screen, and whole where that is asked for."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.domain.finding import Check
from dbmate_wrap.domain.fleet_result import FleetResult, FleetTargetResult, FleetTargetRow, TargetState
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ErrorReport, ExitCode
from dbmate_wrap.render import text
from dbmate_wrap.render.table import PLAIN, Paint, View
from tests.support.fleet_outcomes import (
    fleet_drift,
    fleet_report,
    fleet_run,
    fleet_up_failed,
    fleet_up_stopped,
)
from tests.support.fleets import end_of, scope_of
from tests.support.outcomes import STARTED

NARROW = View(80)


def failed_run(number: int, names: list[str] | None = None) -> Outcome:
    names = names or [f"t{each}" for each in range(number)]
    error = ErrorReport("no", None, "23505", "014_x.sql")
    ends = [end_of(name, "failed", "013", exit=ExitCode.FAILED, error=error) for name in names]
    return fleet_run("up", scope_of("up", names=names), ends)


@pytest.mark.parametrize("view", [View(80, verbose=True), View(verbose=True)])
def test_all_names_are_there_where_they_are_asked_for(view: View) -> None:
    for run, number in ((fleet_up_failed(), 50), (fleet_up_stopped(), 59)):
        shown = text.render(run, PLAIN, view)
        assert len(set(re.findall(r"tenant-\d+", shown))) == number
        assert "more" not in shown


def test_full_asks_for_all_names_too() -> None:
    run = fleet_up_failed()
    run.full = True
    assert text.render(run, PLAIN) == text.render(fleet_up_failed(), PLAIN, View(verbose=True))


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_names_fill_three_lines_of_the_terminal(columns: int) -> None:
    shown = text.render(failed_run(400), PLAIN, View(columns)).split("\n")
    lines = [line for line in shown if line.startswith("  t")][:3]
    assert all(columns - 10 < len(line) <= columns for line in lines)
    told = len(re.findall(r"t\d+", "".join(lines)))
    assert lines[-1].endswith(f" and {400 - told} more (--verbose)")


def test_a_log_is_folded_as_a_terminal_of_eighty_columns() -> None:
    run = fleet_up_failed()
    assert text.render(run, PLAIN) == text.render(run, PLAIN, NARROW)


@given(st.lists(st.text("ab-", min_size=1, max_size=100), min_size=2, max_size=60, unique=True))
def test_each_name_is_shown_whole_or_counted(names: list[str]) -> None:
    shown = text.render(failed_run(0, names), PLAIN, NARROW)
    block = shown[shown.index("SQLSTATE 23505\n  ") + 17 : shown.index(f"\n  {names[0]}: no")]
    body, _, more = block.partition(" and ")
    listed = [name.strip() for name in body.replace("\n", " ").split(", ")]
    assert listed == names[: len(listed)]
    assert len(listed) + int(more.split(" ")[0] if more else 0) == len(names)


def test_a_database_that_fails_alone_is_named_once() -> None:
    shown = text.render(failed_run(1), PLAIN, NARROW)
    assert "\n1 database: exit 30 (failed), 014_x.sql, SQLSTATE 23505\n  t0: no\n  one alone:" in shown


def test_what_may_go_away_by_itself_is_yellow_and_the_rest_red() -> None:
    shown = text.render(fleet_up_failed(), Paint(True), NARROW)
    assert "\x1b[31m40 databases: exit 30 (failed), 014_unique_email.sql, SQLSTATE 23505\x1b[0m" in shown
    assert "\x1b[33m3 databases: exit 21 (unreachable)\x1b[0m" in shown
    assert "\x1b[32m140 applied\x1b[0m" in shown


def test_many_kinds_of_failure_are_told_as_their_number() -> None:
    ends = [
        end_of(f"t{number}", exit=ExitCode.FAILED, error=ErrorReport("no", migration=f"{number}.sql"))
        for number in range(30)
    ]
    run = fleet_run("up", scope_of("up"), ends)
    shown = text.render(run, PLAIN, NARROW)
    assert shown.count("one alone:") == 20
    assert "\nand 10 more kinds of failure, of 10 databases (--verbose)\n" in shown
    assert text.render(run, PLAIN, View(verbose=True)).count("one alone:") == 30


def test_many_versions_are_folded_after_the_newest() -> None:
    ends = [end_of(f"t{number}", version=f"{number:03}") for number in range(100)]
    run = fleet_run("status", scope_of("status"), ends)
    shown = text.render(run, PLAIN, NARROW)
    assert re.search(r"\n080 .*\n\.\.\.      80 more versions \(--verbose\) +80\n", shown)
    assert "\n079 " not in shown
    assert "\n000 " in text.render(run, PLAIN, View(verbose=True))


def test_a_difference_of_the_schema_is_no_failure_and_versions_say_nothing_about_it() -> None:
    shown = text.render(fleet_drift(), PLAIN, NARROW)
    assert "\n1 same, 2 different\n" in shown
    assert "version" not in shown
    run = fleet_drift()
    run.ends.append(end_of("d", version=None, exit=ExitCode.UNREACHABLE))
    again = fleet_run("drift", scope_of("drift"), run.ends)
    assert "\n1 same, 2 different, 1 failed\n" in text.render(again, PLAIN, NARROW)


def test_where_nobody_answered_no_version_is_claimed() -> None:
    ends = [end_of("a", version=None, exit=ExitCode.UNREACHABLE)]
    assert "version" not in text.render(fleet_run("up", scope_of("up", names="a"), ends), PLAIN)
    fresh = fleet_run("status", scope_of("status", names="a"), [end_of("a", "pending", None)])
    assert "\nnone     " in text.render(fresh, PLAIN)


def test_files_of_a_report_that_are_whole_are_told_to_who_asks_for_more() -> None:
    assert "shard-1.jsonl" not in text.render(fleet_report(), PLAIN)
    assert "shard-1.jsonl" in text.render(fleet_report(), PLAIN, View(verbose=True))
    run = fleet_report()
    run.checks = [Check("report-file", "fail", "x.jsonl: ended with 10 (config): no")]
    assert "\nx.jsonl: ended with 10 (config): no\n" in text.render(run, PLAIN)


def target_run(state: TargetState, version: str | None = None, pending: int = 0) -> Outcome:
    run = Outcome("fleet up", "production", "0123456789ab", STARTED)
    run.result = FleetTargetResult(
        FleetTargetRow("tenants", "acme", (), None, "d" * 64, state, version, pending)
    )
    return run


@pytest.mark.parametrize(
    ("run", "line"),
    [
        (target_run("applied", "014"), "acme  applied at 014"),
        (target_run("up to date"), "acme  up to date"),
        (target_run("pending", "013", 2), "acme  2 pending at 013"),
        (target_run("not begun", "013"), "acme  not begun at 013"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_target_is_one_line(run: Outcome, line: str) -> None:
    assert text.render(run, PLAIN) == f"{line}\n"


def test_a_target_is_one_line_whatever_its_error_says() -> None:
    run = target_run("failed")
    run.exit, run.error = ExitCode.FAILED, ErrorReport("a\nb\x1b" + "c" * 1000, sqlstate="23505")
    shown = text.render(run, PLAIN)
    assert shown.startswith("acme  failed, exit 30: a b\\x1bccc")
    assert shown.endswith("ccc... (23505)\n")
    assert (shown.count("\n"), len(shown) < 400) == (1, True)


def test_the_part_of_a_fleet_is_told_with_the_whole() -> None:
    run = failed_run(3)
    assert isinstance(run.result, FleetResult)
    run.result = FleetResult(replace(run.result.fleet, size=200, shard="2/8", where=("region=eu", "tier=1")))
    heading = text.render(run, PLAIN).split("\n")[0]
    assert heading == "production  fleet tenants: 3 of 200 databases, shard 2/8, region=eu, tier=1"
