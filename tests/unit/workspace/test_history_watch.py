"""Which failures of a look may pass, and where the URL comes from; no server is asked."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from dbmate_wrap.domain.database_url import DatabaseUrl, parse
from dbmate_wrap.errors import ConfigError, HistoryError, UnreachableError, UnreachableKind, WrapError
from dbmate_wrap.redact import Secrets
from dbmate_wrap.settings import ResolvedUrl
from dbmate_wrap.workspace import history_look
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history_look import HistoryLook, HistoryWatch

DONE = HistoryLook(None, ("001",))
URL = parse("postgres://app:old@db/crm?sslmode=require", os_user="")
NEW = replace(URL, password="new")
Answer = HistoryLook | WrapError


def watch(
    monkeypatch: pytest.MonkeyPatch,
    urls: list[DatabaseUrl | None],
    answer: Callable[[DatabaseUrl], Answer],
    *,
    create_database: bool = False,
    home: Path = Path("/nowhere"),
) -> HistoryWatch:
    """A watch whose URL is the next of `urls` each time that it is asked for."""

    def read_look(context: Context, url: DatabaseUrl, known: object) -> HistoryLook:
        found = answer(url)
        if isinstance(found, WrapError):
            raise found
        return found

    def resolve_url() -> ResolvedUrl | None:
        url = urls.pop(0)
        return ResolvedUrl(url, "a test") if url is not None else None

    monkeypatch.setattr(history_look, "read_look", read_look)
    values = SimpleNamespace(require_tls=False, create_database=create_database)
    environment = SimpleNamespace(name="staging", values=values, resolve_url=resolve_url)
    console = SimpleNamespace(detail=lambda line: None)
    made = SimpleNamespace(environment=environment, secrets=Secrets(), console=console, embedded_home=home)
    return HistoryWatch(cast(Context, made), ())


@pytest.mark.parametrize(
    "kind", ["refused", "dns", "timeout", "starting", "slots", "other", "database_missing"]
)
def test_what_may_pass_is_a_look_without_an_answer(
    kind: UnreachableKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = UnreachableError("no", kind=kind, hint="do this")
    look = watch(monkeypatch, [URL], lambda url: error).look()
    assert look.error is not None
    assert look.error.message == "no"
    assert look.is_before_first_run == (kind == "database_missing")
    assert look.error.hint == (
        "do this" if kind != "starting" else "look at its log, or wait longer: --timeout"
    )


@pytest.mark.parametrize("kind", ["role", "tls"])
def test_what_does_not_pass_is_raised(kind: UnreachableKind, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreachableError):
        watch(monkeypatch, [URL], lambda url: UnreachableError("no", kind=kind)).look()
    with pytest.raises(HistoryError):
        watch(monkeypatch, [URL], lambda url: HistoryError("no")).look()


def test_the_url_is_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = watch(monkeypatch, [URL], lambda url: DONE)
    assert [asked.look(), asked.look()] == [DONE, DONE]


def test_a_password_that_is_refused_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = UnreachableError("not accepted", kind="password")
    seen: list[str | None] = []

    def answer(url: DatabaseUrl) -> Answer:
        seen.append(url.password)
        return wrong if url == URL else DONE

    asked = watch(monkeypatch, [URL, NEW], answer)
    assert [asked.look(), asked.look()] == [DONE, DONE]
    assert seen == ["old", "new", "new"]
    with pytest.raises(UnreachableError, match="not accepted"):
        watch(monkeypatch, [URL, URL], lambda url: wrong).look()
    with pytest.raises(UnreachableError, match="not accepted"):
        watch(monkeypatch, [URL, NEW], lambda url: wrong).look()


def test_a_database_that_up_creates_is_created_by_up(monkeypatch: pytest.MonkeyPatch) -> None:
    error = UnreachableError("no", kind="database_missing", hint="createdb")
    look = watch(monkeypatch, [URL], lambda url: error, create_database=True).look()
    assert look.error is not None
    assert look.error.hint == "`dbmate-wrap up` creates it"


def test_an_embedded_server_is_not_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / ".dbmate-wrap" / "postgres"
    monkeypatch.setattr(history_look, "find_embedded", lambda context: None)
    asked = watch(monkeypatch, [None, None], lambda url: DONE, create_database=True, home=home)
    for _ in range(2):
        look = asked.look()
        assert look.error is not None
        assert look.error.message == "there is no embedded server yet"
    assert list(tmp_path.iterdir()) == []


def test_where_none_can_be_made_it_is_said_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def raise_missing(context: Context) -> None:
        raise ConfigError("not installed")

    monkeypatch.setattr(history_look, "find_embedded", raise_missing)
    with pytest.raises(ConfigError):
        watch(monkeypatch, [None], lambda url: DONE, home=tmp_path / "postgres").look()
