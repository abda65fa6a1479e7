"""Compares SQL without its layout: white space and comments."""

import re
from collections.abc import Iterator

from dbmate_wrap.domain.sql_lexer import TAG, tokens

_OPERATOR = frozenset("+-*/<>=~!@#%^&|`?:.")
_TAG = re.compile(TAG)


def remove_layout(text: str) -> str:
    """Return the command that makes a function, with one blank for white space and comments.

    Its body, which stands between dollars, is SQL or PL/pgSQL; other quoted text stays as it is.
    """
    return "".join(_pieces(text, has_body=True)).strip()


def _pieces(text: str, *, has_body: bool) -> Iterator[str]:
    end, last = 0, ""
    for token in tokens(text):
        piece = text[token.start : token.end]
        # `<=` is two marks, E'' a name and a string.
        glued = token.start == end and (
            (last in _OPERATOR and piece in _OPERATOR) or (token.kind == "string" and last.isalnum())
        )
        if not glued:
            yield " "
        if has_body and token.text == "$" and (tag := _TAG.match(piece)):
            body = "".join(_pieces(piece[tag.end() : -len(tag[0])], has_body=False))
            yield f"${body.strip()}$"
        else:
            yield piece
        end, last = token.end, piece
