"""What the JSON document of `check` holds."""

from pathlib import Path

STATIC = ["check", "--no-shadow"]


def found(document: dict[str, object]) -> list[str]:
    """``severity rule file:line`` of each finding."""
    findings = document["findings"]
    assert isinstance(findings, list)
    assert all(each["message"] and each["column"] in (None, *range(1, 500)) for each in findings)
    return [
        f"{each['severity']} {each['rule']} {Path(each['file']).name}:{each['line']}" for each in findings
    ]


def status(document: dict[str, object]) -> dict[str, str]:
    """From each check to its status."""
    checks = document["checks"]
    assert isinstance(checks, list)
    return {check["id"]: check["status"] for check in checks}
