"""The databases of a fleet without a server: what the first pass gets in place of sessions and histories."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from dbmate_wrap.domain import history as domain
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.outcome import Target
from dbmate_wrap.errors import HistoryError, RefusedError
from dbmate_wrap.fleet import survey
from dbmate_wrap.settings import Environment
from dbmate_wrap.workspace import guard
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.history import History
from dbmate_wrap.workspace.project_files import ProjectFiles

TARGET = Target("db.example.com", 5432, "crm", "18.1")


@dataclass(frozen=True)
class _Asked(History):
    database: str = ""


@dataclass
class Databases:
    """The answers of databases by their names: the applied versions, an error, or None for a missing one.

    What is applied is yet to be recorded in those that are `unrecorded`.
    """

    answers: dict[str, Sequence[str] | BaseException | None]
    not_baselined: HistoryError | None = None
    foreign_stamp: RefusedError | None = None
    unrecorded: frozenset[str] = frozenset()
    opened: list[tuple[str, str]] = field(default_factory=list)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the first pass ask these."""
        monkeypatch.setattr(survey, "open_database_if_present", self._open)
        monkeypatch.setattr(survey, "read_history", self._read)
        monkeypatch.setattr(survey, "can_adopt", self._can_adopt)
        monkeypatch.setattr(survey, "not_baselined", lambda db: self.not_baselined)
        monkeypatch.setattr(guard, "refuse_foreign_stamp", self._refuse_foreign_stamp)

    @contextmanager
    def _open(self, context: Context, *, url: DatabaseUrl) -> Iterator[Database | None]:
        assert context.environment.target is not None
        self.opened.append((context.environment.target.name, url.database))
        context.console.say(f"warning: opening {url.database}")
        answer = self.answers[url.database]
        if isinstance(answer, BaseException):
            raise answer
        found = SimpleNamespace(target=TARGET, applied=answer, name=url.database)
        yield cast(Database, found) if answer is not None else None

    def _read(self, db: Database, files: ProjectFiles, values: object) -> History:
        fake = cast(SimpleNamespace, db)
        applied = tuple(fake.applied)
        entries = domain.compare_history(files.migrations, (), applied, {})
        return _Asked(applied, entries, database=fake.name)

    def _can_adopt(self, found: History, files: ProjectFiles) -> bool:
        return isinstance(found, _Asked) and found.database in self.unrecorded

    def _refuse_foreign_stamp(self, environment: Environment, found: History) -> None:
        if self.foreign_stamp is not None:
            raise self.foreign_stamp
