"""Completion as the shells themselves do it: what is typed with tabs is the command line that is run."""

import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbmate_wrap.cli.completion_install import install
from tests.support.projects import MakeProject, migration
from tests.support.repository import REPOSITORY
from tests.support.typed_shell import typed_command

pytestmark = pytest.mark.integration

# Answers as the command does, and shows the words of every other call.
_PROGRAM = """#!/bin/sh
case $1 in
__complete) exec {real} "$@" ;;
*) printf 'WORDS'; printf '[%s]' "$@"; echo ;;
esac
"""
_TYPED = {
    "dbmate-wrap statu\t-e stag\t\n": "[status][-e][staging]",
    "dbmate-wrap up --env=prod\t--to 01\t\n": "[up][--env=production][--to][012]",
    "dbmate-wrap amend 00\t\n": "[amend][001_init.sql]",
    "dbmate-wrap explain data-w\t\n": "[explain][data-write]",
    "dbmate-wrap fleet list c\t\n": "[fleet][list][crm]",
    "dbmate-wrap drift -e fleet:crm/ac\t\n": "[drift][-e][fleet:crm/acme]",
    "dbmate-wrap dump --output sch\t\n": "[dump][--output][schema one.sql]",
    "dbmate-wrap -C d\t envs\n": "[-C][db][envs]",
    # Nothing fits: what was typed stays, and nothing is printed into it.
    "dbmate-wrap up -e nosuch\t\n": "[up][-e][nosuch]",
}
_SETTINGS = """
[fleets.crm]
targets = "crm.csv"
[environments.staging]
lock_timeout = "a fault of the settings"
url_command = "touch ran"
"""


@pytest.fixture
def folder(project: MakeProject) -> Path:
    """A project whose settings are wrong."""
    made = project({"001_init.sql": migration("SELECT 1;"), "012_orders.sql": migration("")}, toml=_SETTINGS)
    (made.root / "crm.csv").write_text("name\nacme\n")
    (made.root / "schema one.sql").write_text("")
    return made.root


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home with the program in it."""
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    program = home / "bin" / "dbmate-wrap"
    with typed_command(home) as real:
        program.write_text(_PROGRAM.format(real=real))
        program.chmod(0o755)
        yield home


def environment(home: Path) -> dict[str, str]:
    """The variables of a shell of that user."""
    path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {"HOME": str(home), "PATH": path, "TERM": "vt100", "LANG": "C.UTF-8"}


def installed(shell: str) -> str:
    """The shell's program; without it the test is skipped."""
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    return found


def typed(shell: list[str], text: str, last: str, folder: Path, env: dict[str, str]) -> str:
    """What a terminal shows while the text is typed, until `last` is there."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        shell, cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        shown = b""
        while b"READY" not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, text.encode())
        while last.encode() not in shown:
            shown += os.read(ours, 4096)
        process.kill()
    os.close(ours)
    return shown.decode("utf-8", "replace")


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_completes_what_is_typed(shell: str, folder: Path, home: Path) -> None:
    program, env = installed(shell), environment(home)
    (home / f".{shell}rc").write_text("zstyle ':completion:*' insert-tab false\n" if shell == "zsh" else "")
    install(shell, env)
    with (home / f".{shell}rc").open("a") as start_up:
        start_up.write("PS1='> '; echo RE''ADY\n")
    shown = typed([program, "-i"], "".join(_TYPED), [*_TYPED.values()][-1], folder, env)
    # zsh takes the slash of a folder away where a space follows.
    assert re.findall(r"WORDS([^\r\n]*)", shown.replace("/]", "]")) == [*_TYPED.values()], shown
    assert "rror" not in shown
    assert not (folder / "ran").exists()


def test_fish_completes_what_is_typed(folder: Path, home: Path) -> None:
    program, env = installed("fish"), environment(home)
    install("fish", env)
    script = "".join(f"complete -C '{line.partition(chr(9))[0]}'; echo ====\n" for line in _TYPED)
    done = subprocess.run(
        [program, "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    offered = [
        [line.partition("\t")[0] for line in part.split("\n") if line] for part in done.stdout.split("====\n")
    ]
    assert offered == [
        ["status"],
        ["--env=production"],
        ["001_init.sql"],
        ["data-write"],
        ["crm"],
        ["fleet:crm/acme"],
        ["schema one.sql"],
        ["db/"],
        [],
        [],
    ]
    assert not (folder / "ran").exists()


def test_a_completion_loads_nothing_that_is_slow(folder: Path) -> None:
    code = (
        "import sys; from dbmate_wrap.cli.completion import answer\n"
        "for words in (['-e'], ['up', '--to'], ['explain'], ['amend'], ['fleet', 'up']):\n"
        "    answer(['words', *words, ''])\n"
        "print({'pydantic_settings', 'psycopg', 'rich', 'google'} & {*sys.modules})"
    )
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
