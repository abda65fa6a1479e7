"""Renders SARIF 2.1.0 (OASIS), which code hosts and editors read."""

import json
from datetime import UTC, datetime
from pathlib import PurePath
from urllib.parse import quote

from dbmate_wrap.domain.finding import Finding, Severity
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import MEANINGS, ExitCode
from dbmate_wrap.policy.registry import family_of, rule_of
from dbmate_wrap.policy.rule_texts import RuleText, text_of_rule
from dbmate_wrap.render.annotations import Repository, annotations_of, fingerprints, text_of
from dbmate_wrap.render.json import JsonValue

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVEL: dict[Severity, str] = {"error": "error", "warning": "warning", "notice": "note"}
# GitHub takes no more of a description.
_LONGEST = 1024
# The run did what it is for; what it found is in the results.
_JUDGED = frozenset({ExitCode.OK, ExitCode.POLICY, ExitCode.HISTORY, ExitCode.FAILED, ExitCode.PARTIAL})


def render(outcome: Outcome, repository: Repository, ended_at: datetime, version: str) -> str:
    """One run of a masked outcome; `version` is this tool's."""
    found = annotations_of(outcome, repository)
    rules = list(dict.fromkeys(remark.finding.rule for remark in found))
    marks = fingerprints(found)
    results = [
        _result(remark.finding, rules.index(remark.finding.rule), mark, outcome, repository)
        for remark, mark in zip(found, marks, strict=True)
    ]
    # Code hosts take what was reported before under the same name as mended: each project has its own.
    folder = f"{quote(repository.folder)}/" if repository.folder else ""
    run: dict[str, JsonValue] = {
        "tool": {
            "driver": {"name": "dbmate-wrap", "version": version, "rules": [_rule(rule) for rule in rules]}
        },
        "automationDetails": {"id": f"dbmate-wrap/{outcome.command}/{folder}"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
        "invocations": [_invocation(outcome, ended_at)],
        "results": results,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: str) -> JsonValue:
    known, words = rule_of(rule), text_of_rule(rule)
    if words is None:
        words = RuleText(f"The run ended with {rule}.", "", "The message says what to do.")
    full = f"{words.what}\n\n{words.why}".strip()
    family = family_of(rule) if known else "run"
    return {
        "id": rule,
        "shortDescription": {"text": words.what.partition(": ")[0].partition(". ")[0].rstrip(".") + "."},
        "fullDescription": {"text": words.what[:_LONGEST]},
        "help": {"text": f"{full}\n\n{words.remedy}", "markdown": f"{full}\n\n{words.remedy}"},
        "defaultConfiguration": {"level": _LEVEL[known.severity if known else "error"]},
        "properties": {"tags": ["postgresql", "migrations", family]},
    }


def _result(finding: Finding, index: int, mark: str, outcome: Outcome, repository: Repository) -> JsonValue:
    # GitHub shows no result without a place: what has none is about the migrations as a whole.
    folder = outcome.location.migrations if outcome.location is not None else "."
    place: dict[str, JsonValue] = {"artifactLocation": _artifact(finding.file or repository.path(folder))}
    if finding.file and finding.line is not None:
        region: dict[str, JsonValue] = {"startLine": max(finding.line, 1)}
        if finding.column is not None:
            region["startColumn"] = max(finding.column, 1)
        place["region"] = region
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVEL[finding.severity],
        "message": {"text": text_of(finding)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"primaryLocationLineHash": mark},
    }


def _artifact(path: str) -> JsonValue:
    if PurePath(path).is_absolute():
        return {"uri": "file://" + quote(path if path.startswith("/") else f"/{path}")}
    return {"uri": quote(path), "uriBaseId": "%SRCROOT%"}


def _invocation(outcome: Outcome, ended_at: datetime) -> JsonValue:
    judged = outcome.exit in _JUDGED
    told: list[JsonValue] = []
    if outcome.error is not None and not judged:
        told.append({"level": "error", "message": {"text": outcome.error.message}})
    return {
        "executionSuccessful": judged,
        "exitCode": int(outcome.exit),
        "exitCodeDescription": MEANINGS[outcome.exit],
        "startTimeUtc": _utc(outcome.started_at),
        "endTimeUtc": _utc(max(ended_at, outcome.started_at)),
        "toolExecutionNotifications": told,
    }


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
