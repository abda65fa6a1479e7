"""Rule invisible-character: what is executed is what one reads."""

import re
from collections.abc import Iterator

from dbmate_wrap.domain.sql_lexer import tokens
from dbmate_wrap.policy.hit import Hit

# They change the order in which a line is shown: https://trojansource.codes
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Controls, blanks beyond ASCII, soft hyphen, zero width, fillers, marks of direction, byte order mark, tags.
_INVISIBLE = re.compile(
    "[\x80-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u3000\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_HINT = "remove it, or type the line again: PostgreSQL takes it for a letter of a name"
_ORDER_HINT = "remove it: it shows the line in another order than it has"


def find(sql: str) -> Iterator[Hit]:
    """One hit per line with such characters outside of strings; in comments those that change the order."""
    # The places of most files end here.
    if sql.isascii() or not _INVISIBLE.search(sql):
        return
    found: list[int] = []
    for at in _places(sql, 0):
        if found and sql.find("\n", found[0], at) >= 0:
            yield _hit(sql, found)
            found = []
        found.append(at)
    if found:
        yield _hit(sql, found)


def _places(text: str, base: int) -> Iterator[int]:
    """Yield the places in `text`, which begins at `base`; in the body of a DO block or a function too."""
    at, first, is_code = 0, "", False
    for token in tokens(text):
        yield from (base + one.start() for one in _REORDERING.finditer(text, at, token.start))
        at = token.end
        if token.kind == "string" and token.text == "$":
            tag = text.index("$", token.start + 1) + 1 - token.start
            if is_code:
                yield from _places(text[token.start + tag : at - tag], base + token.start + tag)
        elif token.kind != "string" or token.text == '"':
            yield from (base + one.start() for one in _INVISIBLE.finditer(text, token.start, at))
        first = "" if token.text == ";" else first or token.text
        is_code = first == "do" or (
            first == "create" and (is_code or token.text in ("function", "procedure"))
        )
    yield from (base + one.start() for one in _REORDERING.finditer(text, at))


def _hit(sql: str, places: list[int]) -> Hit:
    from unicodedata import name  # A megabyte of tables, which almost no text needs.

    characters = dict.fromkeys(sql[at] for at in places)
    named = ", ".join(f"U+{ord(each):04X} ({name(each, 'a control').lower()})" for each in characters)
    hint = _ORDER_HINT if any(map(_REORDERING.match, characters)) else _HINT
    plural = "s" if len(characters) > 1 else ""
    return Hit("invisible-character", places[0], f"invisible character{plural}: {named}", hint)
