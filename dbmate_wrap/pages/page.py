"""A page, and its Markdown as people read it on a terminal."""

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

PageKind = Literal["rule", "exit code", "state", "guide"]

_WIDTH = 100
_FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]\[]+)\]\(([^)\s]+)\)")
_COMMENT = re.compile(r"^<!-- .* -->\n", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """A page by its name; `text` is Markdown that begins with a heading."""

    kind: PageKind
    name: str
    text: str


def filled(text: str) -> str:
    """Return one paragraph as lines that fit on a terminal."""
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def slug(heading: str) -> str:
    """``A check is red`` becomes ``a-check-is-red``, as in the links of code hosts."""
    return re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")


def readable(markdown: str, is_page: Callable[[str], bool]) -> str:
    """Return the Markdown without links: a page that is there is named by the command that prints it."""

    def without_link(found: re.Match[str]) -> str:
        text, target = found[1], found[2]
        if "://" in target:
            return text if text == target else f"{text} ({target})"
        path, _, section = target.partition("#")
        name = section or PurePosixPath(path).stem
        return f"{text} (`dbmate-wrap explain {name}`)" if is_page(name) else text

    parts = _FENCE.split(_COMMENT.sub("", markdown))
    # Every second part is code, which has no links.
    return "".join(part if number % 2 else _LINK.sub(without_link, part) for number, part in enumerate(parts))
