"""A comment for a pull request: readable, found again by its marker, within GitHub's limit, and inert."""

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.outcome import MigrationRow
from dbmate_wrap.domain.results import ExecResult
from dbmate_wrap.errors import ErrorReport, ExitCode
from dbmate_wrap.render.annotations import Repository
from dbmate_wrap.render.markdown import LIMIT, marker, render, verdict
from dbmate_wrap.render.markdown_text import block, cell, code
from tests.support.cases import assert_golden
from tests.support.fleet_outcomes import fleet_run
from tests.support.fleets import end_of, scope_of
from tests.support.outcomes import OUTCOMES, check, check_good, check_hostile, outcome

SHOP = Repository(PurePosixPath("/srv/shop"), "crm")


@pytest.mark.parametrize("name", OUTCOMES)
def test_what_is_printed_is_the_golden_markdown(name: str) -> None:
    assert_golden(f"{name}.md", render(OUTCOMES[name](), SHOP))


def test_the_marker_is_the_first_line_and_stays_when_the_settings_are_broken() -> None:
    run = check_good()
    assert render(run, SHOP).startswith("<!-- dbmate-wrap check -->\n")
    run.environment = None
    assert marker(run) == "<!-- dbmate-wrap check -->"
    assert marker(outcome("status")) == "<!-- dbmate-wrap status staging -->"
    assert marker(outcome("db url", "a--> b")) == "<!-- dbmate-wrap db-url a- b -->"


def test_the_verdict_is_in_words() -> None:
    run = check_good()
    assert verdict(run) == "passed"
    run.findings = [Finding("r", "warning", None, None, None, "m")]
    assert verdict(run) == "passed, 1 warning"
    assert verdict(check()) == "failed (exit 12, policy): 4 errors, 6 warnings, 1 notice"
    run = outcome("status")
    run.exit = ExitCode.PENDING
    assert verdict(run) == "migrations are pending"


def test_many_findings_are_folded_and_errors_come_first() -> None:
    run = check_good()
    run.findings = [Finding("w", "warning", "a.sql", n, 1, "m") for n in range(11)]
    run.findings += [Finding("e", "error", "a.sql", 1, 1, "m")]
    text = render(run, SHOP)
    assert text.index("### Errors (1)") < text.index("<details>\n<summary>Warnings (11)</summary>")
    assert text.count("<details>") == text.count("</details>") == 1


@pytest.mark.parametrize("filler", ["x", "é", "😀", "|", "\n", "\x1b", "&", "@a"])
def test_it_never_grows_beyond_what_github_takes_and_says_what_is_missing(filler: str) -> None:
    run = outcome("exec", "staging")
    run.findings = [Finding("r", "error", "a.sql", n, 1, filler * 3000, filler * 3000) for n in range(100)]
    run.migrations = [MigrationRow(str(n), f"{n}.sql", "pending", None, None) for n in range(2000)]
    run.exit, run.error = ExitCode.FAILED, ErrorReport(filler * 9000, filler * 9000, frame=filler * 9000)
    run.summary = filler * 9000
    run.result = ExecResult(returncode=1, stdout=filler * 90000, stderr="")
    text = render(run, SHOP)
    assert len(text.encode()) <= LIMIT
    assert "### Errors (100)" in text or "<summary>Errors (100)</summary>" in text
    assert "Not everything fits" in text
    assert text.count("<details>") == text.count("</details>")


def test_a_small_comment_is_whole() -> None:
    assert "Not everything fits" not in render(check(), SHOP)


def test_every_row_of_a_table_has_the_cells_of_its_header() -> None:
    for make in OUTCOMES.values():
        width = 0
        for line in render(make(), SHOP).split("\n"):
            if line.startswith("|"):
                cells = len(re.findall(r"(?<!\\)\|", line))
                width = width or cells
                assert cells == width, line
            else:
                width = 0


@given(st.text("\\|`* <>&@#1a\n_~[]!-."))
def test_a_cell_never_ends_early_and_calls_nobody(words: str) -> None:
    text = cell(words)
    assert "\n" not in text
    assert not re.search(r"[@!]\w|#\d|<(?!br>)", text)
    # An even number of backslashes would leave what follows unescaped.
    for special in re.finditer(r"(\\*)[|`*_~\[\]]", text):
        assert len(special[1]) % 2 == 1


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("add_orders", "add\\_orders"),
        ("# no heading", "\\# no heading"),
        ("1. no list", "1\\. no list"),
        ("@team a@b.c", "@\u200bteam a@\u200bb.c"),
        ("see #12, GH-3 and !4", "see #\u200b12, GH-\u200b3 and !\u200b4"),
        ("<script>", "&lt;script&gt;"),
        ("http://x www.y", "http&#58;//x www&#46;y"),
        ("a\r\nb", "a<br>b"),
        ("\x1b", "\\\\x1b"),
    ],
)
def test_what_markdown_would_take_for_its_own_is_shown_as_it_is(words: str, text: str) -> None:
    assert cell(words) == text


@given(st.text("`|a \n"))
def test_code_is_closed_where_it_should_be(words: str) -> None:
    text = code(words)
    if not words.strip():
        return
    ticks = re.match("`+", text)
    assert ticks is not None
    inside = text[len(ticks[0]) : -len(ticks[0])]
    assert text.endswith(ticks[0])
    assert ticks[0] not in re.findall("`+", inside)


def test_a_block_cannot_be_closed_from_within() -> None:
    text = block("```\n# heading\n````\n@team", 100)
    assert text.startswith("`````text\n")
    assert text.endswith("\n`````")


def test_no_text_of_a_hostile_run_is_markup() -> None:
    text = re.sub(r"(`{3,})text\n.*?\n\1", "", render(check_hostile(), SHOP), flags=re.DOTALL)
    outside = re.sub(r"(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    assert "@all" not in outside
    assert "<b>" not in outside


def test_a_comment_about_a_fleet_is_one_of_the_fleet_and_of_the_shard() -> None:
    assert marker(OUTCOMES["fleet-up"]()) == "<!-- dbmate-wrap fleet-up production tenants -->"
    assert marker(OUTCOMES["fleet-status"]()) == "<!-- dbmate-wrap fleet-status production tenants 2-8 -->"


def test_ten_thousand_databases_fit_and_each_group_is_there() -> None:
    names = [f"tenant-{number:05}" for number in range(10_000)]
    errors = [ErrorReport("x" * 2000, "y" * 2000, "23505", f"{number:03}_x.sql") for number in range(10)]
    ends = [
        end_of(name, exit=ExitCode.FAILED, error=errors[number % 10]) for number, name in enumerate(names)
    ]
    text = render(fleet_run("up", scope_of("up", names=names), ends), SHOP)
    assert len(text.encode()) <= LIMIT
    assert all(f"{number:03}\\_x.sql" in text for number in range(10))
    assert "**10000** failed" in text
    assert "Not everything fits" in text
