"""Prints the page of a rule, an exit code, a state, or a guide."""

from collections.abc import Iterator

from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import ExplainedPage, ExplainResult
from dbmate_wrap.domain.similar_name import similar_name
from dbmate_wrap.errors import ExitCode, UsageError
from dbmate_wrap.pages.codes import code_pages
from dbmate_wrap.pages.guides import guides, sections
from dbmate_wrap.pages.page import Page, readable, slug
from dbmate_wrap.pages.states import state_pages, states_guide
from dbmate_wrap.policy import rule_pages
from dbmate_wrap.policy.registry import RULES, nearest_rule, rule_of

_MOST_SUGGESTED = 3
_SQUAWK_PAGE = "https://squawkhq.com/docs/"


def explain(outcome: Outcome, name: str | None) -> None:
    """Show every page of that name, or all names. Raises UsageError for a name without a page."""
    found = pages_of(name) if name else (_contents(),)
    if not found:
        raise UsageError(f"there is no page of the name {name!r}", hint=_hint(name or ""))
    known = frozenset(page.name for page in _all_pages())
    shown = [
        ExplainedPage(page.kind, page.name, readable(page.text, lambda name: name in known)) for page in found
    ]
    outcome.result = ExplainResult(tuple(shown))


def pages_of(name: str) -> tuple[Page, ...]:
    """Return the pages of that name; a rule and a state, or a state and an exit code, may share one."""
    wanted = _key(name)
    found = [page for page in _short_pages() if wanted == _key(page.name)]
    labels = {str(int(code)): code.label for code in ExitCode}
    found += [page for page in code_pages() if page.name == labels.get(wanted)]
    if "/" in name and (rule := rule_of(name.lower())) is not None:
        link = f"This one is described at <{_SQUAWK_PAGE}{rule.id.partition('/')[2]}>.\n\n"
        found = [Page("rule", rule.id, link + rule_pages.markdown(rule_pages.page(rule_pages.SQUAWK)))]
    return tuple(found) or tuple(page for page in _guide_pages() if wanted == _key(page.name))


def _key(name: str) -> str:
    """``Version_Gap`` and ``version gap`` are one name."""
    return slug(name.replace("_", "-"))


def names() -> Iterator[str]:
    """Yield every name that has a page, except those of sections."""
    yield from dict.fromkeys(page.name for page in _short_pages())
    yield from (str(int(code)) for code in ExitCode)
    yield from ("rules", "states", *(guide.name for guide in guides()))


def _all_pages() -> Iterator[Page]:
    yield from _short_pages()
    yield from _guide_pages()


def _short_pages() -> Iterator[Page]:
    for each in rule_pages.pages():
        yield Page("rule", each.rule.id, rule_pages.markdown(each))
    yield from code_pages()
    yield from state_pages()


def _guide_pages() -> Iterator[Page]:
    yield Page("guide", "rules", rule_pages.index(tuple(rule_pages.pages())))
    yield Page("guide", "states", states_guide())
    for guide in guides():
        yield guide
    for guide in guides():
        yield from sections(guide)


def _contents() -> Page:
    """All names, by kind."""
    codes = ", ".join(f"{int(code)} {code.label}" for code in ExitCode)
    states = ", ".join(page.name for page in state_pages())
    guide_names = ", ".join(("rules", "states", *(guide.name for guide in guides())))
    lines = [
        "# What `dbmate-wrap explain NAME` knows",
        f"Rules: {', '.join(RULES)}, squawk.",
        f"Exit codes, by number or name: {codes}.",
        f"States of a migration: {states}.",
        f"Guides: {guide_names}.",
        "Sections of the guides, by their heading: `dbmate-wrap explain somebody-merged-first`.",
    ]
    return Page("guide", "contents", "\n\n".join(lines) + "\n")


def _hint(name: str) -> str:
    everything = "`dbmate-wrap explain` lists all"
    known = dict.fromkeys([*names(), *(page.name for page in _guide_pages())])
    near = nearest_rule(name) if "/" in name else similar_name(name, known)
    wanted = _key(name)
    found = [near] if near else [each for each in known if wanted and wanted in each][:_MOST_SUGGESTED]
    commands = " or ".join(f"`dbmate-wrap explain {each}`" for each in found)
    return f"did you mean {commands}? {everything}" if commands else everything
