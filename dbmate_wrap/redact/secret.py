"""Finds one secret in text, in every spelling in which a child or a library may print it."""

import re
from collections.abc import Iterator
from functools import cached_property

_WORD = re.compile(r"[0-9A-Za-z]+")
_PIECES = re.compile(r"\\+|'+|\"+|[\ud800-\udfff]+|.", re.DOTALL)
_NAMED = {"\0": "0", "\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r"}
# Escaping again doubles the backslashes: three times is more than any output here does.
_MOST_BACKSLASHES = 8
# How long the spelling of one character can be, and what stands around a password: both generous.
_LONGEST_SPELLING, _SURROUNDINGS = 32, 32


class Secret:
    """One secret; `in_place` finds it only where it stands as one: ``:secret@``, ``password=secret``."""

    def __init__(self, secret: str, *, in_place: bool) -> None:
        self._secret = secret
        self._in_place = in_place
        # Letters and digits are spelled in one way: where the longest run of them is not, no secret is.
        self._core = max(_WORD.findall(secret), key=len, default="")
        self.spans_lines = "\n" in secret
        # How much text around its beginning decides whether it is one.
        self.reach = _LONGEST_SPELLING * len(secret) + _SURROUNDINGS

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield its positions in `text`, also those that overlap each other."""
        if self._core not in text:
            return
        found = self._pattern.search(text)
        while found is not None:
            yield found.span(found.lastgroup or 0)
            found = self._pattern.search(text, found.start() + 1)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        pieces = _PIECES.findall(self._secret)
        body = "".join(_spelling(piece, before) for before, piece in zip(["", *pieces], pieces, strict=False))
        if not self._in_place:
            return re.compile(body)
        equals = r"""\\{0,7}["']?[ \t]{0,2}[:=][ \t]{0,2}\\{0,7}["']?"""
        return re.compile(
            rf":(?P<in_url>{body})(?=@)|(?i:pass(?:word|wd|phrase)?|pwd){equals}(?P<after_word>{body})(?!\w)"
        )


def _spelling(piece: str, before: str) -> str:
    """Return a pattern for all spellings of a character, or of a run of backslashes, quotes or raw bytes.

    Percent-encoded (RFC 3986, forms, Go), escaped once or oftener (JSON, Go's %q, Python's repr), or doubled
    (SQL). Atomic, so that no secret and no text can make the search take long.
    """
    if _WORD.fullmatch(piece):
        return piece
    percent = "".join(f"%{_hex(byte, 2)}" for byte in piece.encode("utf-8", "surrogateescape"))
    if piece == "%":
        # Not atomic: in `%25` the percent sign may stand for itself.
        return rf"(?:{percent}|%)"
    one, count = re.escape(piece[0]), len(piece)
    if piece[0] == "\\":
        return rf"(?>{percent}|\\{{{count},{_MOST_BACKSLASHES * count}}})"
    if "\ud800" <= piece[0] <= "\udfff":
        return f"(?>{percent}|{re.escape(piece)}|\ufffd{{1,{count}}})"
    # A run of backslashes before this piece has taken those that escape it.
    fewest = 0 if before.startswith("\\") else 1
    escaped = rf"\\{{{fewest},{_MOST_BACKSLASHES}}}(?:{_numbers(piece[0])}|{one})"
    raw = f"{one}{{{count},{2 * count}}}" if one in ("'", '"') else one
    forms = [percent, raw, rf"(?:{escaped}){{{count}}}"]
    if piece == " ":
        forms.append(r"\+")
    return f"(?>{'|'.join(forms)})"


def _numbers(character: str) -> str:
    code = ord(character)
    numbers = rf"u{_hex(code, 4)}|U{_hex(code, 8)}|x{_hex(code, 2)}"
    if code > 0xFFFF:
        high, low = divmod(code - 0x10000, 0x400)
        numbers += rf"|u{_hex(0xD800 + high, 4)}\\{{1,{_MOST_BACKSLASHES}}}u{_hex(0xDC00 + low, 4)}"
    return f"{numbers}|{_NAMED[character]}" if character in _NAMED else numbers


def _hex(number: int, digits: int) -> str:
    written = f"{number:0{digits}x}"
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in written)
