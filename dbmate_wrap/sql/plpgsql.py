"""Finds the SQL in a body of PL/pgSQL: statements, expressions and commands made at run time.

`postgast.parse_plpgsql` is not used: it refuses bodies whose signature it cannot resolve (types with a
schema, most trigger functions), and of the rest it gives lines only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from dbmate_wrap.domain.sql_lexer import Token, tokens

# The word that ends the head of a control structure.
_HEADS = {
    **dict.fromkeys(("if", "elsif", "elseif", "when"), "then"),
    **dict.fromkeys(("while", "for", "foreach"), "loop"),
    "case": "when",
}
_OPENING = frozenset({"begin", "loop", "else", "exception"})
_WITHOUT_SQL = frozenset({"end", "null", "get", "close", "fetch", "move"})
_QUERIES = frozenset(
    {
        *("select", "with", "values", "table", "(", "insert", "update", "delete", "merge"),
        *("execute", "show", "explain"),
    }
)
_Kind = Literal["statement", "expression", "dynamic", "commit"]


@dataclass(frozen=True, slots=True)
class Fragment:
    """The text of the body from character `start` on; in `sql` syntax that is not SQL is blanked."""

    kind: _Kind
    start: int
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
                self._at = self._find((">>",), self._at) + 1
            elif word in _HEADS:
                yield from self._head(word)
            else:
                yield from self._statement(word)

    def _head(self, word: str) -> Iterator[Fragment]:
        """Yield the SQL between the first word of a control structure and the statements in it."""
        begin = self._at + 1
        end = self._find((_HEADS[word],), begin)
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
            case "return" if self._word(begin + 1) == "query":
                yield from self._query(begin + 2, end)
            case "return":
                starts = begin + 2 if self._word(begin + 1) == "next" else begin + 1
                yield from self._sql("expression", starts, end)
            case "execute":
                yield from self._dynamic(begin + 1, end)
            case "perform":
                for found in self._sql("statement", begin, end):
                    # Of the same length, so that every place stays where it is.
                    yield replace(found, sql="SELECT " + found.sql[len("PERFORM") :])
            case "open":
                yield from self._query(self._find(("for",), begin, end) + 1, end)
            case "exit" | "continue" | "assert" | "raise":
                starts = self._find(("when", ",") if word != "assert" else ("assert",), begin, end) + 1
                yield from self._sql("expression", starts, self._find(("using",), starts, end))
            case _ if word not in _WITHOUT_SQL:
                yield from self._assignment_or_sql(begin, end)

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
            at = self._find(("]",), at + 1, end) + 1 if self._word(at) == "[" else at + 2
        if self._word(at) in (":=", "=") and at < end:
            yield from self._sql("expression", at + 1, end)
        else:
            yield from self._sql("statement", begin, end)

    def _word(self, at: int | None = None) -> str:
        at = self._at if at is None else at
        return self._tokens[at].text if at < len(self._tokens) else ""

    def _find(self, words: tuple[str, ...], begin: int, end: int | None = None) -> int:
        """Return the index of the first of these words outside parentheses and CASE ... END, or `end`."""
        last = len(self._tokens) if end is None else end
        depth = cases = 0
        for at in range(begin, last):
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

    def _sql(self, kind: _Kind, begin: int, end: int) -> Iterator[Fragment]:
        if begin >= min(end, len(self._tokens)):
            return
        inside = self._tokens[begin:end]
        start, stop = inside[0].start, inside[-1].end
        parts, at = [], start
        for blank, rest in _targets(inside) if kind == "statement" else ():
            parts += [self._body[at:blank], " " * (rest - blank)]
            at = rest
        yield Fragment(kind, start, "".join([*parts, self._body[at:stop]]))


def _targets(inside: list[Token]) -> Iterator[tuple[int, int]]:
    """Yield the spans of `INTO [STRICT] variable, ...` in a statement: plain SQL has no such clause."""
    depth = last = 0
    for at, token in enumerate(inside):
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        is_clause = token.text == "into" and inside[at - 1].text not in ("insert", "merge")
        if is_clause and depth == 0 and at > last:
            last = _last_target(inside, at + 1)
            yield token.start, inside[last].end


def _last_target(inside: list[Token], at: int) -> int:
    """Return the index of the last token of a list of variables that begins at `at`."""
    if at < len(inside) and inside[at].text == "strict":
        at += 1
    depth = 0
    while at + 1 < len(inside):
        text, following = inside[at].text, inside[at + 1].text
        depth += {"[": 1, "]": -1}.get(text, 0)
        if depth == 0 and text not in (".", ",") and following not in (".", ",", "["):
            break
        at += 1
    return min(at, len(inside) - 1)
