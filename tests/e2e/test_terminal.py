"""On a terminal: the question before a protected environment, colours, and the count of a long check."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path
from threading import Thread

import pytest

from tests.support.cli import PATIENCE, TWO, applied
from tests.support.projects import MakeProject, migration
from tests.support.repository import REPOSITORY
from tests.support.servers import Database
from tests.support.terminals import read_all, screen_of

pytestmark = pytest.mark.e2e
INTERRUPT = "Ctrl-C"


def typed(
    args: list[str], cwd: Path, env: Mapping[str, str], answer: str, question: bytes = b"type its name: "
) -> tuple[int, str, str]:
    """The exit code, the text on the terminal (stderr), and stdout, after `answer` was typed."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "dbmate_wrap", *args],
        cwd=cwd,
        env={**env, "PYTHONPATH": str(REPOSITORY)},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = b""
        while question not in shown.lower():
            shown += os.read(ours, 1024)
        if answer == INTERRUPT:
            process.send_signal(signal.SIGINT)
        else:
            os.write(ours, answer.encode())
        assert process.stdout is not None
        stdout = process.stdout.read().decode()
        code = process.wait(PATIENCE)
    shown += read_all(ours)
    os.close(ours)
    return code, shown.decode(), stdout


def production(clean_environment: Mapping[str, str], database: Database) -> dict[str, str]:
    return {**clean_environment, "PRODUCTION_DATABASE_URL": database.url, "TERM": "xterm"}


@pytest.mark.parametrize(
    ("answer", "code"),
    [("production\n", 0), (" production \n", 0), ("yes\n", 20), ("\n", 20), ("\x04", 20)],
    ids=["name", "spaces", "yes", "nothing", "end-of-file"],
)
def test_only_its_name_confirms_a_protected_environment(
    project: MakeProject,
    clean_environment: Mapping[str, str],
    embedded_database: Database,
    answer: str,
    code: int,
) -> None:
    env = production(clean_environment, embedded_database)
    folder = project(TWO, sealed=True)
    ended, shown, stdout = typed(["up", "-e", "production"], folder.root, env, answer)
    assert ended == code, shown
    place = f"{embedded_database.name} on "
    head = shown.index(f"production: database {place}")
    assert head < shown.index("  001_a.sql") < shown.index("  002_b.sql")
    assert f"production is protected. To apply these 2 migrations to {place}" in shown
    if code:
        assert "not confirmed: nothing was done to production" in shown
        assert applied(embedded_database) == []
    else:
        assert "2 migrations applied" in stdout
        assert applied(embedded_database) == ["001", "002"]


def test_the_question_follows_what_each_migration_locks(
    project: MakeProject, clean_environment: Mapping[str, str], embedded_database: Database
) -> None:
    env = production(clean_environment, embedded_database)
    env |= {"DBMATE_WRAP_SHADOW": "url", "DBMATE_WRAP_SHADOW_URL": embedded_database.server.url("postgres")}
    folder = project(
        {**TWO, "003_fails.sql": migration("alter table public.a add column i int;")}, sealed=True
    )
    code, shown, _ = typed(["up", "-e", "production"], folder.root, env, "no\n")
    assert code == 20
    assert "  001_a.sql: new object (line 2)" in shown
    assert "  003_fails.sql: fails on a throw-away database: db/migrations/003_fails.sql:2:1: column" in shown
    # Without a server to measure on it is asked all the same.
    env["DBMATE_WRAP_SHADOW_URL"] = "postgres://postgres@127.0.0.1:1/postgres"
    code, shown, _ = typed(["up", "-e", "production"], folder.root, env, "no\n")
    assert code == 20
    assert "not known: locks and work" in shown
    assert applied(embedded_database) == []


def test_nothing_is_coloured_but_on_a_terminal_without_no_color(
    project: MakeProject, clean_environment: Mapping[str, str], embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    env = production(clean_environment, embedded_database)
    _, shown, stdout = typed(["up", "-e", "production"], folder.root, env, "no\n")
    assert "\x1b[31merror\x1b[0m" in shown
    assert "\x1b" not in stdout
    _, plain, _ = typed(["up", "-e", "production"], folder.root, {**env, "NO_COLOR": "1"}, "no\n")
    assert "error: not confirmed" in plain
    assert "\x1b" not in plain


@pytest.mark.parametrize(
    ("answer", "code"), [("\n", 0), ("Y\n", 0), ("n\n", 20), ("\x04", 20), (INTERRUPT, 130)], ids=ascii
)
def test_a_scaffold_is_written_after_its_list_was_agreed_to(
    tmp_path: Path, clean_environment: Mapping[str, str], answer: str, code: int
) -> None:
    root = tmp_path / "shop"
    root.mkdir()
    env = {**clean_environment, "TERM": "xterm"}
    ended, shown, stdout = typed(["init"], root, env, answer, b"write these files? [y/n] ")
    assert ended == code, shown
    assert shown.index("  db/README.md: to be written") < shown.index("Write these files?")
    assert (root / "db" / "README.md").exists() == (code == 0)
    if code:
        assert {20: "not confirmed: nothing was written", 130: "`dbmate-wrap init` again"}[code] in shown
        assert list(root.iterdir()) == []
    else:
        assert "next: dbmate-wrap new add_orders" in stdout


def shown_on_terminal(args: list[str], cwd: Path, env: Mapping[str, str], columns: int) -> str:
    """What a command writes to a terminal that is so wide (stderr)."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    shown: list[bytes] = []
    reader = Thread(target=lambda: shown.append(read_all(ours)))
    reader.start()
    subprocess.run(
        [sys.executable, "-m", "dbmate_wrap", *args],
        cwd=cwd,
        env={**env, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        timeout=PATIENCE,
        check=False,
    )
    os.close(theirs)
    reader.join()
    os.close(ours)
    return shown[0].decode()


@pytest.mark.slow
def test_a_long_check_counts_in_one_line_and_leaves_nothing_of_it(
    project: MakeProject, clean_environment: Mapping[str, str]
) -> None:
    slow = migration("create table public.a ();\nselect pg_sleep(1.2);", "drop table public.a;")
    quick = migration("create table public.b ();\nselect pg_sleep(0.2);", "drop table public.b;")
    folder = project({"001_a.sql": slow, "002_b.sql": quick}, sealed=True)
    env = {**clean_environment, "TERM": "xterm"}
    shown = shown_on_terminal(["check", "--all"], folder.root, env, 25)
    lines = shown.split("\r\x1b[K")
    assert "[##########..........] 50 %  replaying"[:24] in lines
    assert all(len(line) < 25 for line in lines[1:-1])
    assert lines[-1].partition("\r\n")[0] == ""
    for path in (folder.root / ".dbmate-wrap" / "shadow" / "dumps").iterdir():
        path.unlink()
    assert "[#" not in shown_on_terminal(["check", "--all", "--quiet"], folder.root, env, 25)


def test_progress_is_drawn_in_place_and_leaves_one_line_with_the_time(
    project: MakeProject, clean_environment: Mapping[str, str], embedded_database: Database
) -> None:
    name = f"001_{'a_long_name_' * 5}x.sql"
    folder = project({name: migration("select pg_sleep(2.3);", "select 1;")}, sealed=True)
    env = {**clean_environment, "STAGING_DATABASE_URL": embedded_database.url, "TERM": "xterm"}
    shown = shown_on_terminal(["up", "-e", "staging"], folder.root, env, 40)
    in_place = re.findall(r"applying [^\r\n\x1b]*(?=\r\x1b)", shown)
    assert f"applying (2 s) {name}"[:39] in in_place
    assert {len(line) for line in in_place} == {39}
    lines = screen_of(shown)
    assert [line for line in lines if "pplying" in line] == []
    assert [line for line in lines if re.fullmatch(rf"applied {name} in 2\.\d s", line)]
