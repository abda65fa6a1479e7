"""The command that a list of dbmate's arguments asks for."""

from collections.abc import Sequence
from dataclasses import dataclass

# dbmate 2.37.0, `dbmate --help`; Go's flag package takes one dash or two, and `name=value` in one word.
_TAKES_VALUE = frozenset(
    {
        *("url", "u", "driver", "env", "e", "env-file", "migrations-dir", "d", "migrations-table"),
        *("schema-file", "s", "wait-timeout", "wait-interval", "migration-lock-timeout"),
    }
)
_TARGET = frozenset({"url", "u", "env", "e", "env-file", "driver", "migrations-table"})
_SYNONYMS = {"n": "new", "down": "rollback", "h": "help"}
# `dump` is not among them: it creates the history table where there is none.
_READING = frozenset({"status", "wait", "help", "new"})
_ASKING = frozenset({"help", "h", "version", "v"})


@dataclass(frozen=True)
class DbmateCommand:
    """The verb (None where there is none), and the names of the options before and after it."""

    verb: str | None
    options: frozenset[str]

    @property
    def only_reads(self) -> bool:
        """False for whatever may change the database or the schema file, and for what is not known."""
        return self.verb in _READING or (self.verb is None and self.options <= _ASKING)

    @property
    def other_target(self) -> str | None:
        """The option that would point dbmate to another database or history table; None for none."""
        return min(self.options & _TARGET, default=None)


def parse_arguments(arguments: Sequence[str]) -> DbmateCommand:
    """Return what dbmate would take from these arguments; what follows ``--`` after the verb is pg_dump's."""
    verb: str | None = None
    options: set[str] = set()
    words = iter(arguments)
    for word in words:
        if word == "--":
            verb = verb or next(words, None)
            break
        if not word.startswith("-"):
            verb = verb or word
            continue
        name, given, _ = word.lstrip("-").partition("=")
        options.add(name)
        if name in _TAKES_VALUE and not given:
            next(words, None)
    return DbmateCommand(_SYNONYMS.get(verb or "", verb), frozenset(options))
