"""Reads the text of one allow comment, and says what is wrong with its writing or its place."""

import re
from dataclasses import dataclass, replace

from dbmate_wrap.policy.registry import RULES, nearest_rule, rule_of

# Whatever seems meant as one: a comment that begins with the tool's name, and a colon or a verb after it.
ATTEMPT = re.compile(
    r"(?:--|/\*)[\W_]{0,200}dbmate[-_ ]?wrap(?:[-_ ]*:|\W+(?:allow|ignore|disable)\b)", re.IGNORECASE
)
_RIGHT = re.compile(r"-- dbmate-wrap: +allow +(?P<rule>[^\s,]+) +because +(?P<reason>.*\w.*)")
_WITHOUT_REASON = re.compile(r"-- dbmate-wrap: +allow +(?P<rule>[^\s,]+)(?: +because\W*)?")
_WORD = re.compile(r"[a-z0-9]+(?:[-_/][a-z0-9]+)*", re.IGNORECASE)


@dataclass(frozen=True)
class Fault:
    """Why a comment allows nothing, and what to do about it."""

    message: str
    hint: str


@dataclass(frozen=True)
class Asked:
    """The rule that a comment wants to allow, empty where it cannot be told."""

    rule: str
    fault: Fault | None = None


def asked(comment: str) -> Asked:
    """What the comment asks for; `comment` begins with its dashes."""
    text = comment.rstrip()
    right = _RIGHT.fullmatch(text)
    named = right or _WITHOUT_REASON.fullmatch(text)
    if named is None:
        rule = _meant(text)
        return Asked(
            rule,
            Fault(
                "this comment is not written as an allow comment must be, so it allows nothing",
                f"write exactly: {_spelling(rule)}",
            ),
        )
    rule = named["rule"]
    if fault := _unusable(rule):
        return Asked(rule, fault)
    if right is None:
        return Asked(rule, Fault(f"this comment allows {rule} without a reason", f"write: {_spelling(rule)}"))
    return Asked(rule)


def misplaced(what: Asked, *, in_head: bool, has_statement: bool) -> Asked:
    """The same, with a fault if it stands where its rule cannot be allowed."""
    rule = rule_of(what.rule)
    if what.fault is not None or rule is None:
        return what
    if in_head and rule.scope == "statement":
        message = f"{rule.id} is allowed for single statements, not for a whole file"
        hint = "put the comment on the line before the statement"
    elif not in_head and rule.scope == "file":
        message = f"{rule.id} is about the whole file, not about a statement"
        hint = "put the comment before `-- migrate:up`"
    elif not has_statement:
        message = "no statement begins on the line below this comment, so it allows nothing"
        hint = "put it on a line of its own directly before the statement, without an empty line between"
    else:
        return what
    return replace(what, fault=Fault(message, hint))


def _unusable(rule: str) -> Fault | None:
    found = rule_of(rule)
    if found is None:
        near = nearest_rule(rule)
        known = "docs/rules/README.md lists the rules"
        return Fault(f"{rule!r} is not a rule", f"did you mean {near}?" if near else known)
    if found.refusal is not None:
        return Fault(
            f"{rule} cannot be allowed: {found.refusal}", "remove the comment, and mend what it is about"
        )
    return None


def _meant(text: str) -> str:
    """The first word that is a rule, however it is written."""
    for word in _WORD.finditer(text):
        name = word.group().lower().replace("_", "-")
        if name in RULES or rule_of(name) is not None:
            return name
    return ""


def _spelling(rule: str) -> str:
    return f"-- dbmate-wrap: allow {rule or 'RULE'} because REASON"
