"""The tests share what stands in tests/support, and take nothing from a conftest or from each other."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repository import REPOSITORY

TESTS = REPOSITORY / "tests"
SOURCES = sorted(TESTS.rglob("*.py"))


def imported(source: str) -> Iterator[str]:
    """The dotted names that a module imports, also those that it imports inside a function."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules_of_tests(source: str) -> set[str]:
    """Those of its imports that are a conftest or a module of tests."""
    parts = ((name, name.split(".")) for name in imported(source) if name.startswith("tests."))
    return {name for name, path in parts if any(p == "conftest" or p.startswith("test_") for p in path)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(TESTS)))
def test_no_module_imports_a_conftest_or_a_module_of_tests(path: Path) -> None:
    assert modules_of_tests(path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    "source",
    [
        "from tests.conftest import a",
        "from tests.e2e.conftest import a",
        "import tests.unit.sql.test_fuzz",
        "def f():\n    from tests.integration import test_stamp",
    ],
)
def test_such_an_import_would_be_found(source: str) -> None:
    assert modules_of_tests(source)


def test_no_code_stands_among_the_cases() -> None:
    assert list((TESTS / "cases").rglob("*.py")) == []


@pytest.mark.parametrize(
    "path", sorted(TESTS.rglob("conftest.py")), ids=lambda path: str(path.relative_to(TESTS))
)
def test_a_conftest_holds_fixtures_and_hooks_only(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    defined = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    others = [
        node.name
        for node in defined
        if not node.name.startswith("pytest_")
        and not any("pytest.fixture" in ast.unparse(decorator) for decorator in node.decorator_list)
    ]
    assert others == []
