"""Reads the warnings out of a PostgreSQL log."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Each part of a message begins with the prefix; its further lines begin with a tab, whatever it says.
_LINE = re.compile(
    r"\S+ \S+ \S+ \[\d+\] (?P<sqlstate>[0-9A-Z]{5}) (?P<part>[A-Z][A-Z ]*):  (?P<text>.*)", re.DOTALL
)
_POSITION = re.compile(r" at character (?P<position>\d+)\Z")
_MARK = " WARNING:  "


@dataclass(frozen=True)
class LoggedWarning:
    """A WARNING of the server; `position` is a character of `query`, from 1, where the server told it.

    `query` is the whole text that the client sent.
    """

    sqlstate: str
    message: str
    position: int | None
    context: str
    query: str


def read_warnings(log: str) -> Iterator[LoggedWarning]:
    """Yield the warnings in the text of a log that were given to a client's query."""
    if _MARK not in log:
        return
    current: dict[str, str] = {}
    for sqlstate, part, text in _parts(log):
        if part in ("DETAIL", "HINT", "CONTEXT", "QUERY", "STATEMENT"):
            current.setdefault(part, text)
            continue
        yield from _finished(current)
        current = {part: text, "sqlstate": sqlstate}
    yield from _finished(current)


def _parts(log: str) -> Iterator[tuple[str, str, str]]:
    for entry in re.split(r"\n(?!\t)", log.replace("\r", "")):
        if match := _LINE.fullmatch(entry):
            yield match["sqlstate"], match["part"], match["text"].replace("\n\t", "\n")


def _finished(parts: dict[str, str]) -> Iterator[LoggedWarning]:
    if "WARNING" not in parts or "STATEMENT" not in parts:
        return
    found = _POSITION.search(parts["WARNING"])
    message = _POSITION.sub("", parts["WARNING"])
    position = int(found["position"]) if found else None
    yield LoggedWarning(parts["sqlstate"], message, position, parts.get("CONTEXT", ""), parts["STATEMENT"])
