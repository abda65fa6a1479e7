"""Parses a migration's sections exactly as dbmate 2.37.0 does, with the line at which each begins."""

import re
from dataclasses import dataclass

from dbmate_wrap.domain.migration import Block, MigrationFile, ParsedMigration, Section

# dbmate's own expressions (pkg/dbmate/migration.go), with Go's ASCII meaning of \s and \S. As in dbmate they
# match inside strings and comments too, and the white space may span lines: so the text that is checked is
# the text that dbmate runs.
_SPACE = r"[\t\n\f\r ]"
_DIRECTIVE = rf"(?m)^--{_SPACE}*migrate:%s(?:{_SPACE}*$|{_SPACE}+[^\t\n\f\r ]+)"
UP = re.compile(_DIRECTIVE % "up")
_DOWN = re.compile(_DIRECTIVE % "down")
_OPTION_PREFIX = re.compile(rf"^--{_SPACE}*migrate:(?:up|down)")
# Go's TrimSpace removes these and U+2000 to U+200A; str.strip() removes more.
_GO_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(8192, 8203)))
_COMMENT_OR_EMPTY = re.compile(rf"^{_SPACE}*(?:--.*)?$", re.DOTALL)
# PostgreSQL ends a line comment at either character.
_BLANK = re.compile(r"(?:[ \t\n\r\f\v;]|--[^\r\n]*)*+")


@dataclass(frozen=True)
class ParseFault:
    """The reason why dbmate would refuse the file: the policy rule for it, and the line, from 1."""

    rule: str
    line: int
    message: str
    hint: str


def parse_migration(file: MigrationFile, text: str) -> ParsedMigration | ParseFault:
    """Return the sections of a file whose decoded content is `text`, or the first fault that dbmate finds."""
    starts = [match.start() for match in UP.finditer(text)]
    if not starts:
        return ParseFault(
            "missing-up", 1, "has no `-- migrate:up` line", "begin the file with `-- migrate:up`"
        )
    if stray := _statement_before(text, starts[0]):
        return ParseFault(
            "statement-before-up",
            stray,
            "has text before the first `-- migrate:up`, which dbmate refuses",
            "move it below `-- migrate:up`, or make it a comment",
        )
    parts = []
    line, counted = 1, 0
    for begin, end in zip(starts, [*starts[1:], len(text)], strict=True):
        line += text.count("\n", counted, begin)
        counted = begin
        parts.append(_section(text[begin:end], line))
    # dbmate looks through all sections for a second down before it looks for a missing one.
    faults = [part for part in parts if isinstance(part, ParseFault)]
    faults.sort(key=lambda fault: fault.rule == "missing-down")
    sections = tuple(part for part in parts if isinstance(part, Section))
    return faults[0] if faults else ParsedMigration(file, sections)


def has_statement(sql: str) -> bool:
    """Return whether the text holds more than white space, semicolons and comments."""
    blank = _BLANK.match(sql)
    assert blank is not None  # It also matches nothing.
    begin = blank.end()
    if not sql.startswith("/*", begin):
        return begin < len(sql)
    # Loading the lexer takes as long as reading a hundred files, and few begin with such a comment.
    from dbmate_wrap.domain.sql_lexer import tokens

    return any(token.text != ";" for token in tokens(sql[begin:]))


def _section(text: str, line: int) -> Section | ParseFault:
    """Return the section `text`, which begins in that line of the file."""
    downs = [match.start() for match in _DOWN.finditer(text)]
    if not downs:
        return ParseFault(
            "missing-down",
            line,
            "has no `-- migrate:down` line after its `-- migrate:up`",
            "add `-- migrate:down` with the statements that undo it, or a comment why nothing can",
        )
    if len(downs) > 1:
        return ParseFault(
            "missing-up",
            line + text.count("\n", 0, downs[1]),
            "has a second `-- migrate:down` without a `-- migrate:up` before it",
            "keep one `-- migrate:down` for each `-- migrate:up`",
        )
    middle = downs[0]
    return Section(_block(text[:middle], line), _block(text[middle:], line + text.count("\n", 0, middle)))


def _block(sql: str, line: int) -> Block:
    first = _OPTION_PREFIX.sub("", sql.split("\n", 1)[0]).strip(_GO_SPACE)
    options: list[tuple[str, str]] = []
    stray: list[str] = []
    for word in re.split(rf"{_SPACE}+", first) if first else []:
        pair = word.split(":")
        if len(pair) == 2:
            options.append((pair[0], pair[1]))
        if word not in ("transaction:false", "transaction:true"):
            stray.append(word)
    return Block(sql, line, tuple(options), tuple(stray))


def _statement_before(text: str, start: int) -> int | None:
    before = enumerate(text[:start].split("\n"), 1)
    return next((number for number, line in before if not _COMMENT_OR_EMPTY.match(line)), None)
