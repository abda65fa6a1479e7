"""The values of the fixtures, and the messages between the plugin and the process with the databases."""

import pytest

from dbmate_wrap.pytest_plugin.database import MigratedDatabase
from dbmate_wrap.pytest_plugin.messages import Answer, Failure, Request, decode_answer, decode_request

SOCKET = "postgresql://app@/one?host=/tmp/x&port=5432"


def database(url: str) -> MigratedDatabase:
    return MigratedDatabase(url, lambda to: None)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (SOCKET, SOCKET),
        ("postgresql://app:s3cret@host:5432/one", "postgresql://app:***@host:5432/one"),
        ("postgresql://a%3Ab:p%40%3A@[::1]:5432/one", "postgresql://a%3Ab:***@[::1]:5432/one"),
        ("postgresql://app@host:5432/one", "postgresql://app@host:5432/one"),
    ],
)
def test_a_database_is_its_url_and_shown_without_the_password(url: str, shown: str) -> None:
    made = database(url)
    assert made == url
    assert f"{made}" == url
    assert repr(made) == repr(shown)


def test_a_database_is_migrated_by_who_has_made_it() -> None:
    wanted: list[str | None] = []
    made = MigratedDatabase(SOCKET, wanted.append)
    made.migrate()
    made.migrate("003")
    assert wanted == [None, "003"]


@pytest.mark.parametrize(
    "request_",
    [Request("copy"), Request("copy", version="é\n"), Request("drop", "one"), Request("migrate", "a", "2")],
)
def test_a_request_is_read_as_it_was_written(request_: Request) -> None:
    line = request_.encode()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode_request(line) == request_


def test_what_is_no_task_is_refused() -> None:
    with pytest.raises(ValueError, match="no task: 'stop'"):
        decode_request(b'{"task": "stop"}')


@pytest.mark.parametrize(
    "answer",
    [
        Answer("one", "postgresql://", ("a", "b")),
        Answer(failure=Failure("two\nlines", "hint", "23505", 30)),
    ],
)
def test_an_answer_is_read_as_it_was_written(answer: Answer) -> None:
    assert decode_answer(answer.encode()) == answer
