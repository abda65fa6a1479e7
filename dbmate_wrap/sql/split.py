"""Splits SQL text at its semicolons without parsing it, and finds text that only psql understands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dbmate_wrap.domain.sql_lexer import BLANK, IN_NAME, LEXEMES, NAME, TAG, comment_end, lexeme_end

_WORDS = rf"(?i:begin|atomic|case|end)(?!{IN_NAME})"
_TOKEN = re.compile(
    rf"""{LEXEMES}
    | (?P<word>{_WORDS})
    | (?P<plain>(?:
          (?!{_WORDS})(?![eE]'){NAME}
        | [0-9]++ | \$[0-9]++ | -(?!-) | /(?!\*) | \$(?!{TAG[2:]})
        | [\x00-\x08\x0e-\x1f!\#%&*+,.:<=>?@\[\]^`{{|}}~\x7f]++
        | {BLANK}++(?=[^;\-/ \t\n\r\f\v])
      )++)
    | (?P<mark>[;()\\])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_LINE_END = re.compile(r"[\n\r]|\Z")
_COPY_FROM_STDIN = re.compile(r"copy\b.*\bfrom[ \t\n\r]+stdin\b", re.IGNORECASE | re.DOTALL)
_DATA_END = re.compile(r"^\\\.[ \t]*\r?$", re.MULTILINE)
# `\;` separates statements within a line; any other command of psql takes the rest of the line.
_COMMAND = re.compile(r"\\(?:;|[^\n\r]*)")
# Those that send what was typed so far, as a semicolon does.
_SENDING = re.compile(r"\\(?:;|g(?:x|exec|set|desc)?\b|crosstabview\b|watch\b|bind\b|parse\b|sendpipeline\b)")


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` of the text, which only psql understands, and their description."""

    start: int
    end: int
    what: str


@dataclass(frozen=True, slots=True)
class Piece:
    """The text between two semicolons: from its first token to before the semicolon, in characters.

    `code` counts its characters, a string as one and comments as none; `unclosed`: a parenthesis is never
    closed; `inner` are the semicolons within.
    """

    start: int
    end: int
    code: int
    unclosed: bool
    inner: tuple[int, ...] = ()


@dataclass
class _Splitter:
    sql: str
    spans: list[Span] = field(default_factory=list)
    start: int = -1
    code: int = 0
    depth: int = 0
    atomic: int = 0
    after_begin: bool = False
    inner: list[int] = field(default_factory=list)
    may_have_data: bool = True

    def pieces(self) -> Iterator[Piece]:
        at = 0
        while at < len(self.sql):
            match = _TOKEN.match(self.sql, at)
            assert match is not None
            kind, begin, at = match.lastgroup or "", at, lexeme_end(match)
            if kind == "comment":
                kind = "blank" if comment_end(self.sql, begin) else "open"
            if kind == "blank":
                continue
            if kind == "mark":
                ends = self._mark(match.group(), begin)
                if match.group() == "\\":
                    at = self._command(begin)
                if ends:
                    at = max(at, self._data_end(begin, at))
                    yield from self._piece(begin)
                continue
            self._token(kind, match.group(), begin, at)
        yield from self._piece(len(self.sql))

    def _token(self, kind: str, text: str, begin: int, end: int) -> None:
        if self.start < 0:
            self.start = begin
        self.code += 1 if kind in ("string", "dollar", "open") else end - begin
        word = text.lower() if kind == "word" else ""
        # BEGIN ATOMIC ... END of a function in standard SQL; CASE has an END as well.
        if (word == "atomic" and self.after_begin) or (word == "case" and self.atomic):
            self.atomic += 1
        elif word == "end" and self.atomic:
            self.atomic -= 1
        self.after_begin = word == "begin"

    def _mark(self, mark: str, begin: int) -> bool:
        """Count a mark; return whether it ends the piece."""
        if mark == "\\":
            return _SENDING.match(self.sql, begin) is not None
        if mark == ";":
            if self.depth or self.atomic:
                self.inner.append(begin)
            return not (self.depth or self.atomic)
        self._token("other", mark, begin, begin + 1)
        self.depth = max(self.depth + (1 if mark == "(" else -1), 0)
        return False

    def _command(self, begin: int) -> int:
        match = _COMMAND.match(self.sql, begin)
        assert match is not None
        name = match.group().split(maxsplit=1)[0]
        self.spans.append(Span(begin, match.end(), f"psql command {name[:20]}"))
        return match.end()

    def _data_end(self, begin: int, at: int) -> int:
        """Return the end of the data lines of a COPY ... FROM stdin; 0 if there are none."""
        is_copy = self.start >= 0 and _COPY_FROM_STDIN.match(self.sql, self.start, begin)
        if not is_copy or not self.may_have_data:
            return 0
        line = _LINE_END.search(self.sql, at)
        last = _DATA_END.search(self.sql, at)
        if line is None or last is None:
            # Nor will a later COPY have any: searching each time would take time in the square of the length.
            self.may_have_data = False
            return 0
        start = min(line.end(), last.start())
        self.spans.append(Span(start, last.end(), "data lines of COPY ... FROM stdin"))
        return last.end()

    def _piece(self, end: int) -> Iterator[Piece]:
        if self.start >= 0:
            yield Piece(self.start, end, self.code, self.depth > 0 and not self.atomic, tuple(self.inner))
        self.start, self.code, self.depth, self.atomic, self.after_begin = -1, 0, 0, 0, False
        self.inner = []


def split_sql(sql: str) -> tuple[list[Piece], list[Span]]:
    """Return the pieces of any text, in order, without those that hold only white space and comments.

    Semicolons in parentheses (CREATE RULE) and in BEGIN ATOMIC ... END do not cut. The spans are lines for
    psql and data lines after COPY ... FROM stdin; those may lie within pieces.
    """
    splitter = _Splitter(sql)
    return list(splitter.pieces()), splitter.spans
