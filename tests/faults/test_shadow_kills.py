"""Checks that are killed, that start at once, and a disk that is full: the next check works."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from dbmate_wrap.cluster import postmaster, server
from dbmate_wrap.errors import WrapError
from dbmate_wrap.shadow import template
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from tests.support.cli import wait_for
from tests.support.repository import REPOSITORY
from tests.support.servers import TcpServer
from tests.support.shadows import (
    HISTORY,
    KEYS,
    Project,
    checking,
    databases,
    drop_shadow_databases,
    execute,
    key,
    replay,
    roles,
)

pytestmark = [pytest.mark.faults, pytest.mark.integration]

SEED = 4711
# Every check replays one migration more, and the first ones again when all are known.
CHECKS = """
import faulthandler, itertools, signal, sys
from pathlib import Path
from dbmate_wrap.cluster import binaries
from dbmate_wrap.shadow.next_check import preparing_next_check
from tests.support.shadows import HISTORY, KEYS, checking, replay
faulthandler.register(signal.SIGUSR1)
print("begun", flush=True)
for length in itertools.cycle(range(1, 5)):
    with checking(sys.argv[1]) as pool:
        with preparing_next_check(pool, KEYS[max(length - 2, 0)]):
            replay(pool, HISTORY[:length], KEYS[:length])
        if length == 4:
            pool.longest_cached_prefix([])
    print("checked", flush=True)
"""


def start(where: str) -> "subprocess.Popen[str]":
    """Checks without end, in another process."""
    running = subprocess.Popen(
        [sys.executable, "-c", CHECKS, where],
        env={"PYTHONPATH": str(REPOSITORY), "PATH": os.environ["PATH"]},
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    if running.stdout.readline() != "begun\n":
        pytest.fail(running.communicate()[1])
    return running


def kill(running: "subprocess.Popen[str]", number: int = signal.SIGKILL) -> None:
    assert running.poll() is None, running.communicate()[1]
    running.send_signal(number)
    try:
        running.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        running.send_signal(signal.SIGUSR1)  # It says where it hangs.
        time.sleep(1)
        running.kill()
        pytest.fail(running.communicate()[1])


def assert_sound(where: str) -> None:
    """A check works; there is nothing but templates and copies, and each holds its history and no more."""
    with checking(where) as pool:
        names = {pool.template_name(each) for each in KEYS}
        assert databases(pool) - {"app"} <= names | {template.copy_name(each) for each in names}
        length = pool.longest_cached_prefix(KEYS)
        assert length == 0 or "made" not in roles(pool) or length == 4
        for place, each in enumerate(KEYS):
            if pool.longest_cached_prefix(KEYS[: place + 1]) == place + 1:
                assert_holds(pool, each, place + 1)
        length = pool.longest_cached_prefix(KEYS[:3])
        assert replay(pool, HISTORY[:3], KEYS[:3]) == length
        assert_holds(pool, KEYS[2], 3)


def assert_holds(pool: ScratchPool, name: str, tables: int) -> None:
    with pool.scratch(name) as scratch:
        [(found,)] = execute(scratch.url, "select count(*) from pg_tables where schemaname = 'public'")
        assert found == tables


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(8))
def test_after_a_check_was_killed_the_next_one_works(here: Project, moment: int) -> None:
    chance = random.Random(SEED + moment)
    for _ in range(2):
        running = start(str(here.home))
        time.sleep(chance.uniform(0.0, 0.9))
        kill(running)
    assert_sound(str(here.home))
    assert server.state(here.folder).pid is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT])
def test_after_the_server_was_killed_the_next_check_works(here: Project, number: int) -> None:
    assert here.check(HISTORY[:2], KEYS[:2]) == 0
    with suppress(WrapError), here.open_pool() as pool, pool.scratch(KEYS[1]):
        state = server.state(here.folder)
        assert state.data is not None
        assert state.pid is not None
        os.kill(state.pid, number)
        assert postmaster.wait_until_gone(state.pid, state.data, 10)
    assert here.check(HISTORY[:3], KEYS[:3]) == 2
    assert_sound(str(here.home))


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.1, 0.2])
def test_an_interrupted_check_leaves_neither_server_nor_scratch(here: Project, moment: float) -> None:
    running = start(str(here.home))
    assert running.stdout is not None
    assert running.stdout.readline() == "checked\n"
    time.sleep(moment)
    kill(running, signal.SIGINT)
    assert server.state(here.folder).pid is None
    assert_sound(str(here.home))


def test_checks_at_once_take_turns(here: Project) -> None:
    running = [start(str(here.home)) for _ in range(3)]
    for each in running:
        assert each.stdout is not None
        for _ in range(2):
            assert each.stdout.readline() == "checked\n", each.stderr and each.stderr.read()
    for each in running:
        kill(each)
    assert_sound(str(here.home))


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(6))
def test_after_a_check_on_a_url_was_killed_the_next_one_works(tcp_server: TcpServer, moment: int) -> None:
    where = tcp_server.url()
    chance = random.Random(SEED + moment)
    try:
        drop_shadow_databases(tcp_server)  # Those of other tests.
        tcp_server.execute("drop role if exists made")
        running = start(where)
        time.sleep(chance.uniform(0.0, 0.5))
        kill(running)
        assert_url_sound(where)
    finally:
        drop_shadow_databases(tcp_server)
        tcp_server.execute("drop role if exists made")


def assert_url_sound(where: str) -> None:
    """The session of the killed check may end a moment later, and what it was about to make come then."""
    wait_for(lambda: not scratches(where), "the end of what the killed check had begun")
    assert_sound(where)


def scratches(where: str) -> set[str]:
    with checking(where) as pool:
        return {name for name in databases(pool) if template.database_kind(name) == "scratch"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")
def test_after_the_disk_was_full_the_next_check_works(here: Project) -> None:
    here.home.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=75m,mode=755", "tmpfs", str(here.home)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    try:
        fills = "create table public.big as select repeat('x', 1000) as x from generate_series(1, 100000)"
        with pytest.raises(Exception, match=r"No space left|connection|terminat"), here.open_pool() as pool:
            replay(pool, [fills], [key("e")])
        assert_sound(str(here.home))
    finally:
        server.destroy(here.folder)
        subprocess.run(["umount", "-l", str(here.home)], check=True)
