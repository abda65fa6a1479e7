"""Finds the handlers of PL/pgSQL that catch every error and raise none."""

from collections.abc import Iterator, Sequence

from dbmate_wrap.domain.sql_lexer import Token, tokens

# A statement begins behind one of these; IF elsewhere is that of IF EXISTS, WHEN that of CASE or EXIT.
_BEFORE_STATEMENT = frozenset({";", "then", "else", "begin", "loop", "exception", ">>"})
_LEVELS_THAT_GO_ON = frozenset({"debug", "log", "info", "notice", "warning"})


def swallowing_handlers(body: str) -> Iterator[int]:
    """Yield the place of each WHEN that names OTHERS and has no RAISE of level EXCEPTION behind it."""
    if "others" not in body.lower():
        return
    found = list(tokens(body))
    words = ["" if token.kind == "string" else token.text for token in found]
    for at, word in enumerate(words[:-1]):
        # RAISE EXCEPTION is followed by a format, a condition or USING.
        if word == "exception" and words[at + 1] == "when":
            yield from _of_section(found, words, at + 1)


def _of_section(found: Sequence[Token], words: Sequence[str], begin: int) -> Iterator[int]:
    """Look at the handlers from the first WHEN on, up to the END of their block."""
    when = begin
    for at in _handler_ends(words, begin + 1):
        then = words.index("then", when, at) if "then" in words[when:at] else at
        if "others" in words[when:then] and not _raises(words[then:at]):
            yield found[when].start
        when = at


def _handler_ends(words: Sequence[str], begin: int) -> Iterator[int]:
    """Yield the index of each further WHEN of the section, and that of its END."""
    depth = 0
    for at in range(begin, len(words)):
        starts = words[at - 1] in _BEFORE_STATEMENT
        match words[at]:
            case "when" if starts and depth == 0:
                yield at
            case "begin" | "case" | "loop" if words[at - 1] != "end":
                depth += 1
            case "if" if starts:
                depth += 1
            case "end" if depth:
                depth -= 1
            case "end":
                yield at
                return


def _raises(words: Sequence[str]) -> bool:
    return any(
        word == "raise" and words[at] in _BEFORE_STATEMENT and words[at + 2] not in _LEVELS_THAT_GO_ON
        for at, word in enumerate(words[1:-1])
    )
