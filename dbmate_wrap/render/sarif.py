"""Renders SARIF 2.1.0 (OASIS), which code hosts and editors read."""

import json
import re
from datetime import datetime
from pathlib import PurePath
from urllib.parse import quote

from dbmate_wrap.domain.escape import visible_lines
from dbmate_wrap.domain.finding import Finding, Severity
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.policy.registry import RuleText, family_of, rule_of, text_of_rule
from dbmate_wrap.render.annotations import Repository, annotations_of, fingerprints, message_with_hint
from dbmate_wrap.render.json import JsonValue, rfc_3339

# In a message [text](target) is a link (SARIF 2.1.0, 3.11.6), and code hosts look for mentions.
_LINKS = re.compile(r"\](?=\()|@(?=\w)|#(?=\d)")
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVEL: dict[Severity, str] = {"error": "error", "warning": "warning", "notice": "note"}
# Characters of a description that GitHub takes.
_MAX_DESCRIPTION = 1024
# With these codes the run did its work; what it found is in the results.
_COMPLETED = frozenset({ExitCode.OK, ExitCode.POLICY, ExitCode.HISTORY, ExitCode.FAILED, ExitCode.PARTIAL})


def render(outcome: Outcome, repository: Repository, ended_at: datetime, version: str) -> str:
    """One run of a masked outcome; `version` is this tool's."""
    found = annotations_of(outcome, repository)
    rules = list(dict.fromkeys(annotation.finding.rule for annotation in found))
    results = [
        _result(annotation.finding, rules.index(annotation.finding.rule), fingerprint, outcome, repository)
        for annotation, fingerprint in zip(found, fingerprints(found), strict=True)
    ]
    # Code hosts take what was reported before under the same name as fixed: each project has its own.
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
    known = rule_of(rule)
    run_error = RuleText(f"The run ended with {rule}.", "", "The message says what to do.")
    texts = text_of_rule(rule) or run_error
    help_text = "\n\n".join(filter(None, (texts.what, texts.why, texts.remedy)))
    return {
        "id": rule,
        "shortDescription": {"text": texts.what.partition(": ")[0].partition(". ")[0].rstrip(".") + "."},
        "fullDescription": {"text": texts.what[:_MAX_DESCRIPTION]},
        "help": {"text": help_text, "markdown": help_text},
        "defaultConfiguration": {"level": _LEVEL[known.severity if known else "error"]},
        "properties": {"tags": ["postgresql", "migrations", family_of(rule) if known else "run"]},
    }


def _result(
    finding: Finding, index: int, fingerprint: str, outcome: Outcome, repository: Repository
) -> JsonValue:
    # GitHub shows no result without a place: one without is about the migrations as a whole.
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
        "message": {"text": _plain(message_with_hint(finding))},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint},
    }


def _plain(text: str) -> str:
    return _LINKS.sub(lambda found: f"{found[0]}\u200b", text)


def _artifact(path: str) -> JsonValue:
    if PurePath(path).is_absolute():
        return {"uri": "file://" + quote(path if path.startswith("/") else f"/{path}")}
    return {"uri": quote(path), "uriBaseId": "%SRCROOT%"}


def _invocation(outcome: Outcome, ended_at: datetime) -> JsonValue:
    completed = outcome.exit in _COMPLETED
    notifications: list[JsonValue] = []
    if outcome.error is not None and not completed:
        notifications.append(
            {"level": "error", "message": {"text": _plain(visible_lines(outcome.error.message, ""))}}
        )
    return {
        "executionSuccessful": completed,
        "exitCode": int(outcome.exit),
        "exitCodeDescription": outcome.exit.meaning,
        "startTimeUtc": rfc_3339(outcome.started_at),
        "endTimeUtc": rfc_3339(max(ended_at, outcome.started_at)),
        "toolExecutionNotifications": notifications,
    }
