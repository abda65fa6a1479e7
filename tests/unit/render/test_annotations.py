"""What code hosts are shown: paths from the repository's root, the error, fingerprints that stay."""

from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.errors import ErrorReport, ExitCode, Fault
from dbmate_wrap.redact import Redactor
from dbmate_wrap.render.annotations import Repository, annotations_of, fingerprints
from dbmate_wrap.render.mask import mask_outcome
from tests.support.outcomes import OUTCOMES, check, check_good, check_replay

ROOT = PurePosixPath("/srv/shop")
SHOP = Repository(ROOT, "crm")
FILE = "db/migrations/002_add_orders.sql"


@pytest.mark.parametrize(
    ("folder", "file", "path"),
    [
        ("", FILE, FILE),
        ("crm", FILE, f"crm/{FILE}"),
        ("a/b", "x.sql", "a/b/x.sql"),
        ("crm", "/srv/shop/other/x.sql", "other/x.sql"),
        ("crm", "/srv/shopping/x.sql", "/srv/shopping/x.sql"),
        ("", "a\nb\udcff.sql", "a\\nb\\xff.sql"),
    ],
)
def test_paths_begin_at_the_root_of_the_repository(folder: str, file: str, path: str) -> None:
    assert Repository(ROOT, folder).path(file) == path


def test_errors_come_before_warnings_and_the_order_is_kept_otherwise() -> None:
    found = [remark.finding for remark in annotations_of(check(), SHOP)]
    assert [finding.severity for finding in found] == ["error"] * 4 + ["warning"] * 6 + ["notice"]
    assert [finding.rule for finding in found[:3]] == ["search-path", "data-write", "edited"]


def test_an_error_that_sums_up_findings_is_no_remark() -> None:
    run = check()
    assert "policy" not in {remark.finding.rule for remark in annotations_of(run, SHOP)}
    run.exit, run.error = ExitCode.FAILED, ErrorReport(run.findings[0].message)
    assert "failed" not in {remark.finding.rule for remark in annotations_of(run, SHOP)}


@pytest.mark.parametrize("code", [ExitCode.POLICY, ExitCode.HISTORY, ExitCode.FAILED, ExitCode.CONFIG])
def test_an_error_of_its_own_is_the_first_annotation(code: ExitCode) -> None:
    run = check_replay()
    run.exit = code
    first = annotations_of(run, SHOP)[0].finding
    assert first == Finding(
        code.label,
        "error",
        f"crm/{FILE}",
        7,
        None,
        'relation "orders" does not exist (42P01)',
        "fix 002_add_orders.sql and check again",
    )


def test_faults_of_the_settings_are_all_told() -> None:
    run = check_good()
    run.location = None
    run.exit = ExitCode.CONFIG
    run.error = ErrorReport("2 faults", faults=(Fault("m1", "s1", "h1"), Fault("m2", "s2")))
    [remark] = annotations_of(run, SHOP)
    assert remark.finding.message == "2 faults\ns1: m1 (hint: h1)\ns2: m2"
    assert (remark.finding.file, remark.finding.line) == (None, None)


def test_fingerprints_are_unique_and_do_not_depend_on_lines_above() -> None:
    before = check()
    moved = check()
    moved.sources[FILE] = f"-- a comment\n\n{before.sources[FILE]}"
    moved.findings = [
        replace(finding, line=finding.line + 2) if finding.line and finding.line > 1 else finding
        for finding in moved.findings
    ]
    marks = fingerprints(annotations_of(before, SHOP))
    assert len(set(marks)) == len(marks) == 11
    assert fingerprints(annotations_of(moved, SHOP)) == marks


def test_fingerprints_differ_by_rule_file_and_line_of_code() -> None:
    run = check_good()
    run.sources = {FILE: "a\nb\na\n", "x.sql": "a\n"}
    places = [("r", FILE, 1), ("r", FILE, 2), ("r", FILE, 3), ("q", FILE, 1), ("r", "x.sql", 1)]
    run.findings = [Finding(rule, "error", file, line, 1, "m") for rule, file, line in places]
    assert len(set(fingerprints(annotations_of(run, SHOP)))) == 5


def test_masking_reaches_every_text_and_spares_our_own_words() -> None:
    secret = "s3cret-pässword"
    run = check_replay()
    run.findings.append(Finding("data-write", "error", f"{secret}.sql", 1, 1, secret, secret))
    run.sources[f"{secret}.sql"] = f"select '{secret}';\n"
    run.summary = secret
    faults = (Fault(secret, secret, secret),)
    run.error = ErrorReport(secret, secret, None, f"{secret}.sql", 1, secret, faults)
    clean = mask_outcome(run, Redactor([secret]).mask)
    assert secret not in repr(clean)
    assert clean.sources["***.sql"] == "select '***';\n"
    assert (clean.exit, clean.location, clean.started_at) == (run.exit, run.location, run.started_at)


def test_masking_without_secrets_changes_nothing() -> None:
    for make in OUTCOMES.values():
        run = make()
        assert mask_outcome(run, Redactor(["0000", "2026"]).mask) == run
