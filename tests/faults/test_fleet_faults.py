"""Runs over a fleet that are killed, stopped and doubled: each database is whole, and a later run heals."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread

import jsonschema
import pytest

from dbmate_wrap.cluster import binaries
from dbmate_wrap.cluster.account import choose_account, run_as
from dbmate_wrap.domain.fleet import shard_index
from tests.support.cli import CliResult, RunCli, assert_presentable, started, wait_for, waiting_for_locks
from tests.support.counting_proxy import count_connections
from tests.support.forked import start_command
from tests.support.projects import MakeProject
from tests.support.scenarios import dbmates, kill, launch
from tests.support.servers import Database, Server, run_server
from tests.support.tenants import (
    FleetLines,
    MakeTenants,
    Tenants,
    create,
    documents_of,
    fleet_lines,
    held,
    make_tenants,
)

pytestmark = [pytest.mark.faults, pytest.mark.integration]

UP = ["fleet", "up", "--format", "json"]
# What is held back waits for as long as a test wants.
# A target that migrates has as many at most.
CONNECTIONS = 5
PATIENT = '[environments.staging]\nlock_timeout = "600s"\n'


@pytest.fixture
def tenants(project: MakeProject, embedded: Server) -> Iterator[MakeTenants]:
    """Makes databases and the project of their fleet: `tenants(["a", "b"])`."""
    with ExitStack() as made:
        yield lambda names, **more: made.enter_context(
            make_tenants(embedded, project, names, toml=PATIENT, **more)
        )


def wait_until_held(*databases: Database) -> None:
    wait_for(lambda: all(waiting_for_locks(each) for each in databases), "the migrations to wait")


def assert_heals(some: Tenants, run_cli: RunCli, validator: jsonschema.Draft202012Validator) -> FleetLines:
    """The next run over all ends with 0, the one after it has nothing to do, and every database is whole."""
    healed = fleet_lines(run_cli(UP, some.folder.root, some.variables), validator)
    assert healed.last["exit"] == {"code": 0, "name": "ok"}, healed.last
    assert healed.fleet["inventory"] == list(some.names)
    assert sorted(healed.targets) == sorted(some.names)
    some.assert_whole()
    idle = fleet_lines(run_cli(UP, some.folder.root, some.variables), validator)
    assert idle.in_state("up to date") == sorted(some.names)
    return healed


def versions(some: Tenants, names: Sequence[str]) -> set[tuple[str, ...]]:
    """Every history that one of the databases has."""
    return set(map(tuple, some.versions(names).values()))


def processes_with(text: str) -> dict[int, bytes]:
    """The argument lists of the processes that have this in their environment (Linux)."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if text.encode() in (entry / "environ").read_bytes():
                found[int(entry.name)] = (entry / "cmdline").read_bytes()
        except OSError:
            continue
    return found


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def worker_of(database: Database) -> int:
    """The process of that target: its child is the dbmate that works on the database."""
    [dbmate] = dbmates(database)
    return parent_of(dbmate)


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")],
    ids=["term-to-all", "int-to-one"],
)
def test_a_signal_begins_no_further_target_and_ends_those_at_work_in_good_order(
    tenants: MakeTenants,
    clean_environment: Mapping[str, str],
    run_cli: RunCli,
    validator: jsonschema.Draft202012Validator,
    number: int,
    code: int,
    word: str,
) -> None:
    some = tenants(["first", "held-1", "held-2", "late-1", "late-2"])
    env = {**clean_environment, **some.variables}
    command = ["dbmate-wrap", *UP, "--jobs", "2"]
    with held(some["held-1"], some["held-2"]):
        with launch(command, some.folder.root, env, process_group=0) as running:
            wait_until_held(some["held-1"], some["held-2"])
            if number == signal.SIGTERM:
                os.killpg(running.pid, number)  # As `timeout` and supervisors do.
            else:
                running.send_signal(number)
            said = running.communicate()
        done = CliResult(running.returncode, *said)
        assert done.returncode == code, done
        for name in some.names:
            assert dbmates(some[name]) == []
    lines = fleet_lines(done, validator)
    assert lines.in_state("applied") == ["first"]
    assert {name: lines.codes()[name] for name in ("held-1", "held-2")} == {"held-1": code, "held-2": code}
    assert "stopped: 0 migrations applied" in lines.error("held-1")
    assert lines.fleet["not_begun"] == ["late-1", "late-2"]
    assert lines.fleet["stopped"] == f"the run was {word}"
    assert f"error: the run was {word}: 1 of 5 databases migrated" in done.stderr
    assert_heals(some, run_cli, validator)


def test_a_signal_while_the_databases_are_read_still_sums_up(
    tenants: MakeTenants, clean_environment: Mapping[str, str], validator: jsonschema.Draft202012Validator
) -> None:
    some = tenants(["a", "b"])
    with socket.create_server(("127.0.0.1", 0)) as silent:
        columns = {"host": "127.0.0.1", "port": silent.getsockname()[1]}
        all_three = some.with_names([*some.names, "silent"])
        all_three.write_list(silent=columns)
        env = {**clean_environment, **some.variables}
        with started(["fleet", "status", "--format", "json"], some.folder.root, env) as running:
            assert running.process.stdout is not None
            said = [running.process.stdout.readline() for _ in "ab"]
            running.signal(signal.SIGTERM)
            done = running.finish()
    lines = fleet_lines(replace(done, stdout="".join(said) + done.stdout), validator)
    assert done.returncode == 143
    assert lines.states() == {"a": "pending", "b": "pending", "silent": "not begun"}
    assert "error: the run was terminated: no database was changed\n  hint: run the same" in done.stderr


@pytest.mark.slow
def test_a_target_that_is_killed_or_stopped_fails_alone_and_the_next_run_heals_it(
    tenants: MakeTenants,
    clean_environment: Mapping[str, str],
    run_cli: RunCli,
    validator: jsonschema.Draft202012Validator,
) -> None:
    some = tenants(["t-fine", "t-killed", "t-stopped"])
    held_back = [some["t-killed"], some["t-stopped"]]
    env = {**clean_environment, **some.variables}
    with held(*held_back):
        with (
            started([*UP, "--target-deadline", "6s"], some.folder.root, env) as running,
            ExitStack() as stack,
        ):
            wait_until_held(some["t-killed"])
            kill(worker_of(some["t-killed"]))
            wait_until_held(some["t-stopped"])
            stopped = worker_of(some["t-stopped"])
            stack.callback(kill, stopped, signal.SIGCONT)  # Else a failing test would wait for it.
            kill(stopped, signal.SIGSTOP)
            done = running.finish()
        assert [*map(dbmates, held_back)] == [[], []]
    lines = fleet_lines(done, validator)
    assert done.returncode == 34
    assert lines.codes() == {"t-fine": 0, "t-killed": 143, "t-stopped": 143}
    assert "its process was ended by signal 9" in lines.error("t-killed")
    assert "it took longer than --target-deadline, 6 s: stopped: 0 migrations" in lines.error("t-stopped")
    assert_heals(some, run_cli, validator)


def test_the_targets_of_a_run_that_is_killed_end_with_it(
    tenants: MakeTenants,
    clean_environment: Mapping[str, str],
    run_cli: RunCli,
    validator: jsonschema.Draft202012Validator,
) -> None:
    some = tenants(["done", "held-1", "held-2"])
    # A mark by which what the run has started is found.
    env = {**clean_environment, **some.variables, "MARK": f"mark of {some.folder.root}"}
    with held(some["held-1"], some["held-2"]):
        with started([*UP, "--jobs", "2"], some.folder.root, env) as running:
            wait_until_held(some["held-1"], some["held-2"])
            assert processes_with(env["MARK"])
            running.signal(signal.SIGKILL)
            done = running.finish()
        wait_for(lambda: not processes_with(env["MARK"]), "the end of what the run has started")
        wait_for(lambda: not dbmates(some["held-1"]) + dbmates(some["held-2"]), "the end of dbmate")
    assert done.returncode == -signal.SIGKILL
    assert_presentable(done)
    [document] = documents_of(done.stdout, validator)
    assert document["applied"] == ["002"]
    assert some.versions() == {"done": ["001", "002"], "held-1": ["001"], "held-2": ["001"]}
    assert_heals(some, run_cli, validator)


def test_no_server_gets_more_targets_or_connections_than_the_limits_say(
    tenants: MakeTenants,
    clean_environment: Mapping[str, str],
    run_cli: RunCli,
    embedded: Server,
) -> None:
    # Two addresses are two servers, whatever is behind them.
    one, two = ([f"{server}{number}" for number in range(5)] for server in ("one", "two"))
    some = tenants([*one, *two])
    with count_connections(embedded) as first, count_connections(embedded) as second:
        some.write_list(**{name: {"port": second.port} for name in two})
        url = f"postgres://{embedded.superuser}@127.0.0.1:{first.port}/postgres?sslmode=disable"
        env = {**clean_environment, "STAGING_DATABASE_URL": url}
        limits = ["--jobs", "8", "--per-server", "3"]
        assert run_cli(["fleet", "status", *limits], some.folder.root, env).returncode == 0
        for proxy, names in ((first, one), (second, two)):
            assert proxy.most_of == dict.fromkeys(names, 1)
            assert proxy.most <= 3
            proxy.forget()
        full = [some[name] for name in one[:3]]
        with held(*full) as release, started(["fleet", "up", *limits], some.folder.root, env) as running:
            wait_until_held(*full)
            # The first server is full, the second one goes on, and the rest of the first one waits.
            wait_for(lambda: versions(some, two) == {("001", "002")}, "the second server")
            assert versions(some, one) == {("001",)}
            assert first.most_databases == 3
            # Beside its own session, that of the lock and dbmate's: who looks what a migration waits for.
            wait_for(lambda: first.most_of[one[0]] == 4, "the monitor")
            release()
            done = running.finish()
    assert done.returncode == 0, done
    some.assert_whole()
    for proxy in (first, second):
        assert proxy.most_databases <= 3
        assert max(proxy.most_of.values()) <= CONNECTIONS
        assert proxy.most <= 3 * CONNECTIONS


@dataclass
class Shard:
    """A run of a part of the fleet, whose documents are read as they come."""

    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        streams = ((self.process.stdout, self.lines), (self.process.stderr, self.errors))
        self._readers = [Thread(target=lines.extend, args=(stream,)) for stream, lines in streams]
        for reader in self._readers:
            reader.start()

    @property
    def applied(self) -> int:
        """How many targets it says it has migrated so far."""
        return sum('"state":"applied"' in line for line in [*self.lines])

    def finish(self) -> CliResult:
        """Its answer; also what it has started has ended then, or closed its streams."""
        code = self.process.wait()
        for reader in self._readers:
            reader.join()
        return CliResult(code, "".join(self.lines), "".join(self.errors))


SHARDS = 5
# Seconds for what many processes do at once on a busy machine.
LONG = 600.0
# In the order of the shards: what the engine sets, and what is typed.
ENGINES: Mapping[str, tuple[Mapping[str, str], str]] = {
    "Kubernetes": ({"JOB_COMPLETION_INDEX": "0"}, f"auto/{SHARDS}"),
    "GitLab": ({"CI_NODE_INDEX": "2", "CI_NODE_TOTAL": f"{SHARDS}"}, "auto"),
    "GitHub": ({"STRATEGY_JOB_INDEX": "2", "STRATEGY_JOB_TOTAL": f"{SHARDS}"}, f"auto/{SHARDS}"),
    "Slurm": (
        {
            "SLURM_ARRAY_TASK_ID": "4",
            "SLURM_ARRAY_TASK_MIN": "1",
            "SLURM_ARRAY_TASK_MAX": f"{SHARDS}",
            "SLURM_ARRAY_TASK_COUNT": f"{SHARDS}",
            "SLURM_ARRAY_TASK_STEP": "1",
        },
        "auto",
    ),
    "GNU parallel": ({"PARALLEL_SEQ": f"{SHARDS}"}, f"auto/{SHARDS}"),
}


@contextmanager
def many_tenants(project: MakeProject, names: Sequence[str]) -> Iterator[Tenants]:
    """Databases on a server of their own, which keeps what it has committed."""
    with run_server(binaries.embedded()) as server:
        # Its crash loses no commit that was answered, though nothing is flushed: the machine goes on.
        server.execute(f"alter role {server.superuser} set synchronous_commit = on")
        with make_tenants(server, project, names, toml=PATIENT, dropped=False) as some:
            yield some


def crash_and_restart(server: Server) -> None:
    [[data]] = server.execute("show data_directory")
    pg_ctl = [str(server.bin_dir / "pg_ctl"), "restart", "-w", "-m", "immediate", "-D", data]
    done = run_as(choose_account(Path(data)), pg_ctl, timeout=60)
    assert done.returncode == 0, done


@pytest.mark.slow
def test_shards_of_any_engine_add_up_whatever_is_killed_doubled_or_restarted(
    project: MakeProject,
    clean_environment: Mapping[str, str],
    run_cli: RunCli,
    validator: jsonschema.Draft202012Validator,
) -> None:
    with many_tenants(project, [f"t{number:03}" for number in range(120)]) as some, ExitStack() as stack:

        def start(engine: str) -> Shard:
            variables, shard = ENGINES[engine]
            args = [*UP, "--jobs", "2", "--shard", shard]
            env = {**clean_environment, **some.variables, **variables}
            process = stack.enter_context(start_command(args, some.folder.root, env))
            stack.callback(process.kill)
            return Shard(process)

        shards = {engine: start(engine) for engine in ENGINES}
        twin = start("GitLab")
        [*rest, killed] = shards.values()
        wait_for(lambda: killed.applied > 2, "the shard that is killed", patience=LONG)
        killed.process.kill()
        wait_for(lambda: sum(shard.applied for shard in rest) > 40, "the middle", patience=LONG)
        crash_and_restart(some.server)
        assert killed.finish().returncode == -signal.SIGKILL
        told = {engine: shard.finish() for engine, shard in shards.items() if shard is not killed}
        assert {engine: done for engine, done in told.items() if done.returncode not in (0, 34)} == {}
        runs = [fleet_lines(done, validator) for done in told.values()]
        for index, run in enumerate(runs, 1):
            assert sorted(run.targets) == [name for name in some.names if shard_index(name, SHARDS) == index]
        doubled, doubling = runs[1], fleet_lines(twin.finish(), validator)
        assert sorted(doubling.targets) == sorted(doubled.targets)
        assert not {*doubling.in_state("applied")} & {*doubled.in_state("applied")}

        # Of another list too every database ends whole, with each migration once.
        create(some.server, ["new-1", "new-2"])
        healed = assert_heals(some.with_names([*some.names[2:], "new-1", "new-2"]), run_cli, validator)
        assert {"new-1", "new-2"} <= {*healed.in_state("applied")}
