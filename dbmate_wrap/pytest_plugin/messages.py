"""What the plugin and the process that has the databases say to each other: lines of JSON over a socket."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, get_args

Task = Literal["copy", "migrate", "drop"]


@dataclass(frozen=True)
class Request:
    """A task. `database` is the name of one that exists; `version` None means all migrations.

    `copy` makes a database, `migrate` applies more to one, `drop` drops one and has no answer.
    """

    task: Task
    database: str = ""
    version: str | None = None

    def encode(self) -> bytes:
        """Return it as a line."""
        return _line(asdict(self))


@dataclass(frozen=True)
class Failure:
    """Why a task was not done; `code` is the exit code that a command would have."""

    message: str
    hint: str | None = None
    sqlstate: str | None = None
    code: int = 1


@dataclass(frozen=True)
class Answer:
    """What was done: the name and the URL of a new database, and the lines of progress."""

    database: str = ""
    url: str = ""
    said: tuple[str, ...] = ()
    failure: Failure | None = None

    def encode(self) -> bytes:
        """Return it as a line."""
        return _line(asdict(self))


def decode_request(line: bytes) -> Request:
    """Return the request of a line. Raises ValueError for a line that is none."""
    found = json.loads(line)
    if found["task"] not in get_args(Task):
        raise ValueError(f"no task: {found['task']!r}")
    return Request(**found)


def decode_answer(line: bytes) -> Answer:
    """Return the answer of a line."""
    found = json.loads(line)
    failure = found.pop("failure")
    said = tuple(found.pop("said"))
    return Answer(**found, said=said, failure=Failure(**failure) if failure else None)


def _line(content: Mapping[str, object]) -> bytes:
    return json.dumps(content).encode() + b"\n"
