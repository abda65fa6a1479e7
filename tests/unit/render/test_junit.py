"""JUnit XML: one case for each file and family of rules, and always one for the run itself."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ErrorReport, ExitCode
from dbmate_wrap.render.annotations import Repository
from dbmate_wrap.render.junit import render
from tests.support.cases import assert_golden
from tests.support.fleet_outcomes import WITH_JUNIT, fleet_up_failed
from tests.support.outcomes import ENDED, OUTCOMES, check, check_good, check_hostile, check_replay
from tests.support.schemas import junit_faults

SHOP = Repository(PurePosixPath("/srv/shop"), "crm")
CHECKS = [name for name in OUTCOMES if name.startswith("check")]
ORDERS = "crm/db/migrations/002_add_orders.sql"


def suites(run: Outcome) -> ET.Element:
    """The report, which readers must like."""
    text = render(run, SHOP, ENDED)
    assert junit_faults(text) == []
    return ET.fromstring(text)


def case(run: Outcome, family: str, name: str) -> ET.Element:
    """One case."""
    [found] = suites(run).findall(f".//testcase[@classname='dbmate-wrap.{family}'][@name='{name}']")
    return found


@pytest.mark.parametrize("name", [*CHECKS, *WITH_JUNIT])
def test_what_is_written_is_the_golden_report(name: str) -> None:
    assert_golden(f"{name}.junit.xml", render(OUTCOMES[name](), SHOP, ENDED))


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_report_is_one_that_can_be_read(name: str) -> None:
    suites(OUTCOMES[name]())


def test_the_schema_says_no() -> None:
    text = render(check(), SHOP, ENDED)
    assert junit_faults(text.replace(' failures="3"', ' failures="some"')) != []
    assert junit_faults(text.replace("<system-out>", "<out>").replace("</system-out>", "</out>")) != []


def test_counts_are_those_of_the_cases() -> None:
    for name in (*CHECKS, *WITH_JUNIT):
        root = suites(OUTCOMES[name]())
        for element in (root, *root.findall("testsuite")):
            assert element.get("tests") == str(len(element.findall(".//testcase")))
            assert element.get("failures") == str(len(element.findall(".//failure")))


def test_errors_are_one_failure_of_the_file_and_warnings_are_its_output() -> None:
    found = case(check(), "sql", ORDERS)
    failure, output = found.find("failure"), found.findtext("system-out")
    assert failure is not None
    assert failure.get("message") == "sets search_path (and 1 more)"
    assert failure.get("type") == "search-path"
    assert f"error: {ORDERS}:4: writes rows: INSERT INTO orders\nhint: do it elsewhere" in (
        failure.text or ""
    )
    assert output is not None
    assert output.startswith("warning: ")
    assert case(check(), "squawk", ORDERS).find("failure") is None


def test_every_file_that_was_judged_is_a_case_of_the_families_that_judge_all() -> None:
    names = [element.get("name") for element in suites(check_good()).findall(".//testcase")]
    assert names == ["check", *["crm/db/migrations/001_init.sql", ORDERS] * 3]


def test_the_error_of_the_run_fails_its_own_case() -> None:
    failure = case(check_replay(), "run", "check").find("failure")
    assert failure is not None
    assert failure.get("type") == "failed"
    assert case(check_good(), "run", "check").find("failure") is None


def test_text_from_outside_stays_text() -> None:
    failure = suites(check_hostile()).find(".//failure")
    assert failure is not None
    assert "<b>@all</b> <!-- --> &amp; #12 ]]> \\x1b[31m\\x00" in (failure.text or "")
    assert "\n" in (failure.get("message") or "")


@settings(deadline=None)  # A busy machine is no fault.
@given(st.text(min_size=1), st.text())
def test_whatever_the_text_it_is_xml(file: str, message: str) -> None:
    run = check_good()
    run.findings = [
        Finding("data-write", "error", file, 1, 1, message),
        Finding("data-write", "warning", file, 1, 1, message),
    ]
    assert len(suites(run).findall(".//failure")) == 1


def test_a_fleet_is_a_suite_with_a_case_for_each_target() -> None:
    run = fleet_up_failed()
    [suite] = suites(run).findall("testsuite[@name='dbmate-wrap fleet tenants']")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("200", "50", "0")
    failed = case(run, "tenants", "tenant-150").find("failure")
    assert failed is not None
    assert (failed.get("type"), failed.get("message")) == (
        "failed",
        'could not create unique index "users_email_key"',
    )
    assert "SQLSTATE: 23505" in (failed.text or "")
    # The error of the run says no more than those cases.
    assert case(run, "run", "fleet up").find("failure") is None


def test_of_a_fleet_what_was_not_begun_is_skipped_and_what_nobody_reported_is_an_error() -> None:
    skipped = case(OUTCOMES["fleet-up-stopped"](), "tenants", "tenant-04").find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "the first 3 databases failed alike"
    error = case(OUTCOMES["fleet-report"](), "tenants", "tenant-5").find("error")
    assert error is not None
    assert (error.get("type"), error.get("message")) == ("unreported", "no shard reported it")


def test_the_error_of_a_run_that_came_to_no_target_stays() -> None:
    run = OUTCOMES["fleet-up"]()
    run.ends, run.exit, run.error = [], ExitCode.CONFIG, ErrorReport("no such fleet")
    failure = case(run, "run", "fleet up").find("failure")
    assert failure is not None
    assert failure.get("message") == "no such fleet"


def test_a_case_has_the_time_that_its_target_took() -> None:
    run = OUTCOMES["fleet-up"]()
    run.ends = [replace(run.ends[0], duration_ms=1500), replace(run.ends[1], duration_ms=2000), run.ends[2]]
    assert [case(run, "tenants", end.row.name).get("time") for end in run.ends] == ["1.5", "2", "0"]
