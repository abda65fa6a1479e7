"""The docs say what the command says."""

import re
from pathlib import Path

import pytest

from scripts import generate_docs

ROOT = Path(__file__).resolve().parents[2]


def test_nothing_that_is_generated_is_stale() -> None:
    stale = [path.name for path, text in generate_docs.wanted() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run `make docs`"


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
    "page", [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"], ids=lambda p: p.name
)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
