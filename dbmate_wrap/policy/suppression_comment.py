"""Parses one allow comment, and finds what is wrong with its form or its place."""

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
class CommentFault:
    """The reason why a comment allows nothing, with a hint."""

    message: str
    hint: str


@dataclass(frozen=True)
class ParsedComment:
    """The rule that a comment is meant to allow; empty where it names none."""

    rule: str
    fault: CommentFault | None = None


def parse_comment(comment: str) -> ParsedComment:
    """Parse a comment, which begins with its dashes."""
    text = comment.rstrip()
    right = _RIGHT.fullmatch(text)
    named = right or _WITHOUT_REASON.fullmatch(text)
    if named is None:
        rule = _named_rule(text)
        return ParsedComment(
            rule,
            CommentFault(
                "this comment is not written as an allow comment must be, so it allows nothing",
                f"write exactly: {_spelling(rule)}",
            ),
        )
    rule = named["rule"]
    if fault := _unusable(rule):
        return ParsedComment(rule, fault)
    if right is None:
        message = f"this comment allows {rule} without a reason"
        return ParsedComment(rule, CommentFault(message, f"write: {_spelling(rule)}"))
    return ParsedComment(rule)


def check_placement(comment: ParsedComment, *, in_head: bool, has_statement: bool) -> ParsedComment:
    """The comment, with a fault if it stands where its rule cannot be allowed."""
    rule = rule_of(comment.rule)
    if comment.fault is not None or rule is None:
        return comment
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
        return comment
    return replace(comment, fault=CommentFault(message, hint))


def _unusable(rule: str) -> CommentFault | None:
    found = rule_of(rule)
    if found is None:
        near = nearest_rule(rule)
        known = "docs/rules/README.md lists the rules"
        return CommentFault(f"{rule!r} is not a rule", f"did you mean {near}?" if near else known)
    if found.refusal is not None:
        message = f"{rule} cannot be allowed: {found.refusal}"
        return CommentFault(message, "remove the comment, and fix what it is about")
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
