"""Makes text from outside safe to show: what could steer a terminal or hide in a name becomes an escape."""


def visible(text: str) -> str:
    """One line; control and format characters (bidi overrides too) and undecodable bytes are escapes."""
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def visible_lines(text: str, indent: str = "  ") -> str:
    """The same for a text of more than one line; `indent` goes before all but the first."""
    return f"\n{indent}".join(visible(line.removesuffix("\r")) for line in text.strip("\n").split("\n"))


def _shown(character: str) -> str:
    from unicodedata import category  # A megabyte of tables, which next to no text needs.

    # Servers that speak French put no-break spaces into their messages.
    if character.isprintable() or category(character) == "Zs":
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
