"""The texts of the rules (what, why, remedy), from the pages that docs/rules/ is made of."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from dbmate_wrap.policy.registry import RULES


@dataclass(frozen=True)
class RuleText:
    """Markdown of a line or a paragraph each."""

    what: str
    why: str
    remedy: str


@cache
def text_of_rule(rule: str) -> RuleText | None:
    """The texts of a rule (all of squawk's share a page); None where there is no such rule."""
    name = rule if rule in RULES else "squawk" if rule.startswith("squawk/") else None
    if name is None:
        return None
    page = files("dbmate_wrap.policy") / "pages" / f"{name}.toml"
    keys = tomllib.loads(page.read_text(encoding="utf-8"))
    return RuleText(str(keys["what"]), str(keys["why"]), str(keys["remedy"]))
