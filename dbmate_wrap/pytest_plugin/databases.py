"""The databases of one run of pytest, on the server that the project's settings choose."""

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from dbmate_wrap import process, settings
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.invocation import Invocation
from dbmate_wrap.errors import ConfigError, WrapError
from dbmate_wrap.redact import Secrets
from dbmate_wrap.review.migrated_copies import MigratedCopies, MigratedCopy, open_copies
from dbmate_wrap.review.replay_means import make_means
from dbmate_wrap.workspace import project_files
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.replay_setup import make_setup
from dbmate_wrap.workspace.shadow_server import TESTS


class RepeatedError(Exception):
    """No database can be made, for the reason that was raised before."""


@dataclass
class RecordingConsole:
    """Keeps the lines of progress until the next answer; nobody can be asked."""

    replace_line: Callable[[str], None] | None = None
    can_ask: bool = False
    _said: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        """Keep a line."""
        self._said.append(line)

    def detail(self, line: str) -> None:
        """Leave it out."""

    def show(self, line: str) -> None:
        """Keep a line."""
        self._said.append(line)

    def ask(self, question: str) -> str | None:
        """Return None."""

    def take(self) -> tuple[str, ...]:
        """Return what was kept, once."""
        said, self._said = tuple(self._said), []
        return said


class Databases:
    """Opens the server with the first database; `should_stop` is asked while migrations are replayed."""

    def __init__(self, project: Path, console: RecordingConsole, should_stop: Callable[[], bool]) -> None:
        self.secrets = Secrets()
        self._project, self._console, self._should_stop = project, console, should_stop
        self._opened = ExitStack()
        self._copies: MigratedCopies | None = None
        self._failed = False
        self._by_name: dict[str, MigratedCopy] = {}

    def copy(self, version: str | None, until: ExitStack) -> DatabaseUrl:
        """Return the URL of a new database, which is dropped when `until` is closed.

        Raises WrapError; RepeatedError where the server or its template was not to be had before.
        """
        copy = until.enter_context(self._open().copy(version))
        self._by_name[copy.url.database] = copy
        until.callback(self._by_name.pop, copy.url.database)
        return copy.url

    def migrate(self, database: str, to: str | None) -> None:
        """Apply what a database lacks, up to a version (None: all). Raises WrapError."""
        self._by_name[database].migrate(to)

    def close(self) -> None:
        """End the server."""
        self._opened.close()

    def _open(self) -> MigratedCopies:
        if self._failed:
            raise RepeatedError
        if self._copies is None:
            try:
                self._copies = self._start()
            except WrapError:
                self._failed = True
                raise
        return self._copies

    def _start(self) -> MigratedCopies:
        context = self._context()
        environment = context.environment
        # What is not sealed yet, or is being edited, is what the tests are about.
        files = project_files.load_files(environment, context.project.policy).readable()
        if not files.parsed:
            raise ConfigError(f"there is no migration in {files.folder}", hint="dbmate-wrap new NAME")
        means = make_means(files, environment, make_setup(context, TESTS), self._console)
        return self._opened.enter_context(open_copies(means, self._should_stop))

    def _context(self) -> Context:
        project = settings.load(self._project)
        return Context(
            project=project,
            environment=project.environment(),
            invocation=Invocation("pytest", os.urandom(6).hex()),
            secrets=self.secrets,
            console=self._console,
            scripts_dir=Path(sys.executable).parent,
            search_path=process.inherited(("PATH",)).get("PATH", ""),
        )
