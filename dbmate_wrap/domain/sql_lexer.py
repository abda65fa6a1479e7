"""The tokens of SQL and PL/pgSQL as PostgreSQL's scanner (scan.l) cuts them, without blanks and comments."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

# Other white space (a no-break space, say) and all that is not ASCII belongs to names.
BLANK = r"[ \t\n\r\f\v]"
LINE_COMMENT = r"--[^\n\r]*+"
# Written as what they are not: Python takes 7 ms for a set of characters up to the end of Unicode, each time.
LETTER = r"[^\x00-@\[-^`{-\x7f]"  # [A-Za-z_\x80-\U0010ffff]
WORD = r"[^\x00-/:-@\[-^`{-\x7f]"  # and digits
IN_NAME = r"[^\x00-#%-/:-@\[-^`{-\x7f]"  # and $
NAME = rf"{LETTER}{IN_NAME}*+"
TAG = rf"\$(?:{LETTER}{WORD}*+)?\$"
# Possessive, so that nothing is read a second time in another way.
PLAIN_STRING = r"'[^']*+(?:''[^']*+)*+"  # without the last quote
_ESCAPED = r"'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'"
STRING = (
    rf"[eE]{_ESCAPED}(?:[ \t\f\v]*[\n\r]{BLANK}*{_ESCAPED})*+"
    rf"""|{PLAIN_STRING}'|"[^"]*+(?:""[^"]*+)*+\""""
)
# In ALTER ... OWNER TO; also where it stands in a string or a comment.
OWNER_TO = re.compile(r"\bowner\s+to\b", re.IGNORECASE)
# The beginning of every scanner; `lexeme_end` knows these groups.
LEXEMES = rf"""
      (?P<blank>(?:{BLANK}++|{LINE_COMMENT})++)
    | (?P<comment>/\*)
    | (?P<string>{STRING})
    | (?P<dollar>{TAG})
    | (?P<open>[eE]'|['"])
"""
_TOKEN = re.compile(
    rf"""{LEXEMES}
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
    """Yield the tokens from character `start` on; a string that is not closed ends with the text."""
    at = start
    while match := _TOKEN.match(text, at):
        begin, at = at, lexeme_end(match)
        match match.lastgroup:
            case "blank" | "comment":
                pass
            case "name":
                yield Token("name", match.group().lower(), begin, at)
            case "mark":
                yield Token("mark", match.group(), begin, at)
            case "dollar":
                yield Token("string", "$", begin, at)
            case "open":
                yield Token("string", "'", begin, at)
            case _:
                yield Token("string", text[at - 1], begin, at)


def lexeme_end(match: re.Match[str]) -> int:
    """Return the end of the token that begins with `match`; one that is not closed ends with the text."""
    text, end = match.string, match.end()
    match match.lastgroup:
        case "comment":
            return comment_end(text, match.start()) or len(text)
        case "dollar":
            closing = text.find(match.group(), end)
            return closing + end - match.start() if closing >= 0 else len(text)
        case "open":
            return len(text)
        case _:
            return end


def comment_end(text: str, begin: int) -> int | None:
    """Return the end of the comment `/* */` that begins there, None if it has none; comments nest."""
    depth = 0
    for match in _COMMENT_MARK.finditer(text, begin):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    return None
