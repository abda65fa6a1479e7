"""What the command prints can be typed by somebody who has no clone of this repository."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbmate_wrap.commands.explain import pages_of
from dbmate_wrap.policy.rule_pages import PAGES

PACKAGE = Path(__file__).resolve().parents[2] / "dbmate_wrap"
_FILE_OF_DOCS = re.compile(r"(?<!\.com/)(?<!\.org/)\bdocs/|\b(?:CONTRIBUTING|runbook|baseline)\.md")
_EXPLAIN = re.compile(r"dbmate-wrap explain ([a-z0-9-]+)")


def texts() -> Iterator[tuple[str, str]]:
    """Every text of the code that is no docstring, and the pages of the rules, each with its file."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                yield path.relative_to(PACKAGE).as_posix(), node.value
    for page in sorted(PAGES.glob("*.toml")):
        yield page.name, page.read_text(encoding="utf-8")


def test_a_text_is_looked_at_and_a_docstring_is_not() -> None:
    found = dict(texts())
    assert found
    assert not any(text.startswith("Prints the page of a rule") for _, text in texts())
    assert _FILE_OF_DOCS.search("see docs/x.md")
    assert not _FILE_OF_DOCS.search("https://squawkhq.com/docs/rules")


def test_no_message_and_no_hint_names_a_file_of_the_docs() -> None:
    assert [(file, text) for file, text in texts() if _FILE_OF_DOCS.search(text)] == []


@pytest.mark.parametrize("name", sorted({name for _, text in texts() for name in _EXPLAIN.findall(text)}))
def test_every_page_that_a_hint_names_is_there(name: str) -> None:
    assert pages_of(name)
