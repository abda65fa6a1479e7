"""A URL that was found earlier, and whose password is refused by now."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from dbmate_wrap import settings
from dbmate_wrap.domain.database_url import DatabaseUrl, parse
from dbmate_wrap.errors import UnreachableError, UnreachableKind
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.renewed_url import open_by_known_url
from tests.support.consoles import FakeConsole
from tests.support.fleet_runs import context_of
from tests.support.settings_files import empty_project, write

OLD = parse("postgres://deploy:old-password@db.example.com/crm", os_user="nobody")
NEW = replace(OLD, password="new-password")


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """Of an environment whose URL has the new password."""
    write(empty_project(tmp_path, monkeypatch), {"dbmate-wrap.toml": "[environments.staging]\n"})
    monkeypatch.setenv("STAGING_DATABASE_URL", "postgres://deploy:new-password@db.example.com/crm")
    return context_of(settings.load(environment="staging"), FakeConsole())


class Server:
    """Takes one password, and notes which were tried."""

    def __init__(self, taken: str, kind: UnreachableKind = "password") -> None:
        self.taken, self.kind = taken, kind
        self.tried: list[str | None] = []

    @contextmanager
    def connect(self, url: DatabaseUrl) -> Iterator[DatabaseUrl]:
        self.tried.append(url.password)
        if url.password != self.taken:
            raise UnreachableError("no", kind=self.kind)
        yield url


def test_a_password_that_is_taken_is_asked_for_no_more(context: Context) -> None:
    server = Server("old-password")
    with open_by_known_url(context, OLD, server.connect) as opened:
        assert opened == OLD
    assert server.tried == ["old-password"]


def test_one_that_is_refused_is_replaced_by_the_one_that_there_is_now(context: Context) -> None:
    server = Server("new-password")
    with open_by_known_url(context, OLD, server.connect) as opened:
        assert opened.password == "new-password"
    assert server.tried == ["old-password", "new-password"]


def test_one_that_has_not_changed_is_refused_for_good(context: Context) -> None:
    server = Server("another-password")
    known = replace(NEW, parameters=OLD.parameters)
    with pytest.raises(UnreachableError), open_by_known_url(context, known, server.connect):
        raise AssertionError("nothing was opened")
    assert server.tried == ["new-password"]


def test_another_failure_asks_for_no_url(context: Context) -> None:
    server = Server("new-password", "refused")
    with pytest.raises(UnreachableError), open_by_known_url(context, OLD, server.connect):
        raise AssertionError("nothing was opened")
    assert server.tried == ["old-password"]
