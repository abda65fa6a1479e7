"""Estimates how deeply a statement is nested, before the parser recurses into it."""

import re
from dataclasses import dataclass, field

from dbmate_wrap.domain.sql_lexer import BLANK, IN_NAME, LEXEMES, NAME, STRING, lexeme_end

_CONSTANT = rf"(?:[0-9.]++|(?i:null|true|false|default)(?!{IN_NAME}))"
_ROW = rf"\((?:{BLANK}++|,|-(?=[0-9])|{STRING}|{_CONSTANT})*+\)"
_TOKEN = re.compile(
    rf"""{LEXEMES}
    | (?P<constant>{_CONSTANT}|{_ROW}(?:{BLANK}*+,{BLANK}*+{_ROW})*+)
    | (?P<word>{NAME})
    | (?P<begin>[(\[])
    | (?P<end>[)\]])
    | (?P<separator>[,;])
    | (?P<operator>\|\||::|.)
    """,
    re.VERBOSE | re.DOTALL,
)
# What follows one of these is a sibling of what stands before it. AND and OR are chains that the parser makes
# one flat list of.
_SEPARATORS = frozenset({"and", "or", "when", "then", "else", "create"})
# A chain of these is as deep as it is long; what stands between two of them is a sibling of the others.
_CHAINS = frozenset({"union", "intersect", "except", "join"})
# These hold the separators that follow them.
_HOLDERS = frozenset({"case", "between", "atomic"})


@dataclass(frozen=True)
class Nesting:
    """Upper bounds for one statement: levels of its tree, and the sum of the levels of all its tokens."""

    depth: int
    work: int


@dataclass
class _Levels:
    """The levels around the token that is read: `fixed` and `current` of the innermost parenthesis.

    `current` counts since the last separator, `fixed` from the parenthesis on; `below` are all outer levels.
    """

    below: int = 0
    fixed: int = 0
    current: int = 0
    outer: list[tuple[int, int, int]] = field(default_factory=list)

    def open(self) -> None:
        self.outer.append((self.below, self.fixed, self.current))
        self.below += self.fixed + self.current + 2
        self.fixed = self.current = 0

    def close(self) -> None:
        if self.outer:
            self.below, self.fixed, self.current = self.outer.pop()

    def add_word(self, word: str, *, is_operand: bool) -> None:
        if word in _SEPARATORS:
            self.current = 0
        elif word in _CHAINS:
            self.fixed, self.current = self.fixed + 1, 0
        elif word in _HOLDERS:
            self.fixed, self.current = self.fixed + self.current + 2, 0
        elif word == "not" or not is_operand:
            self.current += 1


def nesting_of(sql: str, deepest: int) -> Nesting:
    """Return bounds for the nesting of `sql`; reading ends where it is more than `deepest`.

    For text that the grammar refuses they mean nothing. Every word, operator and parenthesis counts as a
    level, but for operands directly behind an operator. Measured, a level takes less than 400 bytes of
    the parser's stack, whatever it is made of (tests/integration/test_parser_stack.py).
    """
    levels = _Levels()
    depth = work = at = 0
    after_operator = False
    while depth <= deepest and (match := _TOKEN.match(sql, at)):
        kind, begin, at = match.lastgroup, at, lexeme_end(match)
        if kind in ("blank", "comment"):
            continue
        if kind == "word":
            levels.add_word(match.group().lower(), is_operand=after_operator)
        elif kind == "begin":
            levels.open()
        elif kind == "end":
            levels.close()
        elif kind == "separator":
            levels.current = 0
        elif kind == "operator":
            levels.current += 1
        after_operator = kind == "operator"
        level = levels.below + levels.fixed + levels.current
        depth = max(depth, level)
        work += level * (1 + (at - begin) // 4)
    return Nesting(depth, work)
