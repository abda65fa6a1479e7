"""How the end-to-end tests judge an answer, and what they share."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.forked import start_command
from tests.support.projects import migration
from tests.support.servers import Database

# However slow the machine: after this many seconds a test calls it hanging.
PATIENCE = 60.0

TWO: Mapping[str, str] = {
    "001_a.sql": migration("create table public.a (i int);", "drop table public.a;"),
    "002_b.sql": migration("create table public.b (i int);", "drop table public.b;"),
}


@dataclass(frozen=True)
class CliResult:
    """The command's answer."""

    returncode: int
    stdout: str
    stderr: str

    def json(self) -> dict[str, object]:
        """The one JSON document on stdout."""
        document = json.loads(self.stdout)
        assert isinstance(document, dict)
        return document


RunCli = Callable[..., CliResult]
# The one document of `--format json`.
Document = dict[str, object]
RunJson = Callable[..., Document]


def run_command(
    args: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    *,
    stdin: str = "",
    timeout: float = 120,
    own_interpreter: bool = False,
) -> CliResult:
    """The answer of the command, which is killed where it takes longer than `timeout`."""
    with start_command(args, cwd, env, stdin=subprocess.PIPE, own_interpreter=own_interpreter) as process:
        try:
            said = process.communicate(stdin, timeout)
        except BaseException:
            process.kill()
            raise
    return CliResult(process.returncode, *said)


def staging(database: Database) -> dict[str, str]:
    """The database as the environment `staging`."""
    return {"STAGING_DATABASE_URL": database.url}


def applied(database: Database) -> list[str]:
    """What the database itself says was applied; empty without a history table."""
    if database.execute("select to_regclass('public.schema_migrations')") == [(None,)]:
        return []
    return [row[0] for row in database.execute("select version from public.schema_migrations order by 1")]


def tables(database: Database) -> list[str]:
    """Every table that somebody made."""
    rows = database.execute("select tablename from pg_tables where schemaname = 'public' order by 1")
    return [row[0] for row in rows]


def error_of(document: dict[str, object]) -> dict[str, object]:
    """The error of a failed run."""
    error = document["error"]
    assert isinstance(error, dict)
    return error


def assert_refused(done: CliResult, code: int, cause: str, remedy: str) -> None:
    """A line of cause and one of remedy (regular expressions), and last the code."""
    assert done.returncode == code, done
    assert_presentable(done)
    lines = done.stderr.splitlines()
    assert lines[-1].startswith(f"  exit: {code} ("), done.stderr
    errors = [line for line in lines if line.startswith("error: ")]
    hints = [line for line in lines if line.lstrip().startswith("hint: ")]
    assert any(re.search(cause, line) for line in errors), done.stderr
    assert any(re.search(remedy, line) for line in hints), done.stderr


def assert_presentable(done: CliResult) -> None:
    """No traceback, no repr of an exception, no bug report."""
    for text in (done.stdout, done.stderr):
        for sign in ("Traceback", "internal error", "this is a bug", "Exception ignored", "NoneType"):
            assert sign not in text, text


@dataclass(frozen=True)
class Running:
    """The command while it runs."""

    process: "subprocess.Popen[str]"

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def finish(self) -> CliResult:
        """Its answer; fails when it hangs."""
        stdout, stderr = self.process.communicate(timeout=PATIENCE)
        return CliResult(self.process.returncode, stdout, stderr)


@contextmanager
def started(
    args: Sequence[str], cwd: Path, env: Mapping[str, str], *, own_interpreter: bool = False
) -> Iterator[Running]:
    """The command in the background, killed with the `with` block if it is still there then."""
    process = start_command(args, cwd, env, own_interpreter=own_interpreter)
    try:
        yield Running(process)
    finally:
        process.kill()
        process.communicate()


def wait_for(condition: Callable[[], object], what: str, *, patience: float = PATIENCE) -> None:
    """Poll until `condition` is true."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


def waiting_for_locks(database: Database) -> int:
    """How many sessions of that database wait for a lock."""
    query = f"select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = '{database.name}'"
    return len(database.execute(query))


def sessions(database: Database) -> list[str]:
    """The names of the sessions that the command and its dbmate have there."""
    query = (
        "select application_name from pg_stat_activity"
        f" where application_name like 'dbmate-wrap/%' and datname = '{database.name}'"
    )
    return [row[0] for row in database.execute(query)]


def argument_lists() -> Iterator[tuple[int, bytes]]:
    """Process id and argument list of everything that runs on this machine (Linux)."""
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                yield int(entry.name), Path(entry.path, "cmdline").read_bytes()
            except OSError:
                continue
