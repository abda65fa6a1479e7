"""Reads the pages of the rules and writes them as Markdown: for `explain`, and for docs/rules/."""

import re
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.policy.registry import RULES, Rule

PAGES = Path(__file__).parent / "pages"
SQUAWK = Rule("squawk", "squawk", "warning", style=True)
INTRODUCTION = """\
# Rules

`dbmate-wrap check` applies these rules to migrations. An error ends it with exit code 12 (13 for the family
`lockfile`); warnings and notices are only shown. Severities are set by rule or by family, and a rule wins
over its family:

```toml
[tool.dbmate-wrap.policy]  # in dbmate-wrap.toml: [policy]
squawk = "off"
"squawk/ban-drop-column" = "error"
unqualified-name = "error"
```

A single breach is allowed by a comment with a reason, on a line of its own directly before the statement
(for a rule about the whole file: before `-- migrate:up`). Several may stand below each other:

```sql
-- dbmate-wrap: allow data-write because the statuses are part of the schema
INSERT INTO shop.statuses (name) VALUES ('new'), ('paid');
```

The baseline is the first migration, where it is called `NNN_init.sql` or `NNN_baseline.sql`. It is spared
by the rules that are marked so, because pg_dump wrote it. A finding of the SQL rules in a migration that is
merged already (or sealed, where there is no base to compare with) is a notice: the file can no longer be
changed. So is one of the rules of files, but for what dbmate refuses, skips or runs in another order. A
notice stays one, whatever severity is set; `off` removes it. `since = "VERSION"` in the table leaves
migrations before that version alone.
"""
# Families in the order of the index, with what they are about.
FAMILY_TITLES = {
    "files": "names, order, encoding and markers, as dbmate will meet them",
    "sql": "what the statements do, read by PostgreSQL's own grammar",
    "lockfile": "what is sealed or merged is never changed (exit code 13; all others 12)",
    "squawk": "hazards for a running system",
}


@dataclass(frozen=True)
class Example:
    """A project: its migrations, what was sealed of them (None: not the point), and its schema file."""

    files: Mapping[str, str]
    sealed: Mapping[str, str] | None
    schema: str | None


@dataclass(frozen=True)
class RulePage:
    """The page of one rule.

    `allow` is a comment with the line that it stands before, empty where none can; the line is one of the bad
    example's, in its file `allow_in` (the first, unless the page says otherwise).
    """

    rule: Rule
    what: str
    why: str
    remedy: str
    severity: str
    allow: str
    allow_in: str
    bad: Example
    good: Example


def pages() -> Iterator[RulePage]:
    """The page of every rule, in the order of the registry, and the one of squawk."""
    yield from (page(rule) for rule in (*RULES.values(), SQUAWK))


def page(rule: Rule) -> RulePage:
    """The page of one rule. Raises FileNotFoundError where it is missing, KeyError for a missing part."""
    table = tomllib.loads((PAGES / f"{rule.id}.toml").read_text(encoding="utf-8"))
    bad, good = _example(table["bad"]), _example(table["good"])
    return RulePage(
        rule=rule,
        what=table["what"],
        why=table["why"],
        remedy=table["remedy"],
        severity=table.get("severity", rule.severity),
        allow=table.get("allow", "").rstrip("\n"),
        allow_in=table.get("allow_in", min(bad.files)),
        bad=bad,
        good=good,
    )


def _example(table: Mapping[str, Mapping[str, str]]) -> Example:
    schema = table.get("schema")
    assert schema is None or isinstance(schema, str)
    return Example(table["files"], table.get("sealed"), schema)


def index(found: tuple[RulePage, ...]) -> str:
    """All rules by family, with how they are configured and allowed."""
    parts = [INTRODUCTION]
    for family, about in FAMILY_TITLES.items():
        rows = ["| rule | severity | baseline | what is asked for |", "| --- | --- | --- | --- |"]
        rows += [_row(each) for each in found if each.rule.family == family]
        parts.append(f"## {family}: {about}\n\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def markdown(page: RulePage) -> str:
    """One rule's page."""
    rule = page.rule
    parts = [
        f"# {rule.id}\n",
        f"Family [{rule.family}](README.md), severity: {page.severity}."
        + (" The baseline is spared." if rule.style else "")
        + "\n",
        f"{_filled(page.what)}\n",
        f"## Why\n\n{_filled(page.why)}\n",
        f"## How to fix it\n\n{_filled(page.remedy)}\n",
        f"## Bad\n\n{_shown(page.bad)}",
        f"## Good\n\n{_shown(page.good)}",
        f"## How to allow it\n\n{_allowing(page)}",
        f"## How to configure it\n\n{_configuring(rule)}",
    ]
    return "\n".join(parts)


def _row(page: RulePage) -> str:
    rule, spared = page.rule, "spared" if page.rule.style else ""
    return f"| [{rule.id}]({rule.id}.md) | {page.severity} | {spared} | {_first_sentence(page.what)} |"


def _first_sentence(text: str) -> str:
    # Not the dots of `COPY ... FROM`.
    return re.split(r"(?<!\.)\.(?: |$)", text, maxsplit=1)[0].replace("|", "\\|")


def _filled(text: str) -> str:
    return textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False)


def _shown(example: Example) -> str:
    parts = [_listing(f"`db/migrations/{name}`", text) for name, text in example.files.items()]
    for name, text in (example.sealed or {}).items():
        if example.files.get(name) == text:
            parts.append(f"`{name}` is sealed so.\n")
        else:
            parts.append(_listing(f"`{name}` was sealed as", text))
    if example.schema is not None:
        parts.append(_listing("`db/schema.sql`", example.schema))
    return "\n".join(parts)


def _listing(title: str, text: str) -> str:
    return f"{title}:\n\n```sql\n{_visible(text)}\n```\n"


def _visible(text: str) -> str:
    return text.replace("\ufeff", "<U+FEFF>").replace("\xad", "<U+00AD>").rstrip("\n")


def _allowing(page: RulePage) -> str:
    if page.rule.refusal is not None:
        return f"No comment allows it: {page.rule.refusal}.\n"
    where = "on the line before the statement"
    if page.allow.endswith("\n-- migrate:up"):
        where = "before `-- migrate:up`"
    return f"By a comment with your own reason, {where}:\n\n```sql\n{_visible(page.allow)}\n```\n"


def _configuring(rule: Rule) -> str:
    one = '"squawk/ban-drop-column" = "warning"' if rule.id == "squawk" else f'{rule.id} = "warning"'
    table = "[tool.dbmate-wrap.policy]  # in dbmate-wrap.toml: [policy]"
    family = f'{rule.family} = "error"  # or the whole family'
    return f"```toml\n{table}\n{one}  # error, warning or off\n{family}\n```\n"
