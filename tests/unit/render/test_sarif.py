"""SARIF that fits the official schema of OASIS, with what GitHub's code scanning needs."""

import json
from pathlib import PurePosixPath
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.policy.registry import RULES, text_of_rule
from dbmate_wrap.render.annotations import Repository
from dbmate_wrap.render.sarif import render
from tests.support.cases import assert_golden
from tests.support.outcomes import ENDED, OUTCOMES, check, check_good, check_replay
from tests.support.schemas import sarif_faults

SHOP = Repository(PurePosixPath("/srv/shop"), "crm")
CHECKS = [name for name in OUTCOMES if name.startswith("check")]
Json = dict[str, object]


def rendered(run: Outcome) -> str:
    """The text of the report."""
    return render(run, SHOP, ENDED, "1.2.3")


def run_of(text: str) -> Json:
    """The one run of a report that the official schema likes."""
    document = json.loads(text)
    assert sarif_faults(document) == []
    [run] = document["runs"]
    assert isinstance(run, dict)
    return run


def results_of(text: str) -> list[Json]:
    """Its results."""
    results = run_of(text)["results"]
    assert isinstance(results, list)
    return results


@pytest.mark.parametrize("name", CHECKS)
def test_what_is_written_is_the_golden_report(name: str) -> None:
    document = json.loads(rendered(OUTCOMES[name]()))
    for rule in document["runs"][0]["tool"]["driver"]["rules"]:
        # The words are those of the rule's page.
        assert all(rule.pop(key)["text"] for key in ("shortDescription", "fullDescription", "help"))
    assert_golden(f"{name}.sarif", json.dumps(document, indent=2) + "\n")


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_report_fits_the_official_schema(name: str) -> None:
    run_of(rendered(OUTCOMES[name]()))


def test_the_official_schema_is_the_one_that_says_no() -> None:
    document = json.loads(rendered(check()))
    document["runs"][0]["results"][0]["level"] = "fatal"
    assert len(sarif_faults(document)) == 1
    del document["runs"][0]["tool"]
    assert len(sarif_faults(document)) == 2


def test_a_result_has_its_rule_level_place_and_fingerprint() -> None:
    run = run_of(rendered(check()))
    results = run["results"]
    assert isinstance(results, list)
    first = results[0]
    mark = first.pop("partialFingerprints")["primaryLocationLineHash"]
    assert len(mark) == 64
    assert first == {
        "ruleId": "search-path",
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": "sets search_path\nhint: write app.orders instead"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {
                        "uri": "crm/db/migrations/002_add_orders.sql",
                        "uriBaseId": "%SRCROOT%",
                    },
                    "region": {"startLine": 3, "startColumn": 2},
                }
            }
        ],
    }
    tool = run["tool"]
    assert isinstance(tool, dict)
    rules = tool["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in results] == [each["ruleId"] for each in results]
    assert {result["level"] for result in results} == {"error", "warning", "note"}


def test_every_result_has_a_place_because_github_shows_none_without() -> None:
    places = [result["locations"] for result in results_of(rendered(check()))]
    assert all(places)
    [removed] = [result for result in results_of(rendered(check())) if result["ruleId"] == "removed"]
    assert "crm/db/migrations" in json.dumps(removed)


def test_the_error_of_a_replay_is_a_result_and_the_run_was_carried_out() -> None:
    run = run_of(rendered(check_replay()))
    assert run["invocations"] == [
        {
            "executionSuccessful": True,
            "exitCode": 30,
            "exitCodeDescription": "a migration failed and left nothing behind",
            "startTimeUtc": "2026-01-31T12:30:05.123Z",
            "endTimeUtc": "2026-01-31T12:30:06.623Z",
            "toolExecutionNotifications": [],
        }
    ]
    first = results_of(rendered(check_replay()))[0]
    assert first["ruleId"] == "failed"
    assert '"startLine": 7' in json.dumps(first)


def test_a_run_that_could_not_judge_says_so_and_does_not_look_clean() -> None:
    report = check_replay()
    report.exit = ExitCode.CONFIG
    run = run_of(rendered(report))
    assert '"executionSuccessful": false' in json.dumps(run["invocations"])
    assert "does not exist" in json.dumps(run["invocations"])
    assert results_of(rendered(report))[0]["ruleId"] == "config"


@given(st.text(min_size=1), st.text(), st.integers(), st.integers())
def test_whatever_the_text_the_report_is_valid(file: str, message: str, line: int, column: int) -> None:
    run = check_good()
    run.findings = [Finding("data-write", "error", file, line, column, message, message)]
    [result] = results_of(rendered(run))
    if file.isprintable() and not file.startswith("/"):
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]  # type: ignore[index]
        assert uri.isascii()
        assert unquote(uri) == f"crm/{file}"


def test_every_rule_has_the_words_that_github_shows_with_an_alert() -> None:
    for rule in (*RULES, "squawk/prefer-bigint-over-int"):
        words = text_of_rule(rule)
        assert words is not None
        assert all((words.what, words.why, words.remedy))
    assert text_of_rule("failed") is None
