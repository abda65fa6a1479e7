"""The registry, and the page of every rule: its bad example breaks this rule alone, its good one none."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from dbmate_wrap.commands.new import TEMPLATE
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.domain.migration import checksum
from dbmate_wrap.migrations import directory
from dbmate_wrap.policy import rule_pages, sql_rules, suppressions
from dbmate_wrap.policy.file_rules import check_contents, check_names
from dbmate_wrap.policy.lockfile_rules import check_lockfile
from dbmate_wrap.policy.registry import FAMILIES, RULES, family_of, nearest_rule, rule_of
from dbmate_wrap.policy.rule_pages import Example, RulePage
from scripts import generate_docs, rule_docs
from tests.support.sql_blocks import allowed_example

ROOT = Path(__file__).resolve().parents[3]
FOLDER = "db/migrations"
PAGES = tuple(rule_pages.pages())
# What needs a shadow database or squawk itself.
ELSEWHERE = frozenset({"stale-schema-file", "down-incomplete", "no-effect", "squawk"})


def check(example: Example, folder: Path) -> tuple[Finding, ...]:
    """What everything that `check` does without a server finds in a project."""
    folder.mkdir()
    for name, text in example.files.items():
        (folder / name).write_bytes(text.encode())
    listing = directory.list_migrations(folder)
    findings = list(check_names(listing, FOLDER, sequential=True))
    checked = check_contents(listing.files, FOLDER)
    findings += checked.findings
    if example.sealed is not None:
        texts = enumerate(example.sealed.items(), 3)
        sealed = [Sealed(name, checksum(text.encode()), line) for line, (name, text) in texts]
        findings += check_lockfile(
            listing.files, sealed, folder=FOLDER, lockfile="db/migrations.lock", protected=False
        )
    context = sql_rules.RuleContext((None, "schema_migrations"), FOLDER)
    findings += sql_rules.check_sql(checked.migrations, context)
    suppressed = suppressions.suppressions_of(checked.migrations, FOLDER)
    return suppressions.apply_suppressions(
        findings, suppressed, sql_rules.checked_rules(checked.migrations, context, with_sql=True), {}
    )


def page_id(page: RulePage) -> str:
    """A page's rule, as pytest shows it."""
    return page.rule.id


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_the_bad_example_breaks_this_rule_and_no_other(page: RulePage, tmp_path: Path) -> None:
    found = {finding.rule for finding in check(page.bad, tmp_path / "migrations")}
    assert found == (set() if page.rule.id in ELSEWHERE else {page.rule.id})


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_the_good_example_breaks_none(page: RulePage, tmp_path: Path) -> None:
    assert check(page.good, tmp_path / "migrations") == ()


@pytest.mark.parametrize("page", [page for page in PAGES if page.allow], ids=page_id)
def test_the_allow_comment_of_the_page_allows_the_bad_example(page: RulePage, tmp_path: Path) -> None:
    assert check(allowed_example(page), tmp_path / "migrations") == ()


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_a_page_shows_a_comment_where_one_can_allow_it(page: RulePage) -> None:
    assert bool(page.allow) == (page.rule.refusal is None)
    if page.allow:
        comment = page.allow.split("\n")[0]
        assert re.fullmatch(rf"-- dbmate-wrap: allow {page.rule.id}(/[a-z-]+)? because .+", comment)


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_the_texts_of_a_page_are_sentences(page: RulePage) -> None:
    for text in (page.what, page.why, page.remedy):
        assert text.endswith((".", ".)"))
        assert text.isprintable()


def test_what_new_makes_breaks_no_rule_once_it_has_a_statement(tmp_path: Path) -> None:
    up, down = TEMPLATE.split("\n\n\n")
    text = f"{up}\nALTER TABLE a.b ADD c int;\n\n{down}ALTER TABLE a.b DROP c;\n"
    assert check(Example({"002_c.sql": text}, None, None), tmp_path / "full") == ()
    [finding] = check(Example({"002_c.sql": TEMPLATE}, None, None), tmp_path / "empty")
    assert finding.rule == "empty-migration"


def test_there_is_a_page_for_every_rule_and_no_other() -> None:
    found = {path.stem for path in rule_pages.PAGES.glob("*.toml")}
    assert found == set(RULES) | {"squawk"}


# These are found where a file is listed, read or replayed, or where suppressions are applied.
FOUND_ELSEWHERE = {
    "ignored-file": "dbmate_wrap.migrations.directory",
    "missing-up": "dbmate_wrap.migrations.parse",
    "missing-down": "dbmate_wrap.migrations.parse",
    "statement-before-up": "dbmate_wrap.migrations.parse",
    "useless-allow": "dbmate_wrap.policy.suppressions",
    "down-incomplete": "dbmate_wrap.review.replay_faults",
    "no-effect": "dbmate_wrap.review.replay_faults",
    "stale-schema-file": "dbmate_wrap.review.replay_faults",
}
# Tests of rules that another package finds, or that a comment breaks.
TESTED_ELSEWHERE = {
    "ignored-file": "unit/migrations/test_directory.py",
    "useless-allow": "unit/policy/test_suppressions.py",
    "down-incomplete": "integration/test_replay.py",
    "no-effect": "integration/test_replay.py",
    "stale-schema-file": "integration/test_replay.py",
}


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_module_of_its_name_or_is_listed_with_its_home(rule: str) -> None:
    module = f"dbmate_wrap.policy.rules.{rule.replace('-', '_')}"
    assert (find_spec(module) is None) == (rule in FOUND_ELSEWHERE)
    home = find_spec(FOUND_ELSEWHERE.get(rule, module))
    assert home is not None
    assert home.origin is not None
    assert f'"{rule}"' in Path(home.origin).read_text(encoding="utf-8")


def test_every_module_of_the_rules_is_a_rule() -> None:
    modules = {path.stem for path in (ROOT / "dbmate_wrap" / "policy" / "rules").glob("*.py")} - {"__init__"}
    assert modules == {rule.replace("-", "_") for rule in RULES if rule not in FOUND_ELSEWHERE}


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_test_file_or_examples_under_its_id(rule: str) -> None:
    tests = ROOT / "tests"
    own = [
        tests / "unit" / "policy" / "rules" / f"test_{rule.replace('-', '_')}.py",
        tests / "cases" / "file_rules" / f"{rule}.toml",
        tests / "cases" / "lockfile_rules" / f"{rule}.toml",
    ]
    found = [path for path in own if path.exists()] or [tests / TESTED_ELSEWHERE[rule]]
    assert rule in found[0].read_text(encoding="utf-8")


def test_every_rule_of_the_contract_is_there() -> None:
    assert set(RULES) == {
        *("file-name", "duplicate-version", "version-gap", "version-width", "ignored-file", "missing-up"),
        *("missing-down", "statement-before-up", "unknown-option", "not-utf8", "empty-migration"),
        *("syntax-error", "psql-command", "search-path", "data-write", "unqualified-name", "mixed-changes"),
        *("transaction-control", "needs-no-transaction", "one-statement-outside-transaction"),
        *("session-state", "ownership", "history-table", "edited", "removed", "not-appended", "unsealed"),
        *("useless-allow", "down-incomplete", "stale-schema-file", "swallowed-errors"),
        *("invisible-character", "literal-password", "no-effect"),
        *("publication-for-all-tables", "database-name", "drops-before-rollout"),
    }
    warnings = {rule.id for rule in RULES.values() if rule.severity == "warning"}
    assert warnings == {
        *("unqualified-name", "mixed-changes", "session-state", "ownership"),
        *("down-incomplete", "stale-schema-file", "swallowed-errors", "literal-password", "no-effect"),
        *("publication-for-all-tables", "database-name", "drops-before-rollout"),
    }


def test_every_rule_has_one_family() -> None:
    rules = [rule for family in FAMILIES.values() for rule in family]
    assert sorted(rules) == sorted(RULES)
    assert all(family_of(rule) == family for family, rules in FAMILIES.items() for rule in rules)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule) for rule in RULES)
    assert family_of("squawk/x/y") == "squawk"


@pytest.mark.parametrize(
    ("rule", "near"),
    [
        ("serch-path", "search-path"),
        ("SEARCH_PATH", "search-path"),
        ("data-writes", "data-write"),
        ("squawk/ban-drop-colum", "squawk/ban-drop-column"),
        ("xyz", None),
    ],
)
def test_the_nearest_rule_is_named(rule: str, near: str | None) -> None:
    assert rule_of(rule) is None
    assert nearest_rule(rule) == near


def test_a_rule_of_squawk_is_a_warning_that_spares_the_baseline() -> None:
    rule = rule_of("squawk/ban-drop-column")
    assert rule is not None
    assert (rule.family, rule.severity, rule.style, rule.refusal) == ("squawk", "warning", True, None)
    assert rule_of("squawk/quite-another-rule") is not None  # of a newer squawk
    assert [rule_of(name) for name in ("squawk", "squawk/", "squawk/Ban", "squawk/a/b", "")] == [None] * 5


def test_nothing_in_the_docs_is_left_of_a_rule_that_is_gone() -> None:
    assert generate_docs.orphaned(dict(generate_docs.wanted())) == []


def test_a_page_of_no_rule_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = tmp_path / "docs" / "rules"
    rules.mkdir(parents=True)
    (rules / "search-path.md").touch()
    (rules / "gone.md").touch()
    monkeypatch.setattr(generate_docs, "ROOT", tmp_path)
    wanted = dict(rule_docs.wanted(rules))
    assert generate_docs.orphaned(wanted) == [rules / "gone.md"]


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "rules").glob("*.md")), ids=lambda path: path.stem)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_index_has_every_rule_with_its_severity() -> None:
    index = rule_pages.index(PAGES)
    for page in PAGES:
        assert f"| [{page.rule.id}]({page.rule.id}.md) | {page.severity} |" in index


def test_no_page_is_read_when_the_command_runs() -> None:
    for path in (ROOT / "dbmate_wrap").rglob("*.py"):
        assert "policy/pages" not in path.read_text(encoding="utf-8"), path
