"""Finds where each object of a dump begins: by pg_dump's comment before it, not by one that a text holds."""

import re
from collections.abc import Iterator

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


def split_objects(dump: str) -> Iterator[tuple[re.Match[str], str]]:
    """Yield the header of each object, and all text up to the next header."""
    headers = [*find_headers(dump)]
    ends = [*(header.start() for header in headers[1:]), len(dump)]
    for header, end in zip(headers, ends, strict=False):
        yield header, dump[header.end() : end]
