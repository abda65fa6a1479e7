"""The error of a URL that is not understood, and the percent-decoding that raises it."""

import re
from urllib.parse import unquote

from dbmate_wrap.errors import ConfigError

ENCODE = (
    "inside a user name, password or database write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, "
    "% as %25 and a space as %20"
)
FORM = "write it as postgres://USER:PASSWORD@HOST:5432/DATABASE"


class UrlFault(ConfigError):
    """A URL that is not understood: an explanation in fixed words, never a piece of the URL.

    Where a URL is malformed, any piece of it can be a piece of the password: `p@ss` makes half a password
    look like a host, `p#ss` like a port. For the same reason nothing here is raised from a library's
    exception, whose text would quote it.
    """


def decoded(text: str) -> str:
    """Return the text with %XX undone; raises UrlFault for what no server takes."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise UrlFault("it has a % that does not begin a %XX", hint=ENCODE)
    result = unquote(text, errors="surrogateescape")
    if re.search("[\ud800-\udfff]", result):
        raise UrlFault("a %XX in it does not give UTF-8 text; perhaps a % stands for itself", hint=ENCODE)
    if re.search(r"[\x00-\x1f\x7f]", result):
        raise UrlFault("a %XX in it gives a control character", hint=f"remove it; {ENCODE}")
    return result
