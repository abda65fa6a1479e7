"""Finds the SQL in a body of PL/pgSQL: statements, expressions and commands made at run time.

`postgast.parse_plpgsql` is not used: it refuses bodies whose signature it cannot resolve (types with a
schema, most trigger functions), and of the rest it gives lines only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from dbmate_wrap.domain.sql_lexer import Token, tokens

_HEADS = {
    "if": ("then",),
    "elsif": ("then",),
    "elseif": ("then",),
    "when": ("then",),
    "while": ("loop",),
    "case": ("when",),
}
_OPENING = frozenset({"begin", "loop", "else", "exception"})
_OTHER = frozenset({"end", "null", "get", "close", "fetch", "move", "raise", "assert", "exit", "continue"})
_QUERIES = frozenset(
    {
        "select",
        "with",
        "values",
        "table",
        "(",
        "insert",
        "update",
        "delete",
        "merge",
        "execute",
        "show",
        "explain",
    }
)
_INTO_OF_ROWS = frozenset({"insert", "merge"})


@dataclass(frozen=True, slots=True)
class Fragment:
    """Characters `start` to `end` of the body; `sql` is as long, with syntax that is not SQL blanked."""

    kind: Literal["statement", "expression", "dynamic", "commit"]
    start: int
    end: int
    sql: str


def fragments(body: str) -> Iterator[Fragment]:
    """Yield the SQL of a body, in order. For text that is no PL/pgSQL the result is arbitrary."""
    return _Scanner(body).fragments()


class _Scanner:
    def __init__(self, body: str) -> None:
        self._body = body
        self._tokens = list(tokens(body))
        self._at = 0

    def fragments(self) -> Iterator[Fragment]:
        while self._at < len(self._tokens):
            word = self._word()
            if word == "declare":
                self._at += 1
                yield from self._declarations()
            elif word in _OPENING or word == ";":
                self._at += 1
            elif word == "<<":
                self._at = self._find((">>",)) + 1
            elif word in _HEADS or word in ("for", "foreach"):
                yield from self._head(word)
            else:
                yield from self._statement(word)

    def _head(self, word: str) -> Iterator[Fragment]:
        """Yield the SQL between the first word of a control structure and the statements in it."""
        begin = self._at + 1
        end = self._find(_HEADS.get(word, ("loop",)), begin)
        # Of `CASE x WHEN` the next statement begins with WHEN, everywhere else behind the word.
        self._at = end if word == "case" else end + 1
        if word in ("for", "foreach"):
            begin = self._find(("in",), begin, end) + 1
            yield from self._loop(begin, end)
        else:
            yield from self._sql("expression", begin, end)

    def _loop(self, begin: int, end: int) -> Iterator[Fragment]:
        """Yield the SQL of a loop's head: an array, a range's bounds, a query or a cursor's arguments."""
        if self._word(begin) in ("array", "reverse"):
            begin += 1
        dots = self._find(("..",), begin, end)
        if dots < end:
            step = self._find(("by",), dots, end)
            for first, last in ((begin, dots), (dots + 1, step), (step + 1, end)):
                yield from self._sql("expression", first, last)
        elif self._word(begin) in _QUERIES:
            yield from self._query(begin, end)
        else:
            yield from self._sql("expression", begin, end)

    def _statement(self, word: str) -> Iterator[Fragment]:
        begin = self._at
        end = self._find((";",), begin)
        self._at = end + 1
        match word:
            case "commit" | "rollback":
                yield from self._sql("commit", begin, end)
            case "return":
                yield from self._return(begin + 1, end)
            case "execute":
                yield from self._dynamic(begin + 1, end)
            case "perform":
                yield from self._perform(begin, end)
            case "open":
                yield from self._query(self._find(("for",), begin, end) + 1, end)
            case "exit" | "continue" | "assert" | "raise":
                starts = self._find(("when", ",") if word != "assert" else ("assert",), begin, end) + 1
                yield from self._sql("expression", starts, self._find(("using",), starts, end))
            case _ if word not in _OTHER:
                yield from self._assignment_or_sql(begin, end)

    def _return(self, begin: int, end: int) -> Iterator[Fragment]:
        match self._word(begin):
            case "query":
                yield from self._query(begin + 1, end)
            case "next":
                yield from self._sql("expression", begin + 1, end)
            case _:
                yield from self._sql("expression", begin, end)

    def _query(self, begin: int, end: int) -> Iterator[Fragment]:
        if self._word(begin) == "execute" and begin < end:
            yield from self._dynamic(begin + 1, end)
        else:
            yield from self._sql("statement", begin, end)

    def _dynamic(self, begin: int, end: int) -> Iterator[Fragment]:
        stop = self._find(("into", "using"), begin, end)
        yield from self._sql("dynamic", begin, stop)
        using = self._find(("using",), stop, end) + 1
        yield from self._sql("expression", using, self._find(("into",), using, end))

    def _perform(self, begin: int, end: int) -> Iterator[Fragment]:
        for found in self._sql("statement", begin, end):
            # Of the same length, so that every place stays where it is.
            yield Fragment(found.kind, found.start, found.end, "SELECT " + found.sql[len("PERFORM") :])

    def _declarations(self) -> Iterator[Fragment]:
        while self._at < len(self._tokens) and self._word() != "begin":
            begin = self._at
            end = self._find((";",), begin)
            self._at = end + 1
            if any(self._word(at) == "cursor" for at in range(begin, min(begin + 4, end))):
                yield from self._sql("statement", self._find(("for", "is"), begin, end) + 1, end)
            else:
                yield from self._sql("expression", self._find((":=", "=", "default"), begin, end) + 1, end)

    def _assignment_or_sql(self, begin: int, end: int) -> Iterator[Fragment]:
        at = begin + 1
        while at < end and self._word(at) in (".", "["):
            at = self._closing(at, end) + 1 if self._word(at) == "[" else at + 2
        if self._word(at) in (":=", "=") and at < end:
            yield from self._sql("expression", at + 1, end)
        else:
            yield from self._sql("statement", begin, end)

    def _closing(self, at: int, end: int) -> int:
        depth = 0
        for index in range(at, end):
            depth += {"[": 1, "]": -1}.get(self._word(index), 0)
            if depth == 0:
                return index
        return end

    def _word(self, at: int | None = None) -> str:
        at = self._at if at is None else at
        token = self._tokens[at] if at < len(self._tokens) else None
        return token.text if token is not None and token.kind != "string" else ""

    def _find(self, words: tuple[str, ...], begin: int | None = None, end: int | None = None) -> int:
        """Return the index of the first of these words outside parentheses and CASE ... END, or `end`."""
        last = len(self._tokens) if end is None else end
        depth = cases = 0
        for at in range(self._at if begin is None else begin, last):
            word = self._word(at)
            if depth == 0 and word in words and (cases == 0 or word == ";"):
                return at
            if word in ("(", "["):
                depth += 1
            elif word in (")", "]"):
                depth = max(depth - 1, 0)
            elif word == "case":
                cases += 1
            elif word == "end":
                cases = max(cases - 1, 0)
        return last

    def _sql(
        self, kind: Literal["statement", "expression", "dynamic", "commit"], begin: int, end: int
    ) -> Iterator[Fragment]:
        if begin >= min(end, len(self._tokens)):
            return
        inside = self._tokens[begin:end]
        start, stop = inside[0].start, inside[-1].end
        parts, at = [], start
        for blank, rest in _targets(inside) if kind == "statement" else ():
            parts += [self._body[at:blank], " " * (rest - blank)]
            at = rest
        yield Fragment(kind, start, stop, "".join([*parts, self._body[at:stop]]))


def _targets(inside: list[Token]) -> Iterator[tuple[int, int]]:
    """Yield the spans of `INTO [STRICT] variable, ...` in a statement: plain SQL has no such clause."""
    depth = last = 0
    for at, token in enumerate(inside):
        if token.kind == "mark":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        elif token.kind == "name" and token.text == "into" and depth == 0 and at > last:
            before = inside[at - 1]
            if before.kind == "name" and before.text in _INTO_OF_ROWS:
                continue
            last = _last_target(inside, at + 1)
            yield token.start, inside[last].end


def _last_target(inside: list[Token], at: int) -> int:
    """Return the index of the last token of a list of variables that begins at `at`."""
    if at < len(inside) and inside[at].text == "strict":
        at += 1
    depth = 0
    while at + 1 < len(inside):
        follows = inside[at + 1].text if inside[at + 1].kind == "mark" else ""
        depth += {"[": 1, "]": -1}.get(inside[at].text, 0) if inside[at].kind == "mark" else 0
        joined = inside[at].kind == "mark" and inside[at].text in (".", ",")
        if not (depth or joined or follows in (".", ",", "[")):
            break
        at += 1
    return min(at, len(inside) - 1)
