"""Parses one allow comment, and finds what is wrong with its form or its place."""

import re
from dataclasses import dataclass

from dbmate_wrap.policy.registry import RULES, Rule, nearest_rule, rule_of

# Whatever seems meant as one: a comment that begins with the tool's name, and a colon or a verb after it.
ATTEMPT = re.compile(
    r"(?:--|/\*)[\W_]{0,200}dbmate[-_ ]?wrap(?:[-_ ]*:|\W+(?:allow|ignore|disable)\b)", re.IGNORECASE
)
_RIGHT = re.compile(r"-- dbmate-wrap: +allow +(?P<rule>[^\s,]+) +because +(?P<reason>.*\w.*)")
_WITHOUT_REASON = re.compile(r"-- dbmate-wrap: +allow +(?P<rule>[^\s,]+)(?: +because\W*)?")
_WORD = re.compile(r"[a-z0-9]+(?:[-_/][a-z0-9]+)*", re.IGNORECASE)


@dataclass(frozen=True)
class CommentFault:
    """The reason why a comment allows nothing, with a hint."""

    message: str
    hint: str


def parse_comment(comment: str, *, in_head: bool, has_statement: bool) -> tuple[str, CommentFault | None]:
    """The rule that a comment is meant to allow, "" where it names none, and why it allows nothing, or None.

    `comment` begins with its dashes. It stands before the first directive (`in_head`) or elsewhere, and there
    perhaps where no statement begins on the line below.
    """
    text = comment.rstrip()
    right = _RIGHT.fullmatch(text)
    named = right or _WITHOUT_REASON.fullmatch(text)
    if named is None:
        name = _named_rule(text)
        message = "this comment is not written as an allow comment must be, so it allows nothing"
        return name, CommentFault(message, f"write exactly: {_spelling(name)}")
    name = named["rule"]
    rule = rule_of(name)
    if rule is None:
        near = nearest_rule(name)
        known = "`dbmate-wrap explain rules` lists the rules"
        return name, CommentFault(f"{name!r} is not a rule", f"did you mean {near}?" if near else known)
    if rule.refusal is not None:
        message = f"{name} cannot be allowed: {rule.refusal}"
        return name, CommentFault(message, "remove the comment, and fix what it is about")
    if right is None:
        message = f"this comment allows {name} without a reason"
        return name, CommentFault(message, f"write: {_spelling(name)}")
    return name, _misplaced(rule, in_head=in_head, has_statement=has_statement)


def _misplaced(rule: Rule, *, in_head: bool, has_statement: bool) -> CommentFault | None:
    if in_head and rule.scope == "statement":
        message = f"{rule.id} is allowed for single statements, not for a whole file"
        return CommentFault(message, "put the comment on the line before the statement")
    if not in_head and rule.scope == "file":
        message = f"{rule.id} is about the whole file, not about a statement"
        return CommentFault(message, "put the comment before `-- migrate:up`")
    if not in_head and not has_statement:
        message = "no statement begins on the line below this comment, so it allows nothing"
        hint = "put it on a line of its own directly before the statement, without an empty line between"
        return CommentFault(message, hint)
    return None


def _named_rule(text: str) -> str:
    """The first word that is a rule, however it is written."""
    for word in _WORD.finditer(text):
        name = word.group().lower().replace("_", "-")
        if name in RULES or rule_of(name) is not None:
            return name
    return ""


def _spelling(rule: str) -> str:
    return f"-- dbmate-wrap: allow {rule or 'RULE'} because REASON"
