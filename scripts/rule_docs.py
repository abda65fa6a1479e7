"""Makes docs/rules/ of the pages of the rules."""

from collections.abc import Iterator
from pathlib import Path

from dbmate_wrap.policy import rule_pages


def wanted(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every page of docs/rules/ with the text that it should have."""
    found = tuple(rule_pages.pages())
    yield folder / "README.md", with_note(rule_pages.index(found), "dbmate_wrap/policy/")
    for each in found:
        source = f"dbmate_wrap/policy/pages/{each.rule.id}.toml"
        yield folder / f"{each.rule.id}.md", with_note(rule_pages.markdown(each), source)


def with_note(page: str, source: str) -> str:
    """The page, which tells below its heading where it comes from."""
    heading, _, rest = page.partition("\n")
    return f"{heading}\n\nMade from `{source}` by `make docs`: do not edit.\n{rest}"
