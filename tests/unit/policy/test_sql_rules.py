"""Hits become findings: at their places, without the baseline's style, as notices where it is too late."""

import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.migrations.parse import parse_migration
from dbmate_wrap.migrations.phase import PHASE_COMMENT
from dbmate_wrap.policy import sql_hits
from dbmate_wrap.policy.registry import RULES
from dbmate_wrap.policy.sql_rules import RuleContext, baseline_name, check_sql, checked_rules
from dbmate_wrap.policy.suppressions import apply_severities
from dbmate_wrap.sql.parse import Reading, Unreadable, read_sql
from tests.support.cases import migration_file

CONTEXT = RuleContext((None, "schema_migrations"), "db/migrations")
# One breach of every style rule, and one of another.
PREAMBLE = """\
SET search_path = '';
SET lock_timeout = 0;
CREATE TABLE a (b bigint);
ALTER TABLE x.y OWNER TO z;
INSERT INTO x.y VALUES (1);"""


def parsed(name: str, text: str) -> ParsedMigration:
    """A migration of that name and text."""
    migration = parse_migration(migration_file(name, text), text)
    assert isinstance(migration, ParsedMigration), migration
    return migration


def up(name: str, statements: str) -> ParsedMigration:
    """A migration with these statements after migrate:up."""
    return parsed(name, f"-- migrate:up\n{statements}\n-- migrate:down\n")


def rules(findings: Sequence[Finding]) -> set[str]:
    """The rules that are broken."""
    return {finding.rule for finding in findings}


def places(findings: Sequence[Finding]) -> list[tuple[str, int | None, int | None]]:
    """File, line and column of each."""
    return [
        (str(finding.file).removeprefix("db/migrations/"), finding.line, finding.column)
        for finding in findings
    ]


def test_a_finding_has_the_line_and_column_of_its_statement() -> None:
    text = (
        "-- why\n\n-- migrate:up\nSELECT 'ä😀'; SET search_path = a;\n-- migrate:down\n\tRESET search_path;\n"
    )
    found = check_sql([parsed("002_a.sql", text)], CONTEXT)
    assert places(found) == [("002_a.sql", 4, 14), ("002_a.sql", 6, 2)]
    assert {(finding.rule, finding.severity) for finding in found} == {("search-path", "error")}
    assert all(finding.message and finding.hint for finding in found)


def test_and_so_it_has_with_other_line_ends_and_in_each_section() -> None:
    section = "-- migrate:up\r\nSELECT 1;\r\n  SET search_path = a;\r\n-- migrate:down\r\n"
    found = check_sql([parsed("002_a.sql", section * 2)], CONTEXT)
    assert places(found) == [("002_a.sql", 3, 3), ("002_a.sql", 7, 3)]


def test_findings_are_ordered_by_file_line_and_column() -> None:
    write = "DELETE FROM x.y;"
    first = parsed("002_a.sql", f"-- migrate:up\n{write} {write}\n{write}\n-- migrate:down\n{write}\n")
    found = check_sql([first, up("003_b.sql", write)], CONTEXT)
    assert places(found) == [
        ("002_a.sql", 2, 1),
        ("002_a.sql", 2, 18),
        ("002_a.sql", 3, 1),
        ("002_a.sql", 5, 1),
        ("003_b.sql", 2, 1),
    ]


def test_the_severity_is_the_registrys() -> None:
    found = check_sql([up("002_a.sql", PREAMBLE)], CONTEXT)
    assert rules(found) >= {"search-path", "session-state", "unqualified-name", "ownership", "data-write"}
    assert all(finding.severity == RULES[finding.rule].severity for finding in found)


@pytest.mark.parametrize("name", ["001_init.sql", "0001_baseline.sql", "20260101000000_init.sql"])
def test_the_baseline_is_spared_by_the_rules_of_style_alone(name: str) -> None:
    found = check_sql([up(name, PREAMBLE), up("9_b.sql", PREAMBLE)], CONTEXT)
    assert rules(found[:1]) == {"data-write"}
    assert [finding.file for finding in found].count(f"db/migrations/{name}") == 1
    assert rules(found[1:]) >= {"search-path", "session-state", "unqualified-name", "ownership"}


@pytest.mark.parametrize(
    ("names", "baseline"),
    [
        (["001_init.sql", "002_a.sql"], "001_init.sql"),
        (["002_a.sql", "001_baseline.sql"], "001_baseline.sql"),
        (["001_a.sql", "002_init.sql"], None),
        (["001_initial.sql"], None),
        (["001_init_orders.sql"], None),
        (["001_INIT.sql"], None),
        (["001init.sql"], None),
        (["init.sql"], None),
        ([], None),
    ],
)
def test_the_baseline_is_the_first_if_it_is_called_so(names: list[str], baseline: str | None) -> None:
    assert baseline_name(names) == baseline


def test_what_is_merged_gets_notices_that_no_policy_raises() -> None:
    context = RuleContext((None, "schema_migrations"), "db/migrations", frozenset({"002_a.sql"}))
    found = check_sql([up("002_a.sql", PREAMBLE), up("003_b.sql", "DELETE FROM x.y;")], context)
    severities = {(finding.file, finding.severity) for finding in apply_severities(found, {"sql": "error"})}
    assert {each.hint for each in found if each.severity == "notice"} == {
        "it is merged: leave the file as it is, and change what it created in a new migration"
    }
    assert severities == {("db/migrations/002_a.sql", "notice"), ("db/migrations/003_b.sql", "error")}


def test_what_earlier_migrations_made_is_known_to_later_ones_alone() -> None:
    made, drop = "CREATE TABLE x.y (a int);", "DROP TABLE x.y;"
    history = [up("001_a.sql", drop), up("002_b.sql", made), up("003_c.sql", drop), up("004_d.sql", drop)]
    marked = parsed("005_e.sql", f"{PHASE_COMMENT}\n-- migrate:up\n{drop}\n-- migrate:down\n")
    found = check_sql([*history, marked], replace(CONTEXT, merged=frozenset({"003_c.sql"})))
    assert rules(found) == {"drops-before-rollout"}
    assert places(found) == [("003_c.sql", 2, 1), ("004_d.sql", 2, 1)]
    assert [finding.severity for finding in found] == ["notice", "warning"]


def test_what_is_too_deep_for_the_parser_is_a_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    migration = up("002_a.sql", "SELECT 1+1;\nSET search_path = a;")
    begin = len("-- migrate:up\n")
    deep = Unreadable(begin, begin + 10, "too-deep", "deep")

    def reads_no_sums(sql: str) -> Reading:
        left = tuple(statement for statement in read_sql(sql).statements if "+" not in statement.text)
        return Reading(left, (deep,) if left else ())

    monkeypatch.setattr(sql_hits, "read_sql", reads_no_sums)
    found = check_sql([migration], CONTEXT)
    assert [(finding.rule, finding.severity, finding.line) for finding in found] == [
        ("syntax-error", "notice", 2),
        ("search-path", "error", 3),
    ]
    assert "not checked" in found[0].message


def test_a_syntax_error_hides_nothing_of_the_other_statements() -> None:
    found = check_sql([up("002_a.sql", "SET search_path = a;\nCREAT TABLE b;\nDELETE FROM x.y;")], CONTEXT)
    assert [(finding.rule, finding.line) for finding in found] == [
        ("search-path", 2),
        ("syntax-error", 3),
        ("data-write", 4),
    ]


def test_mixed_changes_are_seen_over_the_sections_of_a_file_and_found_where_they_begin() -> None:
    text = "-- migrate:up\nALTER TABLE a.{} ADD c int;\n-- migrate:down\n"
    found = check_sql([parsed("002_a.sql", text.format("b") + text.format("d"))], CONTEXT)
    assert [(finding.rule, finding.line, finding.column) for finding in found] == [("mixed-changes", 5, 1)]
    assert check_sql([parsed("002_a.sql", text.format("b") * 2)], CONTEXT) == ()


def test_each_block_has_its_own_transaction() -> None:
    index = "CREATE INDEX CONCURRENTLY i ON a.b (c);"
    drop = "DROP INDEX CONCURRENTLY a.i;"
    text = f"-- migrate:up transaction:false\n{index}\n-- migrate:down\n{drop}\n"
    assert [(finding.rule, finding.line) for finding in check_sql([parsed("002_a.sql", text)], CONTEXT)] == [
        ("needs-no-transaction", 4)
    ]


def test_the_history_table_is_the_settings_own() -> None:
    migration = up("002_a.sql", "COMMENT ON TABLE ops.applied IS 'x';")
    assert check_sql([migration], CONTEXT) == ()
    found = check_sql([migration], RuleContext(("ops", "applied"), "db/migrations"))
    assert rules(found) == {"history-table"}


def test_the_checked_rules_are_listed_for_every_file() -> None:
    rules_checked = checked_rules([up("001_init.sql", ""), up("002_a.sql", "")], CONTEXT, with_sql=True)
    assert set(rules_checked) == {"db/migrations/001_init.sql", "db/migrations/002_a.sql"}
    assert {"search-path", "data-write", "file-name"} <= rules_checked["db/migrations/002_a.sql"]
    spared = {rule.id for rule in RULES.values() if rule.style}
    assert rules_checked["db/migrations/002_a.sql"] - rules_checked["db/migrations/001_init.sql"] == spared
    others = {"down-incomplete", "no-effect", "useless-allow", "stale-schema-file", "edited", "squawk"}
    assert not others & rules_checked["db/migrations/002_a.sql"]


def test_without_the_parser_one_notice_says_that_nothing_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "postgast", None)
    migrations = [up("002_a.sql", PREAMBLE), up("003_b.sql", PREAMBLE)]
    [only] = check_sql(migrations, CONTEXT)
    assert (only.rule, only.severity, only.file, only.line) == ("sql", "notice", None, None)
    assert "the SQL rules were skipped" in only.message
    assert "postgast" in only.message
    assert only.hint == "run `dbmate-wrap check` on a machine that has postgast: there is none for Intel Macs"
    assert apply_severities([only], {"sql": "off"}) == ()
    rules_checked = checked_rules(migrations, CONTEXT, with_sql=False)["db/migrations/002_a.sql"]
    assert "file-name" in rules_checked
    assert "search-path" not in rules_checked


def test_thousands_of_findings_are_placed_at_once() -> None:
    found = check_sql([up("002_a.sql", "DELETE FROM x.y;\n" * 5_000)], CONTEXT)
    assert places(found)[-1] == ("002_a.sql", 5_001, 1)
    assert len(found) == 5_000


def test_no_migrations_no_findings() -> None:
    assert check_sql([], CONTEXT) == ()
    assert checked_rules([], CONTEXT, with_sql=True) == {}
