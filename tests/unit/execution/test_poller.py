"""The thread that looks, with no server behind it."""

import threading
import time
from collections.abc import Callable

import pytest

from dbmate_wrap.domain.activity import Activity
from dbmate_wrap.execution import poller
from dbmate_wrap.execution.poller import Poller, Watched
from dbmate_wrap.postgres.session import Session
from tests.support.sessions import EmptySession

HANG_SECONDS = 60.0


class Looks:
    """Sessions that were opened and looks that were made; `look` answers at once."""

    def __init__(self) -> None:
        self.sessions: list[EmptySession] = []
        self.threads: set[int] = set()
        self.count = 0

    def open(self) -> Session:
        self.sessions.append(EmptySession())
        return self.sessions[-1]

    def look(self, session: Session, name: str) -> Activity:
        assert name == "x"
        self.threads.add(threading.get_ident())
        self.count += 1
        return Activity(pid=self.count)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + HANG_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_all_looks_are_made_in_one_thread_and_one_session() -> None:
    looks = Looks()
    watching = Poller(Watched(looks.open, "x", looks.look), lambda: True, 0.001)
    watching.start()
    until(lambda: looks.count >= 5)
    # A server that does not answer must not hold up the end of the program.
    assert [each.daemon for each in threading.enumerate() if each.name == "dbmate-wrap-watch"] == [True]
    watching.close()
    pids = [look.activity.pid for look in watching.take()]
    assert pids == list(range(1, len(pids) + 1))
    assert len(pids) >= 5
    assert watching.take() == []
    assert looks.threads.isdisjoint({threading.get_ident()})
    assert len(looks.threads) == 1
    assert [session.closed for session in looks.sessions] == [True]


def test_a_session_that_cannot_be_closed_is_no_error() -> None:
    class Lost(EmptySession):
        def close(self) -> None:
            super().close()
            raise OSError

    session = Lost()
    watching = Poller(Watched(lambda: session, "x", lambda session, name: Activity()), lambda: True, 0.001)
    watching.poll()
    watching.close_session()
    assert (session.closed, watching.error) == (True, None)


def test_without_a_look_there_is_no_session() -> None:
    asked = threading.Event()

    def is_due() -> bool:
        asked.set()
        return False

    looks = Looks()
    watching = Poller(Watched(looks.open, "x", looks.look), is_due, 0.001)
    watching.start()
    assert asked.wait(HANG_SECONDS)
    watching.close()
    assert (looks.sessions, watching.take(), watching.error) == ([], [], None)


@pytest.mark.parametrize("opens", [True, False])
def test_the_first_failure_ends_it_and_is_kept(opens: bool) -> None:
    def fail(*args: object) -> Activity:
        raise ValueError("no")

    def fail_to_open() -> Session:
        raise ValueError("no")

    looks = Looks()
    watching = Poller(Watched(looks.open if opens else fail_to_open, "x", fail), lambda: True, 0.001)
    watching.start()
    until(lambda: watching.error is not None)
    watching.close()
    assert repr(watching.error) == "ValueError('no')"
    assert [session.closed for session in looks.sessions] == [True] * opens


def test_a_look_that_hangs_does_not_hold_up_the_end_and_closes_its_session_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(poller, "_PATIENCE_SECONDS", 0.01)
    began, release = threading.Event(), threading.Event()

    def hang(session: Session, name: str) -> Activity:
        began.set()
        assert release.wait(HANG_SECONDS)
        return Activity()

    looks = Looks()
    watching = Poller(Watched(looks.open, "x", hang), lambda: True, 0.001)
    watching.start()
    assert began.wait(HANG_SECONDS)
    watching.close()
    assert not looks.sessions[0].closed
    release.set()
    until(lambda: looks.sessions[0].closed)


def test_it_can_be_closed_where_no_thread_could_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more_threads(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", no_more_threads)
    watching = Poller(Watched(Looks().open, "x"), lambda: True, 1)
    watching.start()
    watching.close()
    assert repr(watching.error) == 'RuntimeError("can\'t start new thread")'
