"""The docs say what the command says."""

import re
import tomllib
from pathlib import Path

import pytest

from dbmate_wrap.pages.page import slug
from scripts import generate_docs, site_pages

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "dbmate_wrap"
PAGES_ABOUT_CODE = ("docs/architecture.md", "docs/glossary.md", "docs/testing.md", "CONTRIBUTING.md")
# A path begins with one of these folders of the repository, or else is below dbmate_wrap.
FOLDERS = frozenset({"dbmate_wrap", "tests", "scripts", "docs", "requirements", ".ci"})
# Without such an ending, `squawk/rule` could be anything.
ENDINGS = (".py", ".sql", ".toml", "/")


def test_nothing_that_is_generated_is_stale() -> None:
    stale = [path.name for path, text in generate_docs.wanted() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run `make docs`"


def test_every_page_has_a_place_in_the_navigation() -> None:
    docs = ROOT / "docs"
    assert site_pages.left_out(docs, site_pages.navigation(docs)) == [], "name it in docs/README.md"


def test_the_readme_names_every_command_of_the_help() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, text in generate_docs.commands():
        assert f"| `{name}` | {text} |" in readme


def test_the_readme_names_no_command_that_the_help_lacks() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    known = {name.split()[0] for name, _ in generate_docs.commands()} | {"--help", "--version"}
    used = set(re.findall(r"dbmate-wrap (?:-e [a-z]+ )?([a-z-]+)", readme))
    assert used <= known


@pytest.mark.parametrize(
    "page",
    [
        *sorted((ROOT / "docs").glob("*.md")),
        *sorted((ROOT / "docs" / "fleet").glob("*.md")),
        *sorted((ROOT / "docs" / "runbooks").glob("*.md")),
        *(ROOT / "README.md", ROOT / "CONTRIBUTING.md"),
    ],
    ids=lambda p: p.name,
)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for path, section in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", page.read_text(encoding="utf-8")):
        target = page.parent / path if path else page
        assert target.exists(), path
        if section:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert section in map(slug, headings), (path, section)


def paths_named(text: str) -> list[tuple[Path, str | None]]:
    """The paths in backticks; those of code may be relative to dbmate_wrap, and end with `:Name`."""
    packages = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    found: list[tuple[Path, str | None]] = []
    for path, name in re.findall(r"`([\w.-]+(?:/[\w.-]*)*)(?::([A-Za-z_]\w*))?`", text):
        first, slash, _ = path.partition("/")
        if slash and first in FOLDERS:
            found.append((ROOT / path, name or None))
        elif path.endswith(".py") or (slash and (first in packages or path.endswith(ENDINGS))):
            found.append((PACKAGE / path, name or None))
    return found


def test_paths_are_found_in_backticks_alone() -> None:
    text = "`scripts/x` `errors.py` `policy/rules/` `cli/app.py:envs` `a/b.py`"
    text += " docs/y.md `up` `squawk/x` `001_a.sql`"
    assert paths_named(text) == [
        (ROOT / "scripts/x", None),
        (PACKAGE / "errors.py", None),
        (PACKAGE / "policy/rules", None),
        (PACKAGE / "cli/app.py", "envs"),
        (PACKAGE / "a/b.py", None),
    ]


@pytest.mark.parametrize("page", PAGES_ABOUT_CODE)
def test_every_path_and_name_that_a_page_gives_exists(page: str) -> None:
    found = paths_named((ROOT / page).read_text(encoding="utf-8"))
    assert found
    for path, name in found:
        assert path.exists(), path
        if name is not None:
            text = path.read_text(encoding="utf-8")
            assert re.search(rf"^ *(?:class|def) {name}\b|^{name}\b.* =", text, re.MULTILINE), (path, name)


def test_the_table_of_layers_is_the_one_that_the_imports_are_held_to() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("<!-- layers:begin -->")[2].partition("<!-- layers:end -->")[0]
    rows = [
        (int(number), name) for number, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", table, re.MULTILINE)
    ]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    [layers] = [each["layers"] for each in contracts["contracts"] if each["type"] == "layers"]
    assert rows == [(number, name) for number, layer in enumerate(layers, 1) for name in layer.split(" | ")]
