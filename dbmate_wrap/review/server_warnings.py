"""Warnings of the server in a replay: dbmate drops them, so they are read from the log of our own server."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbmate_wrap import sql
from dbmate_wrap.cluster.server_log import log_size, read_log
from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.finding import Check
from dbmate_wrap.domain.migration import Block, MigrationFile, ParsedMigration
from dbmate_wrap.domain.server_warning import ServerWarning
from dbmate_wrap.shadow.cache import ReplayCache
from dbmate_wrap.shadow.replay import ReplayPlan

if TYPE_CHECKING:
    from dbmate_wrap.domain.server_log import LoggedWarning

_HINT = "dbmate drops such words: look whether the statement has done what it is there for"
_MOST_TOLD = 5
_MOST_CHARACTERS = 500
# Compiled at their first use: every check imports this, and nearly none has a warning.
_QUOTED = r'"([^"]+)"'
_PRIVILEGES = ("01006", "01007")
_IN_DO_BLOCK = r"function inline_code_block line (?P<line>\d+) at "
_BODY = r"\$\w*\$|'"
# They are about the throw-away server, or about what stands for a statement there: nobody can mend them.
_OF_THE_SHADOW = (
    r"is insufficient to publish logical changes|subscription was created, but is not connected"
    r"|tables were not subscribed"
)
_Line = tuple[int, str]


@dataclass(frozen=True)
class WarningLog:
    """What the servers of a replay write to their logs, each from a size on; none for a server not ours."""

    sources: tuple[tuple[Path, int], ...]
    plan: ReplayPlan
    rewritten: Mapping[str, MigrationFile]
    mask: Callable[[str], str]

    @classmethod
    def start(
        cls,
        paths: Sequence[Path | None],
        plan: ReplayPlan,
        rewritten: Mapping[str, MigrationFile],
        mask: Callable[[str], str],
    ) -> "WarningLog":
        """Return the log for a replay that begins now; `mask` hides secrets in what is read."""
        sources = tuple((path, log_size(path)) for path in paths if path is not None)
        return cls(sources, plan, rewritten, mask)

    def read(self) -> Mapping[str, tuple[ServerWarning, ...]]:
        """Return the warnings, by the keys of the migrations that the plan runs; also those without any."""
        if not self.sources:
            return {}
        found = self._by_name()
        keys = zip(self.plan.keys[self.plan.start :], self.plan.remaining, strict=True)
        return {key: found.get(migration.file.name, ()) for key, migration in keys}

    def of_file(self, name: str, folder: str) -> list[str]:
        """Return a line for each warning that the file `name` was given."""
        return describe_warnings({name: self._by_name().get(name, ())}, folder)

    def _by_name(self) -> Mapping[str, tuple[ServerWarning, ...]]:
        from dbmate_wrap.domain.server_log import read_warnings

        warnings = [each for source in self.sources for each in read_warnings(read_log(*source))]
        return assign_warnings(warnings, self.plan.remaining, self.rewritten, self.mask)


def assign_warnings(
    warnings: Iterable["LoggedWarning"],
    migrations: Sequence[ParsedMigration],
    rewritten: Mapping[str, MigrationFile],
    mask: Callable[[str], str],
) -> Mapping[str, tuple[ServerWarning, ...]]:
    """Return the warnings of each migration, by file names, each once however often it was run."""
    from dbmate_wrap.domain.dumped_secrets import mask_connections

    found: dict[str, dict[ServerWarning, None]] = {}
    sent: dict[str, tuple[str, Block]] | None = None
    for warning in warnings:
        if re.search(_OF_THE_SHADOW, warning.message):
            continue
        sent = sent if sent is not None else _texts_sent(migrations, rewritten)
        if (place := sent.get(warning.query.strip())) is not None:
            name, block = place
            line = find_line(warning, block)
            message = " ".join(mask(mask_connections(warning.message)).split())
            if len(message) > _MOST_CHARACTERS:
                message = f"{message[:_MOST_CHARACTERS]} ..."
            found.setdefault(name, {})[ServerWarning(line, message)] = None
    return {name: tuple(each) for name, each in found.items()}


def _texts_sent(
    migrations: Sequence[ParsedMigration], rewritten: Mapping[str, MigrationFile]
) -> dict[str, tuple[str, Block]]:
    """Return by the text that dbmate sends: the name of its file, and the block as it stands there."""
    texts: dict[str, tuple[str, Block]] = {}
    for migration in migrations:
        name = migration.file.name
        blocks = [block for each in migration.sections for block in (each.up, each.down)]
        sent = [block.sql for block in blocks]
        if name in rewritten:
            sent = _blocks_of(rewritten[name]) or sent
        for text, block in zip(sent, blocks, strict=False):
            texts[text.replace("\r", "").strip()] = (name, block)
    return texts


def _blocks_of(file: MigrationFile) -> list[str]:
    from dbmate_wrap.migrations.parse import parse_migration

    parsed = parse_migration(file, file.content.decode("utf-8", "surrogateescape"))
    if not isinstance(parsed, ParsedMigration):
        return []
    return [block.sql for each in parsed.sections for block in (each.up, each.down)]


def find_line(warning: "LoggedWarning", block: Block) -> int | None:
    """Return the line of the statement that was given the warning; None where several come into question.

    The server tells no place for most warnings. So it is the one statement that names what the warning names.
    """
    if warning.position is not None:
        return block.line + warning.query.count("\n", 0, warning.position - 1)
    statements = _statements(block.sql)
    if in_do := re.search(_IN_DO_BLOCK, warning.context):
        blocks = [each for each in statements if each[1].lower().startswith("do")]
        if len(blocks) == 1 and (body := re.search(_BODY, blocks[0][1])):
            line, text = blocks[0]
            return block.line + line + text.count("\n", 0, body.start()) + int(in_do["line"]) - 1
        return None
    if len(statements) > 1:
        statements = [each for each in statements if _may_be_given(warning, each[1].lower())]
    return block.line + statements[0][0] if len(statements) == 1 else None


def _may_be_given(warning: "LoggedWarning", statement: str) -> bool:
    if warning.sqlstate in _PRIVILEGES and not statement.startswith(("grant", "revoke")):
        return False
    names = (re.escape(name.lower()) for name in re.findall(_QUOTED, warning.message))
    return all(re.search(rf"(?<![\w$]){name}(?![\w$])", statement) for name in names)


def _statements(text: str) -> list[_Line]:
    """Return the line (from 0) and the text of each statement; none without the parser."""
    if not sql.is_available():
        return []
    from dbmate_wrap.sql.parse import read_sql

    return [(text.count("\n", 0, each.offset), each.text) for each in read_sql(text).statements]


def describe_warnings(warnings: Mapping[str, Sequence[ServerWarning]], folder: str) -> list[str]:
    """Return a line for each warning: its place, and the server's words."""
    return [
        f"{folder}/{name}{f':{each.line}' if each.line is not None else ''}: {each.message}"
        for name, of_file in sorted(warnings.items())
        for each in of_file
    ]


def warnings_check(warnings: Mapping[str, Sequence[ServerWarning]], folder: str) -> Check | None:
    """Return the row that tells the warnings; None where there are none."""
    told = describe_warnings(warnings, folder)
    if not told:
        return None
    rest = f"; and {len(told) - _MOST_TOLD:,} more" if len(told) > _MOST_TOLD else ""
    message = f"the server gave {count(len(told), 'warning')}: {'; '.join(told[:_MOST_TOLD])}{rest}"
    return Check("server-warnings", "warn", message, _HINT)


def review_warnings(
    under_review: Mapping[str, str], cache: ReplayCache, log: WarningLog | None, folder: str
) -> Check | None:
    """Return the row for the files `under_review` (by key): of this replay's `log`, or from the cache."""
    found = {**cache.load_warnings(under_review), **(log.read() if log is not None else {})}
    return warnings_check(
        {under_review[key]: each for key, each in found.items() if key in under_review}, folder
    )
