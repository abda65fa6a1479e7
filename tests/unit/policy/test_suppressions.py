"""Allow comments: what they take away, where they must stand, and which of them are useless."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.commands.new import TEMPLATE
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.migrations.parse import parse_migration
from dbmate_wrap.migrations.phase import PHASE_COMMENT
from dbmate_wrap.policy.suppressions import (
    Suppression,
    apply_suppressions,
    resolve_findings,
    suppressions_of,
)
from tests.support.cases import migration_file

FILE = "db/migrations/002_a.sql"
EVERY = frozenset({"search-path", "data-write", "syntax-error", "mixed-changes", "file-name", "squawk"})
COMMENT = "-- dbmate-wrap: allow search-path because it must be"
RIGHT = "-- dbmate-wrap: allow search-path because REASON"


def parsed(text: str) -> ParsedMigration:
    """The migration 002_a.sql of that text."""
    migration = parse_migration(migration_file("002_a.sql", text), text)
    assert isinstance(migration, ParsedMigration), migration
    return migration


def at(text: str, place: str, rule: str = "search-path") -> Finding:
    """A finding where `place` begins in the text."""
    before = text[: text.index(place)]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return Finding(rule, "error", FILE, line, column, "m", "h")


def resolve(
    text: str,
    *findings: Finding,
    checked: frozenset[str] = EVERY,
    policy: Mapping[str, str] | None = None,
    merged: bool = False,
) -> list[tuple[str, int | None, int | None]]:
    """Rule, line and column of what is left."""
    suppressions = suppressions_of(
        [parsed(text)], "db/migrations", frozenset({"002_a.sql"}) if merged else frozenset()
    )
    left = apply_suppressions(findings, suppressions, {FILE: checked}, policy or {})
    assert all(finding.hint and finding.file == FILE for finding in left)
    return [(finding.rule, finding.line, finding.column) for finding in left]


def useless(text: str, *findings: Finding) -> Finding:
    """The one thing that is found, which is a useless comment."""
    (only,) = apply_suppressions(
        findings, suppressions_of([parsed(text)], "db/migrations"), {FILE: EVERY}, {}
    )
    assert (only.rule, only.severity) == ("useless-allow", "error")
    return only


def up(statements: str) -> str:
    """A migration with these statements after migrate:up."""
    return f"-- migrate:up\n{statements}\n-- migrate:down\n"


def test_a_comment_takes_away_what_is_in_its_statement() -> None:
    text = up(f"SELECT 0;\n{COMMENT}\nSELECT 1,\n       2;\nSELECT 3;")
    assert resolve(text, at(text, "SELECT 1")) == []
    assert resolve(text, at(text, "2;")) == []


def test_and_nothing_of_the_statements_around_it() -> None:
    text = up(f"SELECT 0;\n{COMMENT}\nSELECT 1; SELECT 3;")
    before, within, after = at(text, "SELECT 0"), at(text, "SELECT 1"), at(text, "SELECT 3")
    assert resolve(text, before, within, after) == [
        ("search-path", before.line, before.column),
        ("search-path", after.line, after.column),
    ]


def test_and_nothing_of_another_rule_or_of_another_file() -> None:
    text = up(f"{COMMENT}\nSELECT 1;")
    within, other = at(text, "SELECT 1"), at(text, "SELECT 1", "data-write")
    assert resolve(text, within, other) == [("data-write", 3, 1)]
    elsewhere = Finding("search-path", "error", "db/migrations/003_b.sql", 3, 1, "m", "h")
    suppressions = suppressions_of([parsed(text)], "db/migrations")
    assert apply_suppressions([elsewhere, within], suppressions, {FILE: EVERY}, {}) == (elsewhere,)


def test_it_works_in_migrate_down_and_in_each_section() -> None:
    text = f"{up('SELECT 1;')}{COMMENT}\nSELECT 2;\n{up(f'{COMMENT}{chr(10)}SELECT 3;')}"
    assert resolve(text, at(text, "SELECT 2"), at(text, "SELECT 3")) == []


@pytest.mark.parametrize(
    "between",
    ["", "-- why: it must be\n", "/* a\n\n b */\n", "\t "],
    ids=["nothing", "a comment", "a long comment", "white space"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_other_comments_may_stand_between(between: str, end: str) -> None:
    text = up(f"SELECT 0;\n\n  {COMMENT}\n{between}SELECT 1;").replace("\n", end)
    assert resolve(text, at(text, "SELECT 1")) == []


def test_several_comments_of_one_statement_work_together() -> None:
    text = up(f"{COMMENT}\n-- dbmate-wrap: allow data-write because of X\nSELECT 1;")
    assert resolve(text, at(text, "SELECT 1"), at(text, "SELECT 1", "data-write")) == []


def test_one_for_a_rule_of_squawk_works_as_well() -> None:
    comment = "-- dbmate-wrap: allow squawk/ban-drop-column because nobody reads it"
    text = up(f"{comment}\nALTER TABLE a DROP COLUMN b;")
    assert resolve(text, at(text, "ALTER", "squawk/ban-drop-column")) == []
    assert resolve(text, at(text, "ALTER", "squawk/ban-drop-table")) == [
        ("useless-allow", 2, 1),
        ("squawk/ban-drop-table", 3, 1),
    ]


def test_a_statement_with_text_beyond_ascii_is_covered_to_its_end() -> None:
    text = up(f"SELECT 'äöü';\n{COMMENT}\nSELECT 'äöü😀', x; SELECT 2;")
    assert resolve(text, at(text, "x;")) == []
    assert len(resolve(text, at(text, "SELECT 2"))) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE a (b int",
        "CREAT TABLE a (b int);",
        "\\restrict abc",
        "SELECT 'never closed",
        "SELECT :name;",
    ],
)
def test_what_cannot_be_read_can_be_allowed(statement: str) -> None:
    comment = COMMENT.replace("search-path", "syntax-error")
    text = up(f"SELECT 0;\n{comment}\n{statement}")
    assert resolve(text, at(text, statement[-4:], "syntax-error")) == []


def test_a_copy_is_covered_with_its_rows() -> None:
    comment = COMMENT.replace("search-path", "psql-command")
    text = up(f"{comment}\nCOPY a.b FROM stdin;\nx\ty's\n\\.\nSELECT 1;")
    assert resolve(text, at(text, "x\t", "psql-command")) == []
    assert len(resolve(text, at(text, "SELECT 1", "psql-command"))) == 1


def test_a_comment_before_the_first_directive_is_about_the_whole_file() -> None:
    for rule, line in (("file-name", 1), ("mixed-changes", 4), ("down-incomplete", 5)):
        text = f"-- dbmate-wrap: allow {rule} because of X\n{up('SELECT 1;')}"
        assert resolve(text, Finding(rule, "error", FILE, line, 1, "m", "h")) == []


def test_mixed_changes_can_be_allowed_at_the_statement_too() -> None:
    text = up("SELECT 1;\n-- dbmate-wrap: allow mixed-changes because of X\nSELECT 2;")
    assert resolve(text, at(text, "SELECT 2", "mixed-changes")) == []


def test_one_that_allows_nothing_is_useless() -> None:
    text = up(f"  {COMMENT}\nSELECT 1;")
    found = useless(text)
    assert (found.line, found.column) == (2, 3)
    assert "nothing breaks search-path in the statement below" in found.message
    assert found.hint == "remove it"


@pytest.mark.parametrize(
    ("checked", "policy"),
    [
        (frozenset[str](), {}),
        (EVERY - {"search-path"}, {}),
        (EVERY, {"search-path": "off"}),
        (EVERY, {"sql": "off"}),
    ],
    ids=["no rule was checked", "not this one", "the rule is off", "its family is off"],
)
def test_but_not_where_its_rule_was_not_checked_or_is_off(
    checked: frozenset[str], policy: Mapping[str, str]
) -> None:
    assert resolve(up(f"{COMMENT}\nSELECT 1;"), checked=checked, policy=policy) == []


def test_a_rule_that_is_on_in_a_family_that_is_off_is_checked() -> None:
    policy = {"sql": "off", "search-path": "error"}
    assert resolve(up(f"{COMMENT}\nSELECT 1;"), policy=policy) == [("useless-allow", 2, 1)]


@pytest.mark.parametrize("checked", [True, False])
def test_one_for_squawk_is_useless_only_where_squawk_ran(checked: bool) -> None:
    text = up(f"{COMMENT.replace('search-path', 'squawk/ban-drop-table')}\nSELECT 1;")
    rules = EVERY if checked else EVERY - {"squawk"}
    assert resolve(text, checked=rules) == ([("useless-allow", 2, 1)] if checked else [])


def test_in_a_merged_file_it_is_a_notice() -> None:
    for comment in (COMMENT, "-- dbmate-wrap: allow"):
        (only,) = apply_suppressions(
            [],
            suppressions_of([parsed(up(f"{comment}\nSELECT 1;"))], "db/migrations", frozenset({"002_a.sql"})),
            {FILE: EVERY},
            {"useless-allow": "error"},
        )
        assert (only.rule, only.severity) == ("useless-allow", "notice")


@pytest.mark.parametrize(
    ("comment", "words", "hint"),
    [
        ("-- dbmate-wrap: allow search-path", "without a reason", RIGHT),
        ("-- dbmate-wrap: allow search-path because", "without a reason", RIGHT),
        ("-- dbmate-wrap: allow search-path because ...", "without a reason", RIGHT),
        ("-- dbmate-wrap:allow search-path because of X", "not written as", RIGHT),
        ("--dbmate-wrap: allow search-path because of X", "not written as", RIGHT),
        ("-- dbmate-wrap: ALLOW search-path BECAUSE of X", "not written as", RIGHT),
        ("-- DBMATE-WRAP: allow search_path because of X", "not written as", RIGHT),
        ("-- dbmate_wrap: allow search-path because of X", "not written as", RIGHT),
        ("-- dbmate-wrap allow search-path because of X", "not written as", RIGHT),
        ("-- dbmate-wrap: allow search-path, data-write because X", "not written as", RIGHT),
        ("-- dbmate-wrap: allow search-path: it must be", "not written as", RIGHT),
        ("-- dbmate-wrap: search-path because of X", "not written as", RIGHT),
        ("-- dbmate-wrap: ignore search-path because of X", "not written as", RIGHT),
        ("/* dbmate-wrap: allow search-path because of X */", "not written as", RIGHT),
        ("-- dbmate-wrap: allow squawk/ban_drop-table", "not a rule", "did you mean squawk/ban-drop-table?"),
        ("-- dbmate-wrap: allow", "not written as", "allow RULE because REASON"),
        ("-- dbmate-wrap:", "not written as", "allow RULE because REASON"),
        ("-- dbmate-wrap: allow serch-path because of X", "is not a rule", "did you mean search-path?"),
        ("-- dbmate-wrap: allow xyz because of X", "'xyz' is not a rule", "`dbmate-wrap explain rules`"),
        ("-- dbmate-wrap: allow edited because of X", "cannot be allowed", "fix what it is about"),
        ("-- dbmate-wrap: allow useless-allow because of X", "cannot be allowed", "remove"),
        ("-- dbmate-wrap: allow file-name because of X", "the whole file", "before `-- migrate:up`"),
    ],
)
def test_one_that_is_written_wrongly_is_reported_and_allows_nothing(
    comment: str, words: str, hint: str
) -> None:
    text = up(f"{comment}\nSELECT 1;")
    breach = at(text, "SELECT 1")
    assert resolve(text, breach) == [("useless-allow", 2, 1), ("search-path", 3, 1)]
    found = useless(text)
    assert words in found.message
    assert hint in (found.hint or "")


@pytest.mark.parametrize(
    "text",
    [
        up(f"{COMMENT}\n\nSELECT 1;"),
        up(f"{COMMENT}\r\n \r\nSELECT 1;"),
        up(f"SELECT 0; {COMMENT}\nSELECT 1;"),
        up(f"{COMMENT}\n;\nSELECT 1;"),
        up(f"SELECT\n{COMMENT}\n1;"),
        up(f"CREATE TABLE a (\n  b int,\n  {COMMENT}\n  c int\n);"),
        up(f"SELECT\n\\echo x\n{COMMENT}\n1;\nSELECT 2;"),
        up(f"SELECT 1;\n{COMMENT}"),
        up(f"SELECT 1\n{COMMENT}"),
        f"{up('SELECT 1;')}{COMMENT}\n{up('SELECT 2;')}",
    ],
    ids=[
        "empty line",
        "CRLF",
        "not alone",
        "semicolon",
        "inside",
        "in a table",
        "after psql",
        "last",
        "no end",
        "section",
    ],
)
def test_one_that_stands_before_no_statement_is_reported(text: str) -> None:
    breach = at(text, "1" if "TABLE" not in text else "c int")
    assert [rule for rule, _, _ in resolve(text, breach)].count("useless-allow") == 1
    assert "no statement begins on the line below" in useless(text).message


def test_one_for_a_statement_before_the_directive_is_reported() -> None:
    found = useless(f"{COMMENT}\n{up('SELECT 1;')}")
    assert (found.line, found.column) == (1, 1)
    assert "allowed for single statements" in found.message
    indented = useless(f"-- a\n\t{COMMENT}\n{up('SELECT 1;')}")
    assert (indented.line, indented.column) == (2, 2)


@pytest.mark.parametrize(
    "statements",
    [
        f"SELECT '\n{COMMENT}\n';",
        f"SELECT $$\n{COMMENT}\n$$;",
        f'SELECT 1 AS "\n{COMMENT}\n";',
        f"SELECT E'\\'\n{COMMENT}\n';",
        f"DO $do$ BEGIN\n{COMMENT}\nPERFORM 1; END $do$;",
        f"/* this one is commented out\n{COMMENT}\n*/\nSELECT 1;",
        "-- see dbmate-wrap check, which must allow this\nSELECT 1;",
        "-- written by dbmate-wrap new\nSELECT 1;",
        "-- For dbmate-wrap: allow comments are described in docs/rules\nSELECT 1;",
        "SELECT 1; -- dbmate-wrapper: none of ours",
    ],
)
def test_what_is_none_is_let_alone(statements: str) -> None:
    text = up(statements)
    assert resolve(text) == []
    breach = at(text, statements[-6:])
    assert resolve(text, breach) == [("search-path", breach.line, breach.column)]


def test_the_template_of_new_is_let_alone() -> None:
    assert suppressions_of([parsed(TEMPLATE)], "f") == ()


def test_what_is_left_is_in_the_order_of_the_places() -> None:
    text = up(f"SELECT 1;\n{COMMENT}\nSELECT 2; SELECT 3;")
    findings = [at(text, "SELECT 3"), at(text, "SELECT 1"), Finding("sql", "notice", None, None, None, "m")]
    left = apply_suppressions(findings, suppressions_of([parsed(text)], "db/migrations"), {FILE: EVERY}, {})
    assert [(finding.line, finding.rule) for finding in left] == [
        (None, "sql"),
        (2, "search-path"),
        (3, "useless-allow"),
        (4, "search-path"),
    ]


@given(
    st.lists(
        st.sampled_from(
            [
                *("\n", "\r", ";", "'", '"', "$$", "/*", "*/", "--", " ", "(", "\\", "é", "SELECT 1", "END"),
                *(
                    "COPY a FROM stdin",
                    "BEGIN ATOMIC",
                    "dbmate-wrap:",
                    "-- migrate:up",
                    "\n-- migrate:down\n",
                ),
                *(COMMENT, f"\n{COMMENT}\n"),
            ]
        ),
        max_size=30,
    )
)
def test_no_text_breaks_the_search_for_comments(parts: list[str]) -> None:
    text = f"-- migrate:up\n{''.join(parts)}"
    migration = parse_migration(migration_file("002_a.sql", text), text)
    if not isinstance(migration, ParsedMigration):
        return
    lines = text.split("\n")
    for allow in suppressions_of([migration], "f"):
        assert lines[allow.line - 1][allow.column - 1 :].startswith(("--", "/*"))
        assert allow.end is None or (allow.line, allow.column) <= allow.end


def test_thousands_of_comments_are_matched_at_once() -> None:
    text = up(f"{COMMENT}\nSELECT 1;\n" * 3000)
    findings = [Finding("search-path", "error", FILE, line, 1, "m", "h") for line in range(3, 6002, 2)]
    assert resolve(text, *findings) == []


def test_a_comment_reaches_from_itself_to_the_end_of_its_statement() -> None:
    one = Suppression(FILE, 3, 5, "search-path", (4, 9), None, merged=False)
    places = [(3, 4), (3, 5), (4, 9), (4, 10)]
    found = [one.covers(Finding("search-path", "error", FILE, *place, "m", "h")) for place in places]
    assert found == [False, True, True, False]


def test_where_only_some_rules_were_checked_nothing_is_said_of_comments_that_allow_nothing() -> None:
    text = up(f"{COMMENT}\nSELECT 1;\n-- dbmate-wrap: allow search-path\nSELECT 2;\n{COMMENT}\nSELECT 3;")
    suppressions = suppressions_of([parsed(text)], "db/migrations")
    first, second = at(text, "SELECT 1"), at(text, "SELECT 2")
    assert resolve_findings([first, second], suppressions, {}) == (second,)
    assert resolve_findings([second], suppressions, {"search-path": "off"}) == ()


def test_a_comment_about_a_phase_hides_nothing_of_those_after_it() -> None:
    text = up(f"{PHASE_COMMENT}\n{COMMENT}\nSELECT 1;")
    assert resolve(text, at(text, "SELECT 1")) == []
