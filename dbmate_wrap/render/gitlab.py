"""Renders GitLab's Code Quality report (docs.gitlab.com, "Code Quality report format")."""

import json
from collections.abc import Mapping

from dbmate_wrap.domain.finding import Severity
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.render.annotations import Repository, annotations_of, fingerprints, message_with_hint
from dbmate_wrap.render.json import JsonValue

_SEVERITY: Mapping[Severity, str] = {"error": "critical", "warning": "minor", "notice": "info"}


def render(outcome: Outcome, repository: Repository) -> str:
    """A list with one object for each finding of a masked outcome, and one for its error."""
    found = annotations_of(outcome, repository)
    # GitLab wants a path and a line of every issue: one without them is about the migrations as a whole.
    folder = repository.path(outcome.location.migrations if outcome.location is not None else ".")
    report: list[JsonValue] = [
        {
            "description": message_with_hint(annotation.finding),
            "check_name": annotation.finding.rule,
            "fingerprint": fingerprint,
            "severity": _SEVERITY[annotation.finding.severity],
            "location": {
                "path": annotation.finding.file or folder,
                "lines": {"begin": max(annotation.finding.line or 1, 1)},
            },
        }
        for annotation, fingerprint in zip(found, fingerprints(found), strict=True)
    ]
    return json.dumps(report, indent=2) + "\n"
