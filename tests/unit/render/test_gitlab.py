"""GitLab's Code Quality report: unique fingerprints, severities that GitLab knows, a place for everything."""

import json
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.render.annotations import Repository
from dbmate_wrap.render.gitlab import render
from tests.support.cases import assert_golden
from tests.support.outcomes import OUTCOMES, check, check_good, check_replay
from tests.support.schemas import gitlab_faults

SHOP = Repository(PurePosixPath("/srv/shop"), "crm")
CHECKS = [name for name in OUTCOMES if name.startswith("check")]


def issues(run: Outcome) -> list[dict[str, object]]:
    """The report, which GitLab must like."""
    document = json.loads(render(run, SHOP))
    assert gitlab_faults(document) == []
    assert isinstance(document, list)
    return document


@pytest.mark.parametrize("name", CHECKS)
def test_what_is_written_is_the_golden_report(name: str) -> None:
    assert_golden(f"{name}.gitlab.json", render(OUTCOMES[name](), SHOP))


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_report_is_one_that_gitlab_reads(name: str) -> None:
    issues(OUTCOMES[name]())


def test_the_schema_says_no() -> None:
    document = issues(check())
    document[0]["severity"] = "error"
    assert len(gitlab_faults(document)) == 1
    del document[0]["fingerprint"]
    assert len(gitlab_faults(document)) == 2


def test_an_issue_has_its_rule_severity_and_place() -> None:
    first = issues(check())[0]
    assert first.pop("fingerprint")
    assert first == {
        "description": "sets search_path\nhint: write app.orders instead",
        "check_name": "search-path",
        "severity": "critical",
        "location": {"path": "crm/db/migrations/002_add_orders.sql", "lines": {"begin": 3}},
    }
    assert [each["severity"] for each in issues(check())] == ["critical"] * 4 + ["minor"] * 6 + ["info"]


def test_what_has_no_place_is_about_the_folder_of_the_migrations() -> None:
    [removed] = [each for each in issues(check()) if each["check_name"] == "removed"]
    assert removed["location"] == {"path": "crm/db/migrations", "lines": {"begin": 1}}


def test_the_error_of_the_run_is_an_issue() -> None:
    assert issues(check_replay())[0]["check_name"] == "failed"


def test_a_good_run_is_an_empty_list() -> None:
    assert issues(check_good()) == []


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(), st.text(max_size=3))))
def test_fingerprints_are_unique_whatever_was_found(found: list[tuple[str, int, str]]) -> None:
    run = check_good()
    run.sources = {"a": "x\ny\nx\n"}
    run.findings = [
        Finding("data-write", "error", file, line, None, text or "m") for file, line, text in found
    ]
    marks = [each["fingerprint"] for each in issues(run)]
    assert len(set(marks)) == len(found)
