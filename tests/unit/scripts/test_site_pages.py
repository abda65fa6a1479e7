"""The navigation of the site, from docs/README.md and the folders."""

import tomllib
from pathlib import Path

import pytest

from scripts import site_pages
from scripts.site_pages import Entry, Section

HOME = """# Docs

## Start

- [Begin](begin.md): how

## More

- [Many](many.md) and [another](other.md)
- [Rules](rules/README.md): a "quoted" word
- [Change it](../CONTRIBUTING.md)
"""


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    pages = {
        "README.md": HOME,
        **{f"{name}.md": f"# {name}\n" for name in ("begin", "many", "many/b", "many/a", "rules/README")},
        "rules/one.md": "# The rule `one`\n\n# no title\n",
        "many/a.sh": "",
    }
    for name, text in pages.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_pages_of_a_folder_stand_below_the_page_that_is_called_like_it(docs: Path) -> None:
    assert site_pages.navigation(docs) == (
        Section("Start", (Entry("Begin", "begin.md"),)),
        Section(
            "More",
            (
                Entry("Many", "many.md", (Entry("many/a", "many/a.md"), Entry("many/b", "many/b.md"))),
                Entry("Rules", "rules/README.md", (Entry("The rule one", "rules/one.md"),)),
                Entry("Change it", "CONTRIBUTING.md"),
            ),
        ),
    )


def test_a_page_that_a_section_names_stands_nowhere_else(docs: Path) -> None:
    (docs / "README.md").write_text(HOME.replace("begin.md", "many/a.md"))
    start, more = site_pages.navigation(docs)
    assert [each.path for each in start.entries] == ["many/a.md"]
    assert [each.path for each in more.entries[0].below] == ["many/b.md"]
    assert site_pages.left_out(docs, (start, more)) == ["begin.md"]


def test_the_navigation_is_written_as_toml(docs: Path) -> None:
    (docs / "rules" / "one.md").write_text('# The "one"\n')
    written = tomllib.loads(f"nav = {site_pages.as_toml(site_pages.navigation(docs))}")["nav"]
    assert written[:2] == [{"Home": "README.md"}, {"Start": [{"Begin": "begin.md"}]}]
    assert written[2]["More"][1] == {"Rules": ["rules/README.md", {'The "one"': "rules/one.md"}]}


def test_the_index_stands_before_the_runbooks(docs: Path) -> None:
    (docs / "runbooks").mkdir()
    for name in ("runbook.md", "runbooks/31.md", "runbooks/30.md"):
        (docs / name).write_text("# A `title`\n")
    assert site_pages.listing(docs, site_pages.runbooks(docs)) == (
        "- [A title](runbook.md)\n- [A title](runbooks/30.md)\n- [A title](runbooks/31.md)"
    )


def test_links_that_leave_the_folder_lead_to_the_copies() -> None:
    assert site_pages.adapted("[a](../CONTRIBUTING.md#b) [c](d.md)") == "[a](CONTRIBUTING.md#b) [c](d.md)"
    assert site_pages.adapted("[`a.py`](../tests/a.py), [b](../x/b.yml)") == "`a.py`, b"
    assert site_pages.adapted_outside("[a](docs/b.md#c)") == "[a](b.md#c)"
