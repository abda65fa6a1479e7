"""What a rule is about, why, and what to do, in words: from the page that also makes its documentation."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from dbmate_wrap.policy.rules import RULES


@dataclass(frozen=True)
class Words:
    """Markdown of a line or a paragraph each."""

    what: str
    why: str
    remedy: str


@cache
def words_of(rule: str) -> Words | None:
    """The words of a rule (all of squawk's share a page); None where there is no such rule."""
    name = rule if rule in RULES else "squawk" if rule.startswith("squawk/") else None
    if name is None:
        return None
    page = files("dbmate_wrap.policy") / "pages" / f"{name}.toml"
    keys = tomllib.loads(page.read_text(encoding="utf-8"))
    return Words(str(keys["what"]), str(keys["why"]), str(keys["remedy"]))
