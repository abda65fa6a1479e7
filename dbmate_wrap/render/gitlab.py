"""Renders GitLab's Code Quality report (docs.gitlab.com, "Code Quality report format")."""

import json
from collections.abc import Mapping

from dbmate_wrap.domain.finding import Severity
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.render.annotations import Repository, annotations_of, fingerprints, text_of
from dbmate_wrap.render.json import JsonValue

_SEVERITY: Mapping[Severity, str] = {"error": "critical", "warning": "minor", "notice": "info"}


def render(outcome: Outcome, repository: Repository) -> str:
    """A list with one object for each finding of a masked outcome, and one for its error."""
    found = annotations_of(outcome, repository)
    # GitLab wants a path and a line of everything: what has none is about the migrations as a whole.
    folder = repository.path(outcome.location.migrations if outcome.location is not None else ".")
    report: list[JsonValue] = [
        {
            "description": text_of(remark.finding),
            "check_name": remark.finding.rule,
            "fingerprint": mark,
            "severity": _SEVERITY[remark.finding.severity],
            "location": {
                "path": remark.finding.file or folder,
                "lines": {"begin": max(remark.finding.line or 1, 1)},
            },
        }
        for remark, mark in zip(found, fingerprints(found), strict=True)
    ]
    return json.dumps(report, indent=2) + "\n"
