"""Who may write: confirmation of protected environments, and the stamp."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest

from dbmate_wrap.domain.ledger import Ledger
from dbmate_wrap.domain.ledger_access import LedgerAccess, LedgerUnavailable
from dbmate_wrap.domain.stamp import Identity, Stamp
from dbmate_wrap.errors import RefusedError
from dbmate_wrap.settings import Environment
from dbmate_wrap.workspace import guard
from dbmate_wrap.workspace.history import History

HERE = Identity("7000", 5)


class FakeConsole:
    """Answers the question with `answer`; None is no terminal."""

    replace_line: Callable[[str], None] | None = None

    def __init__(self, answer: str | None) -> None:
        self.answer, self.questions = answer, list[str]()

    def say(self, line: str) -> None:
        raise AssertionError(line)

    detail = show = say

    @property
    def can_ask(self) -> bool:
        return self.answer is not None

    def ask(self, question: str) -> str | None:
        self.questions.append(question)
        return self.answer


def environment(name: str, *, protected: bool, disposable: bool = False) -> Environment:
    values = SimpleNamespace(protected=protected, disposable=disposable)
    return cast(Environment, SimpleNamespace(name=name, values=values))


def stamped(stamp: Stamp | None) -> History:
    access = LedgerAccess("app", None, *([True] * (len(LedgerAccess.__dataclass_fields__) - 2)))
    return History((), (), Ledger(1, HERE, stamp, {}, access))


@pytest.mark.parametrize(
    ("protected", "yes", "answer", "refused"),
    [
        (False, False, None, None),
        (True, True, None, None),
        (True, False, "production\n", None),
        (True, False, None, "there is no terminal to confirm on"),
        (True, False, "prod", "not confirmed: nothing was done to production"),
        (True, False, "", "not confirmed: nothing was done to production"),
    ],
)
def test_only_a_protected_environment_is_confirmed_by_its_name(
    protected: bool, yes: bool, answer: str | None, refused: str | None
) -> None:
    console = FakeConsole(answer)
    production = environment("production", protected=protected)
    if refused is None:
        guard.confirm(production, console, "apply 1 migration", yes=yes)
    else:
        with pytest.raises(RefusedError, match=refused):
            guard.confirm(production, console, "apply 1 migration", yes=yes)
    assert len(console.questions) == (1 if protected and not yes else 0)


@pytest.mark.parametrize(
    ("disposable", "answer", "refused"),
    [
        (True, None, None),
        (False, "crm\n", None),
        (False, None, "its name must be typed, and there is no terminal"),
        (False, "staging", "not confirmed: crm was not dropped"),
        (False, "", "not confirmed: crm was not dropped"),
    ],
)
def test_a_drop_is_confirmed_by_the_name_of_the_database(
    disposable: bool, answer: str | None, refused: str | None
) -> None:
    console, staging = FakeConsole(answer), environment("staging", protected=False, disposable=disposable)
    if refused is None:
        guard.confirm_drop(staging, console, "crm")
    else:
        with pytest.raises(RefusedError, match=refused):
            guard.confirm_drop(staging, console, "crm")
    assert len(console.questions) == (0 if disposable else 1)


def test_nothing_is_rolled_back_where_protected() -> None:
    guard.refuse_rollback_where_protected(environment("staging", protected=False))
    with pytest.raises(RefusedError, match="rollback is refused on production"):
        guard.refuse_rollback_where_protected(environment("production", protected=True))


@pytest.mark.parametrize(
    ("found", "refused"),
    [
        (History((), ()), False),
        (History((), (), LedgerUnavailable("no right", None)), False),
        (stamped(None), False),
        (stamped(Stamp("staging", HERE, "2026-01-01T00:00:00Z", "ann")), False),
        (stamped(Stamp("production", HERE, "2026-01-01T00:00:00Z", "ann")), True),
    ],
)
def test_a_database_that_is_stamped_as_another_environment_is_refused(found: History, refused: bool) -> None:
    staging = environment("staging", protected=False)
    warning = guard.stamp_warning(staging, found)
    assert (warning is not None) is refused
    if not refused:
        guard.refuse_foreign_stamp(staging, found)
        return
    with pytest.raises(RefusedError, match="production"):
        guard.refuse_foreign_stamp(staging, found)


WORDS = "yes, do it on production"


@pytest.mark.parametrize(
    ("protected", "everywhere", "consent", "yes", "answer", "refused"),
    [
        # --yes alone is not enough, whether there is a terminal or not.
        (True, False, "", True, None, "needs the consent of its person"),
        (True, False, "", True, "no", "needs the consent of its person"),
        (True, False, "", True, "production", None),
        (False, True, "", True, None, "needs the consent of its person"),
        (False, True, "", False, "production", None),
        # The words of the person take the place of a terminal, and nothing else.
        (True, False, WORDS, True, None, None),
        (True, False, WORDS, False, None, "there is no terminal to confirm on"),
        (False, True, WORDS, False, None, None),
        (False, True, "1", True, None, "needs the consent of its person"),
        # What neither destroys nor protects.
        (False, False, "", False, None, None),
    ],
)
def test_an_agent_asks_its_person(
    monkeypatch: pytest.MonkeyPatch,
    protected: bool,
    everywhere: bool,
    consent: str,
    yes: bool,
    answer: str | None,
    refused: str | None,
) -> None:
    monkeypatch.setenv("CLAUDECODE", "1")
    monkeypatch.setenv("DBMATE_WRAP_CONSENT", consent)
    console, production = FakeConsole(answer), environment("production", protected=protected)
    if refused is None:
        guard.confirm(production, console, "apply it", yes=yes, agents_everywhere=everywhere)
    else:
        with pytest.raises(RefusedError) as raised:
            guard.confirm(production, console, "apply it", yes=yes, agents_everywhere=everywhere)
        assert refused in raised.value.message
    assert len(console.questions) <= 1


def test_the_message_names_the_agent_and_the_hint_tells_it_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_CLI", "1")
    with pytest.raises(RefusedError) as raised:
        guard.ask_person(environment("dev", protected=False), FakeConsole(None), "roll back 002_b.sql")
    assert raised.value.message == (
        "to roll back 002_b.sql (dev), an AI agent (Gemini CLI, by the variable GEMINI_CLI) needs"
        " the consent of its person, which --yes is not"
    )
    assert "ask" in str(raised.value.hint)
    assert "DBMATE_WRAP_CONSENT" in str(raised.value.hint)
