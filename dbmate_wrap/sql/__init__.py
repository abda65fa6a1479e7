"""Reads migrations with PostgreSQL's own parser: the only package that sees its trees.

There is no parser for Intel Macs (postgast has no wheel for them). So callers ask `is_available()` before
they import a module of this package that needs it: all but `batching` and `requirements`.
"""


def is_available() -> bool:
    """Return whether the parser can be loaded; it is loaded then."""
    return unavailable_reason() is None


def unavailable_reason() -> str | None:
    """Return why the parser cannot be loaded; None where it can."""
    try:
        import postgast  # noqa: F401
    except ImportError as error:
        return str(error)
    return None
