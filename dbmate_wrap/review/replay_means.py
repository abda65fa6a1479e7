"""The means of a replay: its server, the keys of the history there, and the cache of its dumps."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dbmate_wrap import sql
from dbmate_wrap.dbmate import pins
from dbmate_wrap.domain.console import Console
from dbmate_wrap.domain.history_needs import HistoryNeeds
from dbmate_wrap.domain.sql_lexer import OWNER_TO
from dbmate_wrap.postgres.schema import PgDump
from dbmate_wrap.process import Terminated
from dbmate_wrap.review.history_needs import read_needs, record_needs
from dbmate_wrap.review.shadow_setup import SetupFile, read_setup
from dbmate_wrap.settings import Environment
from dbmate_wrap.shadow.cache import ReplayCache, history_keys
from dbmate_wrap.workspace import shadow_server
from dbmate_wrap.workspace.project_files import ProjectFiles
from dbmate_wrap.workspace.replay_setup import ReplaySetup
from dbmate_wrap.workspace.server_choice import Wanted
from dbmate_wrap.workspace.shadow_server import ANYTHING, ShadowChoice

if TYPE_CHECKING:
    from dbmate_wrap.shadow.scratch_pool import ScratchPool

# Part of every stamp: increased where dumps are written or compared in another way than before.
_FORMAT = 4


@dataclass(frozen=True)
class DumpStore:
    """The keys of the history on a server of one major, the pg_dump for it, and the cache of its dumps."""

    keys: tuple[str, ...]
    program: PgDump
    cache: ReplayCache


@dataclass(frozen=True)
class ReplayMeans:
    """What a replay of `files` needs; `prepared` is the SQL that is run before the first migration."""

    files: ProjectFiles
    environment: Environment
    setup: ReplaySetup
    console: Console
    prepared: SetupFile | None

    @cached_property
    def needs(self) -> HistoryNeeds:
        """What the history needs of the server."""
        return read_needs(self.files, self.prepared, self.setup.cache_dir)

    def choose_server(self, live: Wanted = ANYTHING) -> ShadowChoice:
        """Return the server of the replay; `live` is what a database needs of it that is compared there.

        Raises ConfigError where there is none.
        """
        extensions, icu = self.needs.extensions | live.extensions, self.needs.icu or live.icu
        return self.setup.choose_server(Wanted(live.major, extensions, icu))

    def placeholders(self, choice: ShadowChoice) -> frozenset[str]:
        """Return the roles to make before the replay; on a server that is not ours none is made."""
        return self.needs.roles if choice.is_ours else frozenset()

    def owners_withheld(self, choice: ShadowChoice) -> frozenset[str]:
        """Return the roles to which the files give something that stays with the replay's role."""
        parts = (part.up.sql for migration in self.files.parsed for part in migration.sections)
        texts = [text for text in parts if OWNER_TO.search(text)]  # The parser takes 40 ms to load.
        if not (texts and choice.is_ours) or self.setup.superuser or not sql.is_available():
            return frozenset()
        from dbmate_wrap.review.superuser import roles_without_objects
        from dbmate_wrap.sql.owners import new_owners

        roles = roles_without_objects(self.placeholders(choice))
        return frozenset[str]().union(*(new_owners(text, roles) for text in texts))

    def prepare(self, pool: "ScratchPool", choice: ShadowChoice) -> None:
        """Let the roles be there that nothing here makes, and keep what was read of the files."""
        pool.make_placeholders(self.placeholders(choice))
        record_needs(self.needs, self.files, self.prepared, self.setup.cache_dir)

    def store(
        self, choice: ShadowChoice, major: int, pool: "ScratchPool | None" = None, *, dump_major: int = 0
    ) -> DumpStore:
        """Return the keys of the files and the cache of dumps; `pool` where only that knows the major.

        `dump_major` is that of another server which the same pg_dump has to read.
        """
        program = self.setup.find_pg_dump(max(major, dump_major), pool.url if pool else None)
        identity, release = shadow_server.program_identity(program.path), pool.server.release if pool else ""
        text = f"{_FORMAT} {identity} {program.major} {choice.label} {release}"
        stamp = hashlib.sha256(text.encode()).hexdigest()[:16]
        keys = history_keys(
            [migration.file for migration in self.files.parsed],
            major=major,
            pin=pins.load_pins().version,
            migrations_table=self.environment.values.migrations_table,
            setup=self.prepared.text if self.prepared else "",
            roles=self.placeholders(choice),
        )
        return DumpStore(keys, program, ReplayCache(self.setup.cache_dir, stamp))


def make_means(
    files: ProjectFiles, environment: Environment, setup: ReplaySetup, console: Console
) -> ReplayMeans:
    """Return the means for a replay of `files.parsed`. Raises ConfigError where shadow_setup is not there."""
    return ReplayMeans(files, environment, setup, console, read_setup(environment))


@contextmanager
def signals_as_errors(command: str) -> Iterator[None]:
    """Turn a signal amid a replay into the error that says what was not done."""
    try:
        yield
    except (KeyboardInterrupt, Terminated) as signal:
        # Imported here: it loads the attended run, which a replay does without.
        from dbmate_wrap.execution.interruption import stopped_error
        from dbmate_wrap.review.replay_errors import UNTOUCHED

        message = f"the history was not replayed to its end; {UNTOUCHED}"
        raise stopped_error(signal, message, f"run `{command}` again") from None
