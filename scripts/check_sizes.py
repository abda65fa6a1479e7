"""Find files and functions that are longer than the limits in pyproject.toml ([tool.check-sizes])."""

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Limits:
    """`exceptions` are reasons by path, or by `path:function` (`path:Class.method`)."""

    folders: tuple[str, ...]
    file_lines: int
    function_lines: int
    exceptions: Mapping[str, str]


def read_limits(root: Path) -> Limits:
    """The limits that the project below `root` has set itself."""
    table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["check-sizes"]
    return Limits(
        tuple(table["folders"]), table["file-lines"], table["function-lines"], table.get("exceptions", {})
    )


def faults(root: Path, limits: Limits) -> list[str]:
    """A line for everything that is too long without an exception, and for every exception without need."""
    paths = sorted(path for folder in limits.folders for path in (root / folder).rglob("*.py"))
    too_long: dict[str, str] = {}
    for path in paths:
        too_long |= _too_long(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"), limits)
    found = [text for name, text in too_long.items() if name not in limits.exceptions]
    for name, reason in limits.exceptions.items():
        if name not in too_long:
            found.append(f"pyproject.toml: {name} needs no exception (any more): remove it")
        elif not reason.strip():
            found.append(f"pyproject.toml: the exception for {name} has no reason")
    return found


def _too_long(name: str, source: str, limits: Limits) -> Iterator[tuple[str, str]]:
    lines = len(source.splitlines())
    if lines > limits.file_lines:
        yield name, f"{name}: {lines} lines, {limits.file_lines} are allowed"
    for function, node in _functions(ast.parse(source), ""):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > limits.function_lines:
            text = f"{name}:{node.lineno}: {function} has {lines} lines, {limits.function_lines} are allowed"
            yield f"{name}:{function}", text


def _functions(parent: ast.AST, scope: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in ast.iter_child_nodes(parent):
        inner = scope
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{scope}{node.name}."
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{scope}{node.name}", node
        yield from _functions(node, inner)


def main() -> int:
    """Print what is too long; 1 if there is any."""
    found = faults(ROOT, read_limits(ROOT))
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
