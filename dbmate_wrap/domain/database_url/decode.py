"""Percent-decoding that explains what it cannot decode instead of quoting it."""

import re
from urllib.parse import unquote_to_bytes

from dbmate_wrap.domain.database_url.fault import ENCODE, UrlFault

_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def decoded(text: str) -> str:
    """The text with %XX undone; raises UrlFault for what no server takes."""
    if _STRAY_PERCENT.search(text):
        raise UrlFault("it has a % that does not begin a %XX", hint=ENCODE)
    result = _utf8(unquote_to_bytes(text))
    if result is None:
        raise UrlFault("a %XX in it does not give UTF-8 text; perhaps a % stands for itself", hint=ENCODE)
    if any(ord(character) < 32 or ord(character) == 127 for character in result):
        raise UrlFault("a %XX in it gives a control character", hint=f"remove it; {ENCODE}")
    return result


def _utf8(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
