"""The pages of exit codes and states, and the guides as the wheel has them."""

import tomllib
from pathlib import Path

from dbmate_wrap.domain.history import MigrationState
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.pages.codes import CODES_SOURCE, code_markdown, code_pages, runbook_rows
from dbmate_wrap.pages.guides import FOLDER, GUIDES, guides, sections
from dbmate_wrap.pages.page import Page, readable, slug
from dbmate_wrap.pages.states import state_pages

ROOT = Path(__file__).resolve().parents[3]


def test_every_exit_code_has_a_page_that_says_what_to_do_next() -> None:
    pages = list(code_pages())
    assert [page.name for page in pages] == [code.label for code in ExitCode]
    for page, code in zip(pages, ExitCode, strict=True):
        assert page.text.startswith(f"# {int(code)} {code.label}\n\nMeaning: ")
        assert "What to do next: " in page.text, page.name


def test_no_text_is_about_a_code_that_does_not_exist() -> None:
    table = tomllib.loads(CODES_SOURCE.read_text(encoding="utf-8"))
    assert set(table["what"]) == {code.label for code in ExitCode}
    assert {code for row in table["rows"] for code in row["codes"]} == {int(code) for code in ExitCode}


def test_a_case_of_a_code_is_on_its_page_alone() -> None:
    assert "bad connection" in code_markdown(ExitCode.FAILED)
    assert "was killed while" in code_markdown(ExitCode.PARTIAL)
    assert "was killed while" not in code_markdown(ExitCode.FAILED)


def test_the_table_of_the_runbook_names_codes_and_cases() -> None:
    rows = dict(runbook_rows())
    assert "130 interrupted, 143 terminated" in rows
    assert '31 partial: "was killed while ..."' in rows
    assert "0 ok" not in rows


def test_every_state_has_a_page() -> None:
    assert {state.value for state in MigrationState} <= {page.name for page in state_pages()}
    assert all("What to do next: " in page.text for page in state_pages())


def test_the_wheel_has_the_guides_of_the_docs() -> None:
    in_wheel = {path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.md")}
    assert in_wheel == set(GUIDES)
    for path, guide in zip(GUIDES, guides(), strict=True):
        assert guide.text == (ROOT / "docs" / f"{path}.md").read_text(encoding="utf-8")


def test_every_runbook_is_in_the_wheel_and_in_the_index() -> None:
    index = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    for path in (ROOT / "docs" / "runbooks").glob("*.md"):
        assert f"runbooks/{path.stem}" in GUIDES
        assert f"(runbooks/{path.name}" in index, path.name


def test_a_section_ends_where_the_next_of_its_level_begins() -> None:
    text = "# A\n\n## B b!\n\n```\n## no heading\n```\n\n### C\n\nc\n\n## D\n\nd\n"
    found = {page.name: page.text for page in sections(Page("guide", "a", text))}
    assert found == {
        "b-b": "## B b!\n\n```\n## no heading\n```\n\n### C\n\nc\n",
        "c": "### C\n\nc\n",
        "d": "## D\n\nd\n",
    }


def test_links_become_commands_words_or_addresses() -> None:
    text = "[A b](x/runbook.md#a-b), [c](../x/c.md), [d](https://d), [e](gone.md#e)\n"
    code = "```\n[f](c.md)\n```\n"
    assert readable(text + code, frozenset({"a-b", "c"}).__contains__) == (
        f"A b (`dbmate-wrap explain a-b`), c (`dbmate-wrap explain c`), d (https://d), e\n{code}"
    )


def test_marks_for_the_generator_are_not_shown() -> None:
    assert readable("a\n<!-- x:begin -->\nb\n<!-- x:end -->\n", lambda name: True) == "a\nb\n"


def test_a_heading_has_the_name_that_links_use() -> None:
    assert slug("`up`, step by step ...") == "up-step-by-step"
