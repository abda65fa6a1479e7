"""Finds where each object of a dump begins: by pg_dump's comment before it, not by one that a text holds."""

import re
from collections.abc import Iterator
from functools import lru_cache

from dbmate_wrap.domain.sql_lexer import IN_NAME, LINE_COMMENT, STRING, TAG

# "-" stands for no schema.
_HEADER = re.compile(
    r"-- Name: (?P<name>.+); Type: (?P<kind>[A-Z ]+); Schema: (?P<schema>.+?); Owner: [^\n]*"
)
# pg_dump writes no other comments than those of lines.
_SPAN = re.compile(rf"{LINE_COMMENT}|{STRING}|(?<!{IN_NAME})(?P<tag>{TAG})(?s:.*?)(?P=tag)")


def find_headers(dump: str) -> Iterator[re.Match[str]]:
    """Yield the line with name, kind and schema of each object; no such lines of strings and bodies."""
    for span in _SPAN.finditer(dump):
        if span[0].startswith("-- Name: ") and (header := _HEADER.fullmatch(dump, *span.span())):
            yield header


def text_before(dump: str) -> str:
    """Return what stands before the first object: the settings of pg_dump's session."""
    return dump[: next((header.start() for header in find_headers(dump)), len(dump))]


@lru_cache(maxsize=2)
def split_objects(dump: str) -> tuple[tuple[re.Match[str], str], ...]:
    """Return the header of each object, and all text up to the next header.

    Of the last two dumps it is remembered: a large one takes a tenth of a second.
    """
    headers = [*find_headers(dump)]
    ends = [*(header.start() for header in headers[1:]), len(dump)]
    return tuple((header, dump[header.end() : end]) for header, end in zip(headers, ends, strict=False))
