"""Which findings of a branch count, before and after a replay, and what the checks of the families say."""

from collections.abc import Mapping, Sequence

import pytest

from dbmate_wrap.domain.finding import Check, CheckStatus, Finding, Severity
from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.migrations.parse import parse_migration
from dbmate_wrap.policy.configuration import Policy
from dbmate_wrap.policy.sql_rules import RuleContext, check_sql
from dbmate_wrap.review.branch import BranchDiff
from dbmate_wrap.review.hazards import Hazards
from dbmate_wrap.review.lint import LintInput, LintResult, count_findings, lint
from dbmate_wrap.review.sql_findings import SqlFindings
from dbmate_wrap.workspace.project_files import ProjectFiles
from tests.support.cases import migration_file

FOLDER = "db/migrations"
NAME = "002_a.sql"
FILE = f"{FOLDER}/{NAME}"
SQUAWK = Check("squawk", "pass", "looked for hazards in 1 new migration")
DELETE = "DELETE FROM x.y;"
ALLOW = "-- dbmate-wrap: allow data-write because it must be\n"


def parsed(up: str, down: str = "", name: str = NAME) -> ParsedMigration:
    """A migration with these statements."""
    text = f"-- migrate:up\n{up}\n-- migrate:down\n{down}\n"
    migration = parse_migration(migration_file(name, text), text)
    assert isinstance(migration, ParsedMigration), migration
    return migration


def given(
    *migrations: ParsedMigration,
    reported: tuple[Finding, ...] = (),
    merged: frozenset[str] = frozenset(),
    round_trip: frozenset[str] = frozenset(),
    hazards: Hazards | None = None,
    policy: Mapping[str, str] | None = None,
    sealed: Sequence[str] = (),
) -> LintInput:
    """The input of a lint of these migrations."""
    lines = tuple(Sealed(name, "0" * 64, number) for number, name in enumerate(sealed, 3))
    files = ProjectFiles(FOLDER, tuple(each.file for each in migrations), lines, tuple(migrations))
    rules = RuleContext((None, "schema_migrations"), FOLDER, merged)
    return LintInput(
        files,
        reported,
        BranchDiff(None, frozenset(), round_trip, merged, ()),
        rules,
        SqlFindings(check_sql(migrations, rules), were_checked=True),
        hazards or Hazards((), frozenset(), SQUAWK),
        Policy(policy or {}),
    )


def finding(rule: str, severity: Severity = "error", line: int | None = 1) -> Finding:
    """A finding of the rule in 002_a.sql."""
    return Finding(rule, severity, FILE, line, 1, "message", "hint")


def brief(result: LintResult) -> list[str]:
    """Rule, severity and line of each finding."""
    return [f"{each.rule} {each.severity} {each.line}" for each in result.findings]


def checks(result: LintResult) -> dict[str, str]:
    """Status and message of each check, by id."""
    return {each.id: f"{each.status}: {each.message}" for each in result.checks}


@pytest.mark.parametrize(
    ("policy", "merged", "expected"),
    [
        ({}, False, ["data-write error 2"]),
        ({"data-write": "warning"}, False, ["data-write warning 2"]),
        ({"sql": "warning"}, False, ["data-write warning 2"]),
        ({"sql": "off", "data-write": "error"}, False, ["data-write error 2"]),
        ({"data-write": "off"}, False, []),
        ({}, True, ["data-write notice 2"]),
        ({"data-write": "error"}, True, ["data-write notice 2"]),
        ({"sql": "off"}, True, []),
    ],
)
def test_the_severity_is_the_teams_but_in_a_merged_file_a_notice(
    policy: Mapping[str, str], merged: bool, expected: list[str]
) -> None:
    names = frozenset({NAME}) if merged else frozenset[str]()
    assert brief(lint(given(parsed(DELETE), policy=policy, merged=names))) == expected


@pytest.mark.parametrize(
    ("up", "policy", "merged", "expected"),
    [
        (f"{ALLOW}{DELETE}", {}, False, []),
        (f"{ALLOW}{DELETE}\n{DELETE}", {}, False, ["data-write error 4"]),
        (f"{ALLOW}SELECT 1;", {}, False, ["useless-allow error 2"]),
        (f"{ALLOW}SELECT 1;", {"useless-allow": "warning"}, False, ["useless-allow warning 2"]),
        (f"{ALLOW}SELECT 1;", {"data-write": "off"}, False, []),
        (f"{ALLOW}SELECT 1;", {}, True, ["useless-allow notice 2"]),
        (
            f"-- dbmate-wrap: allow data-write\n{DELETE}",
            {},
            False,
            ["useless-allow error 2", "data-write error 3"],
        ),
    ],
)
def test_a_suppression_removes_a_finding_before_severities_are_applied(
    up: str, policy: Mapping[str, str], merged: bool, expected: list[str]
) -> None:
    names = frozenset({NAME}) if merged else frozenset[str]()
    assert brief(lint(given(parsed(up), policy=policy, merged=names))) == expected


@pytest.mark.parametrize(
    ("files", "found", "expected"),
    [
        (frozenset({FILE}), (finding("squawk/ban-drop-table", "warning", 3),), []),
        (frozenset({FILE}), (), ["useless-allow error 2"]),
        (frozenset[str](), (), []),
    ],
)
def test_a_suppression_of_squawk_is_useless_only_where_squawk_has_read_the_file(
    files: frozenset[str], found: tuple[Finding, ...], expected: list[str]
) -> None:
    comment = "-- dbmate-wrap: allow squawk/ban-drop-table because nobody reads it"
    hazards = Hazards(found, files, SQUAWK)
    assert brief(lint(given(parsed(f"{comment}\nDROP TABLE x.y;"), hazards=hazards))) == expected


@pytest.mark.parametrize(
    ("round_trip", "replayed", "expected"),
    [
        (frozenset({NAME}), None, []),
        (frozenset({NAME}), (), ["useless-allow error 1"]),
        (frozenset({NAME}), (finding("down-incomplete", "warning", 4),), []),
        (frozenset[str](), (), []),
    ],
)
def test_a_suppression_of_the_round_trip_is_useless_only_after_one(
    round_trip: frozenset[str], replayed: tuple[Finding, ...] | None, expected: list[str]
) -> None:
    text = (
        "-- dbmate-wrap: allow down-incomplete because rows stay\n-- migrate:up\nSELECT 1;\n-- migrate:down\n"
    )
    migration = parse_migration(migration_file(NAME, text), text)
    assert isinstance(migration, ParsedMigration)
    assert brief(lint(given(migration, round_trip=round_trip), replayed)) == expected


@pytest.mark.parametrize(
    ("up", "down", "replayed", "expected"),
    [
        ("SELEC 1;", "", None, ["syntax-error error 2"]),
        ("SELEC 1;", "", (), ["syntax-error notice 2"]),
        ("SELECT 1;", "SELEC 1;", (), ["syntax-error error 4"]),
        ("SELEC 1;\nDELETE FROM x.y;", "", (), ["syntax-error notice 2", "data-write error 3"]),
    ],
)
def test_a_syntax_error_that_the_server_accepted_is_a_notice(
    up: str, down: str, replayed: tuple[Finding, ...] | None, expected: list[str]
) -> None:
    assert brief(lint(given(parsed(up, down)), replayed)) == expected


def test_a_downgraded_syntax_error_says_that_it_was_not_checked_further() -> None:
    (found,) = lint(given(parsed("SELEC 1;")), ()).findings
    assert found.hint is not None
    assert "the server accepts it" in found.hint


def test_findings_are_in_the_order_of_their_places_wherever_they_come_from() -> None:
    hazards = Hazards((finding("squawk/ban-drop-table", "warning", 3),), frozenset({FILE}), SQUAWK)
    result = lint(given(parsed(DELETE), reported=(finding("unsealed", "warning", 1),), hazards=hazards))
    assert brief(result) == ["unsealed warning 1", "data-write error 2", "squawk/ban-drop-table warning 3"]


@pytest.mark.parametrize(
    ("findings", "stops"),
    [
        ((), False),
        ((finding("syntax-error"),), False),
        ((finding("data-write", "warning"),), False),
        ((finding("data-write", "notice"),), False),
        ((finding("data-write"),), True),
        ((finding("edited"), finding("syntax-error")), True),
    ],
)
def test_every_error_but_one_of_syntax_stops_the_replay(findings: tuple[Finding, ...], stops: bool) -> None:
    assert LintResult(findings, ()).stops_replay is stops


def test_each_family_has_a_check_that_counts_its_findings() -> None:
    reported = (finding("file-name"), finding("unsealed", "warning"), finding("edited"))
    hazards = Hazards((finding("squawk/ban-drop-table", "warning", 2),), frozenset({FILE}), SQUAWK)
    migrations = (parsed("SELECT 1;", name="001_init.sql"), parsed(f"{DELETE}\n{DELETE}"))
    result = lint(given(*migrations, reported=reported, hazards=hazards, sealed=["001_init.sql"]))
    assert checks(result) == {
        "files": "fail: names, order, markers and encoding of 2 migrations: 1 error",
        "lockfile": "fail: 1 of 2 migrations sealed: 1 error, 1 warning",
        "sql": "fail: the statements of 2 migrations: 2 errors",
        "squawk": "warn: looked for hazards in 1 new migration: 1 warning",
    }
    assert [each.id for each in result.checks] == ["files", "lockfile", "sql", "squawk"]


def test_what_is_suppressed_or_off_is_not_counted() -> None:
    result = lint(given(parsed(f"{ALLOW}{DELETE}\nGRANT SELECT ON x.y TO z;"), policy={"ownership": "off"}))
    assert checks(result)["sql"] == "pass: the statements of 1 migration"


@pytest.mark.parametrize(
    ("check", "findings", "status", "message"),
    [
        (Check("shadow", "pass", "2 replayed"), (), "pass", "2 replayed"),
        (Check("shadow", "pass", "2"), (finding("down-incomplete", "warning"),), "warn", "2: 1 warning"),
        (Check("shadow", "pass", "2"), (finding("stale-schema-file"),), "fail", "2: 1 error"),
        (Check("shadow", "pass", "2"), (finding("down-incomplete", "notice"),), "pass", "2"),
        (Check("shadow", "skip", "not replayed"), (finding("down-incomplete"),), "skip", "not replayed"),
        (Check("shadow", "fail", "broken"), (finding("down-incomplete"),), "fail", "broken"),
        (Check("sql", "pass", "2"), (finding("down-incomplete"), finding("edited")), "pass", "2"),
        (Check("files", "pass", "2"), (finding("stale-schema-file"),), "pass", "2"),
    ],
)
def test_a_check_counts_what_belongs_to_it(
    check: Check, findings: tuple[Finding, ...], status: CheckStatus, message: str
) -> None:
    counted = count_findings(check, findings)
    assert (counted.id, counted.status, counted.message) == (check.id, status, message)
