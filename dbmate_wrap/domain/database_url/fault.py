"""The error of a URL that is not understood: an explanation in fixed words, never a piece of the URL."""

from dbmate_wrap.errors import ConfigError

ENCODE = (
    "inside a user name, password or database write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, "
    "% as %25 and a space as %20"
)
FORM = "write it as postgres://USER:PASSWORD@HOST:5432/DATABASE"


class UrlFault(ConfigError):
    """A URL that is not understood.

    Where a URL is malformed, any piece of it can be a piece of the password: `p@ss` makes half a password
    look like a host, `p#ss` like a port. So messages are fixed text; they quote nothing. For the same
    reason nothing here is raised from a library's exception, whose text would quote it.
    """
