"""Escapes text from outside for Markdown: it is shown as it is, links nothing and mentions nobody."""

import re

from dbmate_wrap.domain.escape import visible, visible_lines

_SPECIAL = re.compile(r"[\\`*_\[\]~|$]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# A mention notifies somebody, a reference writes into another issue; a zero-width space ends both.
# GitLab has some of its own: ~label, %milestone, $snippet, &epic, [vulnerability:1].
_MENTIONS = re.compile(r"[@!](?=\w)|#(?=\d)|(?<=\b[Gg][Hh])-(?=\d)|[~%$](?=[\w\"])|&amp;(?=\d)|\[(?=\w+:)")
_LINKS = re.compile(r"(?<=\w):(?=//)|(?<=\bwww)\.", re.IGNORECASE)
# A line that begins with one of these is no paragraph: a heading, a list, a rule, the line under a heading.
_STARTS = re.compile(r"^([#+=-])|^(\d+)(?=[.)](?:\s|$))")
# What a runner would take for a command where the text is printed to its log.
_COMMANDS = re.compile(r"^([ \t]*)(?=::)|(##)(?=\w*\[)", re.MULTILINE)
_MAX_CELL = 500


def cell(words: str, longest: int = _MAX_CELL) -> str:
    """Text for a cell of a table: lines are separated by <br>."""
    text = _break_commands(_cut(words, longest, "...").lstrip())
    text = "".join(_ENTITIES.get(character, character) for character in text)
    text = _SPECIAL.sub(lambda found: f"\\{found[0]}", text)
    text = _STARTS.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\", text)
    text = _MENTIONS.sub(lambda found: f"{found[0]}\u200b", text)
    return _LINKS.sub(lambda found: f"&#{ord(found[0])};", text).replace("\n", "<br>")


def code(words: str) -> str:
    """A name as code, also for a cell of a table, where a bar ends the cell in code too."""
    text = _break_commands(visible(words))
    if not text.strip():
        return ""
    ticks = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    space = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{ticks}{space}{text}{space}{ticks}".replace("|", "\\|")


def block(words: str, longest: int, language: str = "text") -> str:
    """Lines as they are, in a fence longer than any in them."""
    text = _break_commands(_cut(words, longest, "\n... (cut)"))
    fence = "`" * max(3, max(map(len, re.findall("`+", text)), default=0) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _break_commands(text: str) -> str:
    return _COMMANDS.sub(lambda found: f"{found[0]}\u200b", text)


def _cut(words: str, longest: int, end: str) -> str:
    # Cut before and after: an escaped text is never shorter than the text, and may be ten times as long.
    text = visible_lines(words[: longest + 1], "")
    return f"{text[:longest]}{end}" if len(text) > longest or len(words) > longest + 1 else text


def size_of(text: str) -> int:
    """Return the bytes that it takes, with the line ends around it."""
    return len(text.encode("utf-8")) + 2
