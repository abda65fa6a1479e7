"""Makes other people's query texts fit to show: short, on one line, and without a single value in them."""

import re

from dbmate_wrap.domain.escape import drop_unprintable
from dbmate_wrap.domain.sql_lexer import BLANK, LINE_COMMENT, NAME, PLAIN_STRING, TAG, WORD, lexeme_end

_MASK = "?"
_CUT = "..."

# A literal may end with the text: pg_stat_activity cuts queries anywhere.
_TOKEN = re.compile(
    rf"""
      (?P<blank>    {BLANK}++ | {LINE_COMMENT} )
    | (?P<comment>  /\* )
    | (?P<escaped>  [eE]'(?:[^'\\]|\\.|'')*+(?:'|\\?\Z) )
    | (?P<string>   (?:[bBxXnN]|[uU]&)?{PLAIN_STRING}(?:'|\Z) )
    | (?P<dollar>   {TAG} )
    | (?P<number>   \.?[0-9](?:[eE][+-][0-9]|{WORD}|\.)*+ )
    | (?P<kept>     \$[0-9]++ | (?:[uU]&)?"[^"]*+(?:"|\Z) | {NAME} | . )
    """,
    re.VERBOSE | re.DOTALL,
)
# Without standard_conforming_strings this quote does not end the literal, and the setting is not known here.
_UNSURE_END = re.compile(r"(?<!\\)(?:\\\\)*+\\'")
_UNSURE_AFTER_NUMBER = ("'", "$")


def masked_query(text: str, limit: int = 80) -> str:
    """Return at most `limit` characters of a query: literals as ``?``, no comments, white space folded.

    What may be part of a literal is masked as well, up to the end of the text.
    """
    shown: list[str] = []
    at = 0
    while match := _TOKEN.match(text, at):
        piece, at = _masked(match)
        shown.append(piece)
    whole = " ".join(filter(None, map(drop_unprintable, "".join(shown).split())))
    return whole if len(whole) <= limit else whole[: max(limit - len(_CUT), 0)].rstrip() + _CUT[:limit]


def _masked(match: re.Match[str]) -> tuple[str, int]:
    """Return the text to show for a token, and the beginning of the next one."""
    text, token, end = match.string, match[0], lexeme_end(match)
    match match.lastgroup:
        case "blank" | "comment":
            return " ", end
        case "string" if _UNSURE_END.search(token):
            return _MASK, len(text)
        case "escaped" | "string" | "dollar":
            return _MASK, end
        case "number":
            # Whether `0x1f$$` is a number before a literal or ends in an identifier depends on the version.
            return _MASK, len(text) if text.startswith(_UNSURE_AFTER_NUMBER, end) else end
        case _:
            return token, end
