"""The guides and runbooks of docs/, and each of their sections by the name of its heading."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

from dbmate_wrap.pages.page import Page, slug

# Copies that `make docs` keeps equal to docs/: only what is in the package is in the wheel.
FOLDER = Path(__file__).parent / "guides"
# Their paths below docs/, without the ending.
GUIDES = (
    *("adopt", "agents", "check", "exit-codes", "fleet", "formats", "runbook", "safe-migrations", "settings"),
    *("terminal", "untrusted-branches"),
    *("runbooks/11-binary", "runbooks/13-history", "runbooks/13-history-table", "runbooks/20-refused"),
    *("runbooks/21-unreachable", "runbooks/22-preflight", "runbooks/23-locked", "runbooks/24-blocked"),
    *("runbooks/30-failed", "runbooks/31-partial", "runbooks/33-drift", "runbooks/34-35-fleet"),
    *("runbooks/a-check-is-red", "runbooks/before-it-is-merged", "runbooks/dbmate-itself", "runbooks/deploy"),
    *("runbooks/deploy-around-a-rollout", "runbooks/restore-into-staging", "runbooks/roll-forward"),
    *("runbooks/rotate-the-pin", "runbooks/wait-for-migrations"),
)

# Not a comment in a listing.
_HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@cache
def guides() -> tuple[Page, ...]:
    """Return every guide as a whole, by its name without the folder."""
    return tuple(
        Page("guide", PurePosixPath(path).name, (FOLDER / f"{path}.md").read_text(encoding="utf-8"))
        for path in GUIDES
    )


def sections(guide: Page) -> Iterator[Page]:
    """Yield the sections of a guide, each with those below it."""
    listings = [found.span() for found in _FENCE.finditer(guide.text)]
    headings = [
        found
        for found in _HEADING.finditer(guide.text)
        if not any(start <= found.start() < end for start, end in listings)
    ]
    for number, found in enumerate(headings):
        level = _level(found)
        following = (each.start() for each in headings[number + 1 :] if _level(each) <= level)
        text = guide.text[found.start() : next(following, len(guide.text))]
        yield Page("guide", slug(found[1]), text.rstrip() + "\n")


def _level(heading: re.Match[str]) -> int:
    return len(heading[0].split(" ", 1)[0])
