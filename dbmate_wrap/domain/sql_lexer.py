"""The tokens of SQL and PL/pgSQL as PostgreSQL's scanner sees them, without white space and comments."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

# PostgreSQL's scan.l: other white space (a no-break space, say) and all that is not ASCII belongs to names.
BLANK = r"[ \t\n\r\f\v]"
# Written as what they are not: Python takes 7 ms for a set of characters up to the end of Unicode, each time.
LETTER = r"[^\x00-@\[-^`{-\x7f]"  # [A-Za-z_\x80-\U0010ffff]
WORD = r"[^\x00-/:-@\[-^`{-\x7f]"  # and digits
IN_NAME = r"[^\x00-#%-/:-@\[-^`{-\x7f]"  # and $
NAME = rf"{LETTER}{IN_NAME}*+"
TAG = rf"\$(?:{LETTER}{WORD}*+)?\$"
_ESCAPED = r"'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'"
STRING = (
    rf"[eE]{_ESCAPED}(?:[ \t\f\v]*[\n\r]{BLANK}*{_ESCAPED})*+"
    rf"""|'[^']*+(?:''[^']*+)*+'|"[^"]*+(?:""[^"]*+)*+\""""
)
OPEN_STRING = r"""[eE]'|['"]"""
_TOKEN = re.compile(
    rf"""
      (?P<blank>(?:{BLANK}++|--[^\n\r]*+)++)
    | (?P<comment>/\*)
    | (?P<string>{STRING})
    | (?P<dollar>{TAG})
    | (?P<open>{OPEN_STRING})
    | (?P<name>{NAME})
    | (?P<mark>:=|::|<<|>>|\.\.|[0-9]++|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_MARK = re.compile(r"/\*|\*/")


class Token(NamedTuple):
    """Characters `start` to `end`; `text` is lower case for a name, and only `$` or a quote for a string."""

    kind: Literal["name", "string", "mark"]
    text: str
    start: int
    end: int


def tokens(text: str, start: int = 0) -> Iterator[Token]:
    """The tokens from character `start` on; a string that is not closed ends with the text."""
    at = start
    while match := _TOKEN.match(text, at):
        begin, at = at, match.end()
        match match.lastgroup:
            case "blank":
                pass
            case "comment":
                at = comment_end(text, begin) or len(text)
            case "name":
                yield Token("name", match.group().lower(), begin, at)
            case "mark":
                yield Token("mark", match.group(), begin, at)
            case "dollar":
                at = dollar_end(text, match.group(), at)
                yield Token("string", "$", begin, at)
            case "open":
                at = len(text)
                yield Token("string", "'", begin, at)
            case _:
                yield Token("string", text[at - 1], begin, at)


def comment_end(text: str, begin: int) -> int | None:
    """Where the comment ends that begins there, None if nowhere; comments nest."""
    depth = 0
    for match in _COMMENT_MARK.finditer(text, begin):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    return None


def dollar_end(text: str, tag: str, begin: int) -> int:
    """Where the dollar-quoted string ends whose text begins there."""
    closing = text.find(tag, begin)
    return closing + len(tag) if closing >= 0 else len(text)
