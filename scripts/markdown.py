"""Text in Markdown, for the generated parts of the documents."""

import re
from collections.abc import Sequence
from pathlib import Path


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; a `|` in a cell is escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def filled(path: Path, name: str, text: str) -> str:
    """The file's text with `text` between the markers `<!-- name:begin -->` and `<!-- name:end -->`."""
    return fill(path.read_text(encoding="utf-8"), name, text)


def fill(page: str, name: str, text: str) -> str:
    """`page` with the text between the markers of `name` replaced."""
    pattern = re.compile(rf"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)", re.DOTALL)
    assert pattern.search(page), f"no markers for {name}"
    return pattern.sub(lambda match: f"{match[1]}{text}\n{match[2]}", page)
