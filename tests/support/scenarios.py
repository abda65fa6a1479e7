"""What the tests of races and kills share: runs at once, and what must be true whatever happened."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.support.cli import (
    PATIENCE,
    CliResult,
    RunCli,
    applied,
    argument_lists,
    assert_presentable,
    sessions,
    staging,
    wait_for,
)
from tests.support.forked import start_command
from tests.support.projects import ProjectFolder
from tests.support.repository import REPOSITORY
from tests.support.servers import Database

UP = ("up", "-e", "staging", "--format", "json")
HISTORY = "create table public.schema_migrations (version varchar(128) primary key)"


def launch(
    command: Sequence[str], cwd: Path, env: Mapping[str, str], *, process_group: int | None = None
) -> "subprocess.Popen[str]":
    """Start a program whose answer is read later; with `process_group` 0 in a group of its own."""
    return subprocess.Popen(
        list(command),
        cwd=cwd,
        env={**env, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        process_group=process_group,
    )


def at_once(
    args: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    count: int,
    intrude: Callable[[], Sequence["subprocess.Popen[str]"]] = tuple,
) -> list[CliResult]:
    """The answers of `count` runs that start at once; what `intrude` starts beside them ends with them."""
    running = [start_command(args, cwd, env) for _ in range(count)]
    intruders: Sequence[subprocess.Popen[str]] = ()
    try:
        intruders = intrude()
        answers = [(each, each.communicate(timeout=PATIENCE)) for each in [*running, *intruders]]
    finally:
        for each in [*running, *intruders]:
            each.kill()
    return [CliResult(each.returncode, *said) for each, said in answers][:count]


def codes(runs: Sequence[CliResult]) -> list[int]:
    """The exit codes, sorted."""
    return sorted(run.returncode for run in runs)


def claimed(run: CliResult) -> list[str]:
    """The versions that a run says it applied."""
    versions = run.json()["applied"]
    assert isinstance(versions, list)
    return [str(version) for version in versions]


def assert_quiet(run: CliResult) -> None:
    """Nothing on stderr that reads like an error or a warning."""
    assert_presentable(run)
    for line in run.stderr.splitlines():
        assert not line.lstrip().startswith(("error:", "warning:", "hint:", "exit:")), run.stderr


def hint_of(run: CliResult) -> str:
    """The one thing to do that a failed run names."""
    error = run.json()["error"]
    assert isinstance(error, dict), run
    hint = error["hint"]
    assert isinstance(hint, str), error
    assert hint, error
    return hint


def ledger(database: Database) -> list[tuple[str, str, str]]:
    """Version, how and run of every line of the ledger, in order; none where no run has written."""
    if database.execute("select to_regclass('dbmate_wrap.ledger')") == [(None,)]:
        return []
    rows = database.execute("select version, how, run_id from dbmate_wrap.ledger order by id")
    return [(row[0], row[1], row[2]) for row in rows]


def runs(database: Database) -> list[tuple[str, int | None]]:
    """The runs that wrote to the database, and how each ended."""
    return [(row[0], row[1]) for row in database.execute("select run_id, exit_code from dbmate_wrap.run")]


def dbmates(database: Database) -> list[int]:
    """The dbmate processes of ours that work on that database: its name is in their environment (Linux)."""
    found = []
    for pid, arguments in argument_lists():
        if not arguments.split(b"\0")[0].endswith(b"/dbmate"):
            continue
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if database.name.encode() in environment:
            found.append(pid)
    return found


def kill(pid: int, number: int = signal.SIGKILL) -> bool:
    """Send a signal; False when the process was gone already."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def assert_nothing_left(database: Database) -> None:
    """No dbmate of ours lives; its session and ours are gone within moments."""
    wait_for(lambda: not dbmates(database), "the end of dbmate", patience=1.0)
    wait_for(lambda: not sessions(database), "the end of the server sessions", patience=3.0)


def assert_next_run_works(
    folder: ProjectFolder, run_cli: RunCli, database: Database, versions: Sequence[str]
) -> CliResult:
    """The next run succeeds, and the first that has nothing to do says so."""
    repeated = run_cli(UP, folder.root, staging(database))
    assert repeated.returncode == 0, repeated.stderr
    assert applied(database) == list(versions)
    if not claimed(repeated):
        return repeated
    idle = run_cli(UP, folder.root, staging(database))
    assert idle.returncode == 0, idle.stderr
    assert claimed(idle) == []
    return repeated
