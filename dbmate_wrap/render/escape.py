"""Makes text from outside safe to show: characters that steer a terminal or are invisible are escaped."""


def visible(text: str) -> str:
    """One line; control and format characters (bidi overrides too) and undecodable bytes are escapes."""
    if text.isprintable():
        return text
    return "".join(_escape(character) for character in text)


def visible_lines(text: str, indent: str = "  ") -> str:
    """Return the same for a text of several lines; `indent` goes before all but the first."""
    return f"\n{indent}".join(visible(line.removesuffix("\r")) for line in text.strip("\n").split("\n"))


def _escape(character: str) -> str:
    from unicodedata import category  # A megabyte of tables, which almost no text needs.

    # Servers that speak French put no-break spaces into their messages.
    if character.isprintable() or category(character) == "Zs":
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
