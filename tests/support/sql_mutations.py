"""Real migrations after accidents, for tests with files that nobody has written on purpose."""

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.support.repository import REPOSITORY

UP, DOWN = "\n-- migrate:up\n", "\n-- migrate:down\n"
_MOST = 20_000
SAMPLES = [path.read_bytes() for path in sorted((REPOSITORY / "db" / "migrations").glob("*.sql"))]
if extra := os.environ.get("FUZZ_FOLDER"):
    SAMPLES += [
        UP.encode() + path.read_bytes() + DOWN.encode() for path in sorted(Path(extra).rglob("*.sql"))
    ]

TOKENS = [
    *(
        "'",
        '"',
        "$$",
        "$a$",
        "/*",
        "*/",
        "--",
        "\n",
        "\r",
        "\t",
        ";",
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        "\\",
        "\\.",
    ),
    *(":a", ":'a'", "E'", "U&'", 'U&"', "\0", "ü", "\xa0", "😀", "\ufeff", "\u2028", "::", ":=", "=", "||"),
    *("begin", "atomic", "end", "case", "when", "then", "else", "if", "loop", "for x in", "declare", "into"),
    *("do", "language", "plpgsql", "sql", "as", "returns", "trigger", "function", "procedure", "execute"),
    *(
        "create",
        "alter",
        "drop",
        "table",
        "view",
        "index",
        "concurrently",
        "type",
        "enum",
        "add value",
        "schema",
    ),
    *(
        "select",
        "insert into",
        "update",
        "delete from",
        "values (1)",
        "copy",
        "from stdin",
        "with",
        "truncate",
    ),
    *(
        "set search_path = a",
        "set_config('search_path', '', false)",
        "reset all",
        "commit",
        "rollback",
        "grant",
    ),
    *("a", "b.c", "a.b.c.d", "schema_migrations", "dbmate_wrap.runs", "1", "1.5e3", "'x'", "$$ begin end $$"),
    *(
        "format('%I', a)",
        "execute 'delete from a'",
        "explain analyze",
        "prepare p as",
        "on",
        "to",
        "owner to",
    ),
    *("-- dbmate-wrap: allow data-write because it is so\n", "/* dbmate-wrap: allow */", UP, DOWN),
    *("-- migrate:up transaction:false\n", "migrate:up", "-- dbmate-wrap: allow mixed-changes because so\n"),
]


def deleted(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content) + 1)
    return content[:at] + content[at + random.choice((1, 1, 5, 40, 400)) :]


def inserted(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content) + 1)
    return (
        content[:at] + random.choice(("", " ")).join(("", random.choice(TOKENS), "")).encode() + content[at:]
    )


def flipped(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content) + 1)
    return content[:at] + bytes([random.randrange(256)]) + content[at + 1 :]


def repeated(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content) + 1)
    return (
        content[:at]
        + content[at : at + random.choice((2, 30, 300))] * random.choice((2, 3, 20))
        + content[at:]
    )


def truncated(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content) + 1)]


def spliced(content: bytes, random: Random) -> bytes:
    other = random.choice(SAMPLES)
    return content[: random.randrange(len(content) + 1)] + other[random.randrange(len(other)) :]


def moved(content: bytes, random: Random) -> bytes:
    begin, end, to = sorted(random.randrange(len(content) + 1) for _ in range(3))
    return content[:begin] + content[end:to] + content[begin:end] + content[to:]


def capitals(content: bytes, random: Random) -> bytes:
    return random.choice((content.upper, content.lower, content.swapcase))()


def other_line_ends(content: bytes, random: Random) -> bytes:
    return content.replace(b"\n", random.choice((b"\r\n", b"\r", b" ", b"\n\n")))


MUTATIONS: list[Callable[[bytes, Random], bytes]] = [
    *(deleted, deleted, inserted, inserted, inserted, flipped, repeated, truncated, spliced, moved),
    *(capitals, other_line_ends),
]


def mutated(random: Random) -> bytes:
    """A real migration after a few accidents."""
    content = random.choice(SAMPLES)
    if len(content) > _MOST:
        begin = random.randrange(len(content) - _MOST)
        content = UP.encode() + content[begin : begin + _MOST]
    for _ in range(random.choice((1, 1, 2, 3, 8, 30))):
        content = random.choice(MUTATIONS)(content, random)[: 2 * _MOST]
    return content
