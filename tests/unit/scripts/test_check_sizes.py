"""The limits on the length of files and functions."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from scripts.check_sizes import Limits, faults, read_limits

NONE: Mapping[str, str] = MappingProxyType({})
LONG_FUNCTION = "@decorated\n@twice\ndef long():\n    a = 1\n    b = 2\n    return a + b\n"
SHORT_FUNCTION = "@decorated\n@twice\ndef short():\n    a = 1\n    return a\n"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "package/inner").mkdir(parents=True)
    return tmp_path / "package"


def found(package: Path, exceptions: Mapping[str, str] = NONE) -> list[str]:
    return faults(package.parent, Limits(("package",), 9, 3, exceptions))


def test_up_to_the_limit_nothing_is_found(package: Path) -> None:
    (package / "a.py").write_text(SHORT_FUNCTION + "\n" * 4)
    assert found(package) == []


def test_a_long_file_is_found_in_any_folder(package: Path) -> None:
    (package / "inner/a.py").write_text("\n" * 10)
    assert found(package) == ["package/inner/a.py: 10 lines, 9 are allowed"]


@pytest.mark.parametrize(
    ("source", "place", "name"),
    [
        (LONG_FUNCTION, 3, "long"),
        ("class A:\n    async def m(self):\n        a = 1\n        b = 2\n        return a\n", 2, "A.m"),
        ("if True:\n    def f():\n        a = 1\n        b = 2\n        return a\n", 2, "f"),
    ],
)
def test_a_long_function_is_found_without_its_decorators(
    package: Path, source: str, place: int, name: str
) -> None:
    (package / "a.py").write_text(source)
    assert found(package) == [
        f"package/a.py:{place}: {name} has 4 lines, 3 are allowed",
    ]
    assert found(package, {f"package/a.py:{name}": "a table"}) == []


def test_an_inner_function_is_found_with_the_outer_one(package: Path) -> None:
    (package / "a.py").write_text(
        "def outer():\n    def inner():\n        a = 1\n        b = 2\n        c = 3\n"
    )
    assert [line.split()[1] for line in found(package)] == ["outer", "outer.inner"]


def test_an_exception_holds_for_a_file_and_not_for_its_functions(package: Path) -> None:
    (package / "a.py").write_text(LONG_FUNCTION + "\n" * 10)
    assert found(package, {"package/a.py": "a table"}) == ["package/a.py:3: long has 4 lines, 3 are allowed"]


@pytest.mark.parametrize("name", ["package/a.py", "package/a.py:short", "package/gone.py"])
def test_an_exception_that_is_not_needed_is_found(package: Path, name: str) -> None:
    (package / "a.py").write_text(SHORT_FUNCTION)
    assert found(package, {name: "a table"}) == [
        f"pyproject.toml: {name} needs no exception (any more): remove it"
    ]


def test_an_exception_without_a_reason_is_found(package: Path) -> None:
    (package / "a.py").write_text(LONG_FUNCTION)
    assert found(package, {"package/a.py:long": " "}) == [
        "pyproject.toml: the exception for package/a.py:long has no reason"
    ]


def test_the_limits_are_read_from_the_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.check-sizes]\nfolders = ["a"]\nfile-lines = 1\nfunction-lines = 2\n'
        '[tool.check-sizes.exceptions]\n"a/b.py" = "c"\n'
    )
    assert read_limits(tmp_path) == Limits(("a",), 1, 2, {"a/b.py": "c"})
