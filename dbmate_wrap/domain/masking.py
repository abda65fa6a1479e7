"""Makes other people's query texts fit to show: short, on one line, and without a single value in them."""

import re

MASK = "?"
_CUT = "..."

# Tokens as PostgreSQL's scanner cuts them (scan.l): an identifier has all beyond ASCII, also hard spaces.
# Possessive, so that nothing is read a second time in another way. A literal may end with the text:
# pg_stat_activity cuts queries anywhere.
_LETTER = r"A-Za-z_\x80-\U0010ffff"
_TOKEN = re.compile(
    rf"""
      (?P<gap>      [ \t\n\r\f\v]++ | --[^\r\n]*+ )
    | (?P<comment>  /\* )
    | (?P<escaped>  [eE]'(?:[^'\\]|\\.|'')*+(?:'|\\?\Z) )
    | (?P<string>   (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*+(?:'|\Z) )
    | (?P<dollar>   \$(?:[{_LETTER}][{_LETTER}0-9]*+)?\$ )
    | (?P<number>   \.?[0-9](?:[eE][+-][0-9]|[{_LETTER}0-9.])*+ )
    | (?P<kept>     \$[0-9]++ | (?:[uU]&)?"[^"]*+(?:"|\Z) | [{_LETTER}][{_LETTER}0-9$]*+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
# Without standard_conforming_strings this quote does not end the literal, and the setting is not known here.
_UNSURE_END = re.compile(r"(?<!\\)(?:\\\\)*+\\'")
_UNSURE_AFTER_NUMBER = ("'", "$")


def masked_query(text: str, limit: int = 80) -> str:
    """At most `limit` characters of a query: literals as ``?``, no comments, white space folded.

    What cannot be told for sure to be outside a literal is masked as well, up to the end of the text.
    """
    shown: list[str] = []
    at = 0
    while match := _TOKEN.match(text, at):
        piece, at = _masked(match)
        shown.append(piece)
    words = map(printable, "".join(shown).split())
    return _shortened(" ".join(filter(None, words)), limit)


def printable(text: str) -> str:
    """The text without what could steer a terminal: control and format characters, bidi overrides."""
    return text if text.isprintable() else "".join(filter(str.isprintable, text))


def _masked(match: re.Match[str]) -> tuple[str, int]:
    """What is shown of a token, and where the next one begins."""
    text, token, end = match.string, match[0], match.end()
    match match.lastgroup:
        case "gap":
            return " ", end
        case "comment":
            return " ", _end_of_comment(text, end)
        case "string" if _UNSURE_END.search(token):
            return MASK, len(text)
        case "escaped" | "string":
            return MASK, end
        case "dollar":
            close = text.find(token, end)
            return MASK, len(text) if close < 0 else close + len(token)
        case "number":
            # Whether `0x1f$$` is a number before a literal or ends in an identifier depends on the version.
            return MASK, len(text) if text.startswith(_UNSURE_AFTER_NUMBER, end) else end
        case _:
            return token, end


def _end_of_comment(text: str, at: int) -> int:
    depth = 1
    for edge in _COMMENT_EDGE.finditer(text, at):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(text)


def _shortened(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return text[: max(limit - len(_CUT), 0)].rstrip() + _CUT[:limit]
