"""The page of each state of a migration."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from dbmate_wrap.pages.page import Page, filled

STATES_SOURCE = Path(__file__).parent / "states.toml"


def state_pages(level: str = "#") -> Iterator[Page]:
    """Yield the page of every state, in the order of the file."""
    for name, texts in tomllib.loads(STATES_SOURCE.read_text(encoding="utf-8")).items():
        following = filled(f"What to do next: {texts['next']}")
        text = f"{level} {name}\n\n{filled(texts['what'])}\n\n{following}\n"
        yield Page("state", name, text)


def states_guide() -> str:
    """Return one page of all states."""
    heading = "# States of a migration\n\n`status` shows one of these for each migration in a database.\n"
    return "\n".join([heading, *(page.text for page in state_pages("##"))])
