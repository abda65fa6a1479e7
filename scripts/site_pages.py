"""The pages of the site: docs/README.md is the navigation, and every page of docs/ has a place in it."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

HOME = "README.md"
# Pages outside of docs/, by their names in the site.
OUTSIDE = ("CONTRIBUTING.md",)

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_ENTRY = re.compile(r"^- \[([^\]]+)\]\(([^)#]+\.md)\)", re.MULTILINE)
_TO_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]+\)")
_TITLE = re.compile(r"\A# (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """One page, with the pages that stand below it; `path` is relative to docs/."""

    title: str
    path: str
    below: tuple["Entry", ...] = ()


@dataclass(frozen=True)
class Section:
    """A heading of the navigation."""

    title: str
    entries: tuple[Entry, ...]


def navigation(docs: Path) -> tuple[Section, ...]:
    """The sections of docs/README.md.

    Pages of a folder that no section names stand below the page that is called as the folder, or its README.
    """
    _, *parts = _SECTION.split((docs / HOME).read_text(encoding="utf-8"))
    named = [
        (title, [(text, _inside(path)) for text, path in _ENTRY.findall(body)])
        for title, body in zip(parts[::2], parts[1::2], strict=True)
    ]
    known = {path for _, entries in named for _, path in entries}
    return tuple(
        Section(title, tuple(Entry(text, path, tuple(_below(docs, path, known))) for text, path in entries))
        for title, entries in named
    )


def title_of(page: Path) -> str:
    """The heading of a page, as plain text."""
    found = _TITLE.search(page.read_text(encoding="utf-8"))
    assert found, f"{page} begins with no heading"
    return found[1].replace("`", "")


def listing(docs: Path, pages: Sequence[Path]) -> str:
    """The pages as entries of docs/README.md, by their headings."""
    return "\n".join(f"- [{title_of(page)}]({page.relative_to(docs).as_posix()})" for page in pages)


def runbooks(docs: Path) -> list[Path]:
    """The index of all codes, and the pages in the folder beside it."""
    return [docs / "runbook.md", *sorted((docs / "runbooks").glob("*.md"))]


def engines(docs: Path) -> list[Path]:
    """The pages on what runs a fleet."""
    return sorted((docs / "fleet").glob("*.md"))


def left_out(docs: Path, sections: Sequence[Section]) -> list[str]:
    """Pages of docs/ that have no place in the navigation."""
    listed = {path for section in sections for entry in section.entries for path in _paths(entry)}
    pages = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")} | set(OUTSIDE)
    return sorted(pages - listed - {HOME})


def as_toml(sections: Sequence[Section]) -> str:
    """The value of `nav` in the configuration of the site."""
    groups = [_table(section.title, [_item(each) for each in section.entries]) for section in sections]
    return f"[{_table('Home', json.dumps(HOME))}, {', '.join(groups)}]"


def adapted(text: str) -> str:
    """A page of docs/ itself, whose links to what is outside lead to copies in the site, or are plain text.

    A git host shows the files of the repository; the site has none of them.
    """
    for name in OUTSIDE:
        text = text.replace(f"](../{name}", f"]({name}")
    return _TO_OUTSIDE.sub(r"\1", text)


def adapted_outside(text: str) -> str:
    """A page from outside of docs/, which lies beside the others in the site."""
    return text.replace("](docs/", "](")


def _inside(path: str) -> str:
    return path.removeprefix("../")


def _below(docs: Path, path: str, known: set[str]) -> Iterator[Entry]:
    page = PurePosixPath(path)
    folder = page.parent if page.name == HOME else page.with_suffix("")
    for each in sorted((docs / folder).glob("*.md")):
        name = each.relative_to(docs).as_posix()
        if name not in known:
            yield Entry(title_of(each), name)


def _paths(entry: Entry) -> Iterator[str]:
    yield entry.path
    for each in entry.below:
        yield from _paths(each)


def _item(entry: Entry) -> str:
    own = _table(entry.title, json.dumps(entry.path))
    if not entry.below:
        return own
    return _table(entry.title, [json.dumps(entry.path), *(_item(each) for each in entry.below)])


def _table(title: str, value: str | Sequence[str]) -> str:
    shown = value if isinstance(value, str) else f"[{', '.join(value)}]"
    return f"{{{json.dumps(title)} = {shown}}}"
