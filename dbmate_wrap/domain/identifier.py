"""Writes names as SQL takes them."""


def quoted(identifier: str) -> str:
    """The name in double quotes, whatever is in it."""
    return '"' + identifier.replace('"', '""') + '"'
