"""Makes text from outside safe to show: escapes, replaces or drops characters that could steer a terminal."""


def visible(text: str) -> str:
    """Escape control and format characters (bidi overrides too) and undecodable bytes of one line."""
    if text.isprintable():
        return text
    return "".join(_escape(character) for character in text)


def visible_lines(text: str, indent: str = "  ") -> str:
    """Escape a text of several lines; `indent` goes before all but the first."""
    return f"\n{indent}".join(visible(line.removesuffix("\r")) for line in text.strip("\n").split("\n"))


def visible_columns(text: str) -> str:
    """Escape one line of another program's output, whose tabs stay."""
    return "\t".join(map(visible, text.split("\t")))


def replace_unprintable(text: str) -> str:
    """Replace each unprintable character by ``?``, so that columns stay what they are."""
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)


def drop_unprintable(text: str) -> str:
    """Drop unprintable characters, where a text must not become longer."""
    return text if text.isprintable() else "".join(filter(str.isprintable, text))


def cut_to_width(text: str, columns: int) -> str:
    """Return as much of a printable line as takes at most so many columns."""
    if text.isascii():
        return text[: max(columns, 0)]
    from unicodedata import combining, east_asian_width

    for number, each in enumerate(text):
        columns -= 0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1
        if columns < 0:
            return text[:number]
    return text


def _escape(character: str) -> str:
    from unicodedata import category  # A megabyte of tables, which almost no text needs.

    # Servers that speak French put no-break spaces into their messages.
    if character.isprintable() or category(character) == "Zs":
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
