"""`fleet` as a person and a pipeline see it: many databases, each of which may be in a state of its own."""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import jsonschema
import pytest

from dbmate_wrap.postgres.advisory_lock import KEY
from tests.support.cli import (
    CliResult,
    RunCli,
    assert_presentable,
    assert_refused,
    wait_for,
    waiting_for_locks,
)
from tests.support.leaks import assert_no_file_has_it, assert_silent, watching
from tests.support.projects import MakeProject, migration
from tests.support.scenarios import assert_quiet, launch
from tests.support.servers import Database, Server, TcpServer
from tests.support.tenants import HISTORY, FleetLines, MakeTenants, Tenants, fleet_lines, held, make_tenants
from tests.support.terminals import press_interrupt, screen_of

pytestmark = pytest.mark.e2e

# What blocks is told soon.
IMPATIENT = """
[environments.staging]
lock_timeout = "100ms"
lock_retries = 0
advisory_lock_wait = "0s"
"""


@pytest.fixture
def tenants(project: MakeProject, embedded: Server) -> Iterator[MakeTenants]:
    """Makes databases and the project of their fleet: `tenants(["a", "b"], toml="...")`."""
    with ExitStack() as made:
        yield lambda names, **more: made.enter_context(make_tenants(embedded, project, names, **more))


@pytest.fixture
def fleet(
    run_cli: RunCli, validator: jsonschema.Draft202012Validator
) -> Callable[[Tenants, Sequence[str]], FleetLines]:
    """Runs a `fleet` command with `--format json`."""

    def run(found: Tenants, args: Sequence[str]) -> FleetLines:
        command = ["fleet", *args, "--format", "json"]
        return fleet_lines(run_cli(command, found.folder.root, found.variables), validator)

    return run


RunFleet = Callable[[Tenants, Sequence[str]], FleetLines]


def exit_code(lines: FleetLines) -> int:
    ended = lines.last["exit"]
    assert isinstance(ended, dict)
    return int(ended["code"])


@contextmanager
def busy(database: Database) -> Iterator[None]:
    """Another run is at work."""
    with database.connect() as other:
        other.execute("select pg_advisory_lock(%s)", [KEY])
        yield


def first_of_groups(text: str) -> dict[str, str]:
    """From the exit code of each group of failures to the name of its first target."""
    groups = re.findall(r"^\d+ databases?: (exit \d+) .*\n((?:  .+\n)+)", text, re.MULTILINE)
    return {code: re.findall(r"[\w-]+", lines)[0] for code, lines in groups}


def one_alone(text: str) -> dict[str, str]:
    """From the name of the first target of each group to the command for it alone."""
    commands = re.findall(r"^  one alone: (.+)$", text, re.MULTILINE)
    return {shlex.split(command)[-1]: command for command in commands}


GOOD = ["fine-1", "fine-2"]
BAD = ["again", "blocked", "busy", "foreign", "gone", "read-only", "stamped", "taken"]
# The exit code of each, and the first target of its group.
FIRST = {
    "exit 30": "again",
    "exit 13": "foreign",
    "exit 20": "stamped",
    "exit 21": "gone",
    "exit 22": "read-only",
    "exit 23": "busy",
    "exit 24": "blocked",
}


def put_out_of_order(some: Tenants, run_cli: RunCli) -> None:
    """Let each of BAD have something wrong that lasts."""
    for name in ("again", "taken"):
        some[name].execute("create table public.b ()")
    some["foreign"].execute("insert into public.schema_migrations values ('999')")
    some.server.execute("drop database gone")
    some.server.execute('alter database "read-only" set default_transaction_read_only = on')
    env = {"PRODUCTION_DATABASE_URL": some["stamped"].url}
    stamp = run_cli(["stamp", "-e", "production", "--yes"], some.folder.root, env)
    assert stamp.returncode == 0, stamp


def mend(some: Tenants) -> None:
    """Do what waiting cannot."""
    for name in ("again", "taken"):
        some[name].execute("drop table public.b")
    some["foreign"].execute("delete from public.schema_migrations where version = '999'")
    some.server.execute('alter database "read-only" reset default_transaction_read_only')
    some["stamped"].execute("drop schema dbmate_wrap cascade")


def test_each_failure_is_named_with_its_cause_and_a_later_run_does_what_is_left(
    tenants: MakeTenants, run_cli: RunCli, fleet: RunFleet
) -> None:
    some = tenants([*GOOD, *BAD], toml=IMPATIENT)
    put_out_of_order(some, run_cli)

    def run(*args: str) -> CliResult:
        done = run_cli(args, some.folder.root, some.variables)
        assert_presentable(done)
        return done

    looked = run("fleet", "status")
    assert looked.returncode == 35, looked
    assert re.search(r"^001 +001_a\.sql +8$", looked.stdout, re.MULTILINE), looked.stdout
    assert "7 pending, 3 failed" in looked.stdout
    with held(some["blocked"]), busy(some["busy"]):
        done = run("fleet", "up")
        assert done.returncode == 35, done
        assert "  7 to migrate, 0 with nothing to apply, 3 failed" in done.stderr.splitlines()
        assert "taken: failed (30), 002_b.sql: " in done.stderr
        assert "error: 8 of 10 databases failed\n" in done.stderr
        assert first_of_groups(done.stdout) == FIRST
        assert "  again, taken\n" in done.stdout
        assert '  again: db/migrations/002_b.sql: relation "b" already exists\n' in done.stdout
        assert "  hint: its transaction was rolled back: mend what is in its way here; or" in done.stdout
        assert "2 of 7 databases migrated" in done.stdout
        some.assert_whole(GOOD)
        assert all("002" not in found for found in some.versions(BAD).values())

        # One of them by the command that was printed for it, and then all.
        mend(some)
        commands = one_alone(done.stdout)
        assert sorted(commands) == sorted(FIRST.values())
        alone = run(*shlex.split(commands["again"])[1:])
        assert alone.returncode == 0, alone
        lines = fleet(some, ["up"])
        assert exit_code(lines) == 34
        failed = {name: code for name, code in lines.codes().items() if code}
        assert failed == {"blocked": 24, "busy": 23, "gone": 21}
        assert lines.in_state("up to date") == ["again", *GOOD]
        assert lines.in_state("applied") == ["foreign", "read-only", "stamped", "taken"]
    some = some.with_names(name for name in some.names if name != "gone")
    assert run("fleet", "up").returncode == 0
    repeated = run("fleet", "up")
    assert repeated.returncode == 0
    assert "9 up to date" in repeated.stdout
    assert "nothing was applied" in repeated.stdout
    some.assert_whole()


def test_canaries_go_first_and_what_fails_stops_the_rest(tenants: MakeTenants, fleet: RunFleet) -> None:
    some = tenants(["bird", "canary", "r1", "r2", "r3"])
    wave = {"wave": "canary"}
    some.write_list(bird={"labels": wave}, canary={"labels": wave})
    some["canary"].execute("create table public.b ()")
    one_by_one = ["--jobs", "1"]

    stopped = fleet(some, ["up", *one_by_one])
    assert exit_code(stopped) == 35
    assert stopped.in_state("applied") == ["bird"]
    assert stopped.in_state("failed") == ["canary"]
    assert stopped.fleet["not_begun"] == ["r1", "r2", "r3"]
    assert stopped.fleet["stopped"] == "the canary canary failed: nothing was begun after the canaries"

    some["canary"].execute("drop table public.b")
    first = fleet(some, ["up", "--wave", "canary"])
    assert exit_code(first) == 0
    assert first.states() == {"bird": "up to date", "canary": "applied"}

    for name in ("r1", "r2", "r3"):
        some[name].execute("create table public.b ()")
    limited = fleet(some, ["up", *one_by_one, "--max-failures", "1"])
    assert exit_code(limited) == 35
    assert limited.in_state("failed") == ["r1", "r2"]
    assert limited.fleet["not_begun"] == ["r3"]
    # Canaries that were migrated before are no reason to go on with what is broken.
    blamed = fleet(some, ["up"])
    assert blamed.in_state("failed") == ["r1", "r2", "r3"]
    assert some.versions(["r3"]) == {"r3": ["001"]}


def test_three_that_fail_alike_blame_the_migration_and_stop_the_run(
    tenants: MakeTenants, fleet: RunFleet
) -> None:
    some = tenants(
        [f"t{number}" for number in range(5)],
        files={**HISTORY, "002_b.sql": migration("create table public.a ();", "drop table public.a;")},
    )
    stopped = fleet(some, ["up", "--jobs", "1"])
    assert exit_code(stopped) == 35
    assert stopped.in_state("failed") == ["t0", "t1", "t2"]
    assert stopped.fleet["not_begun"] == ["t3", "t4"]
    assert "failed alike, in 002_b.sql with 42P07" in str(stopped.fleet["stopped"])
    assert set(map(tuple, some.versions().values())) == {("001",)}


def test_a_target_that_takes_too_long_is_ended_alone(tenants: MakeTenants, run_cli: RunCli) -> None:
    some = tenants(["a", "b", "slow"])
    some["slow"].execute("insert into public.pause values (60)")
    # One after the other, so that none is slow because of the others.
    command = ["fleet", "up", "--jobs", "1", "--target-deadline", "3s", "--verbose"]
    done = run_cli(command, some.folder.root, some.variables)
    assert done.returncode == 34, done
    some.assert_whole(["a", "b"])
    assert some.versions(["slow"]) == {"slow": ["001"]}
    assert "1 database: exit 143 (terminated)\n" in done.stdout
    assert "slow: it took longer than --target-deadline, 3 s: " in done.stdout
    # What is said about a target begins with its name.
    said = [line for line in done.stderr.splitlines() if "applied 002_b.sql in " in line]
    assert sorted(line.partition(" in ")[0] for line in said) == [
        "a: applied 002_b.sql",
        "b: applied 002_b.sql",
    ]
    assert "slow: applying 002_b.sql" in done.stderr.splitlines()

    some["slow"].execute("delete from public.pause")
    healed = run_cli(["fleet", "up", "--quiet"], some.folder.root, some.variables)
    assert healed.returncode == 0
    assert healed.stderr == ""
    assert "1 applied, 2 up to date" in healed.stdout
    some.assert_whole()


def test_ctrl_c_on_a_terminal_ends_every_target_and_leaves_nothing_of_the_progress(
    tenants: MakeTenants, clean_environment: Mapping[str, str]
) -> None:
    some = tenants(
        ["done", "held-1", "held-2", "late"], toml='[environments.staging]\nlock_timeout = "600s"\n'
    )
    waiting = [some["held-1"], some["held-2"]]
    env = {**clean_environment, **some.variables, "TERM": "xterm", "NO_COLOR": "1"}
    with held(*waiting):
        code, shown = press_interrupt(
            ["fleet", "up", "--jobs", "2"],
            some.folder.root,
            env,
            lambda: wait_for(lambda: all(map(waiting_for_locks, waiting)), "the migrations to wait"),
        )
    assert code == 130, shown
    in_place = re.findall(r"\d+ done, \d+ running, \d+ failed, \d+ waiting[^\r\n\x1b]*(?=\r\x1b)", shown)
    assert any(line.startswith("1 done, 2 running, 0 failed, 1 waiting") for line in in_place), shown
    # The terminal itself writes ^C there.
    assert all(len(line.removesuffix("^C")) < 80 for line in in_place), in_place
    screen = screen_of(shown)
    assert [line for line in screen if "running" in line] == []
    assert [line for line in screen if line.startswith("the run was interrupted: no further ")]
    assert "1 applied, 2 failed, 1 not begun" in screen
    assert "  late" in screen
    assert screen[-2] == "  exit: 130 (interrupted)"
    assert some.versions(["done", "held-1", "late"]) == {
        "done": ["001", "002"],
        "held-1": ["001"],
        "late": ["001"],
    }


def test_a_reader_that_goes_away_keeps_no_target_from_being_migrated(
    tenants: MakeTenants, clean_environment: Mapping[str, str]
) -> None:
    some = tenants([f"t{number}" for number in range(4)], toml="[environments.staging]\ndump_schema = true\n")
    pipe = "dbmate-wrap fleet up --jobs 1 --format json | head -n 1"
    env = {**clean_environment, **some.variables}
    with launch(["bash", "-c", f"set -o pipefail; {pipe}"], some.folder.root, env) as shell:
        stdout, stderr = shell.communicate()
    done = CliResult(shell.returncode, stdout, stderr)
    assert_quiet(done)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1
    some.assert_whole()
    # One file cannot tell of many databases.
    assert not (some.folder.root / "db" / "schema.sql").exists()


def test_two_names_for_one_database_are_refused_before_anything_is_done(
    tenants: MakeTenants, run_cli: RunCli
) -> None:
    some = tenants(["a", "b", "c"])
    some.write_list(b={"database": "a"})
    for command in (["fleet", "list"], ["fleet", "up"]):
        done = run_cli(command, some.folder.root, some.variables)
        assert_refused(done, 10, r"tenants\.jsonl line 2: .*b is the same database as a", "of its own")
    assert set(map(tuple, some.versions().values())) == {("001",)}


def test_a_protected_fleet_needs_consent_and_its_password_is_nowhere(
    project: MakeProject, tcp_server: TcpServer, run_cli: RunCli
) -> None:
    names = ["a", "b", "broken"]
    fleet = '[fleets.all]\ntargets = "tenants.jsonl"\n'
    with make_tenants(tcp_server, project, names, toml=fleet) as some:
        for name in names:
            some[name].execute(f"alter database {name} owner to {tcp_server.role}")
            for table in ("a", "gate", "pause", "schema_migrations"):
                some[name].execute(f"alter table public.{table} owner to {tcp_server.role}")
            some[name].execute(f"grant create on schema public to {tcp_server.role}")
        some["broken"].execute("create table public.b ()")
        some["a"].execute("insert into public.pause values (1)")  # Long enough to be looked at.
        url = tcp_server.tcp_url("postgres", user=tcp_server.role)
        env = {"PRODUCTION_DATABASE_URL": url}
        root = some.folder.root
        up = ["fleet", "up", "all"]
        refused = run_cli(up, root, env)
        assert_refused(refused, 20, "production is protected, and there is no terminal", "fleet status")
        nothing = "select to_regclass('dbmate_wrap.ledger')"
        assert [some[name].execute(nothing) for name in names] == [[(None,)]] * 3
        with watching() as watch:
            done = [
                run_cli(["fleet", "list", "all"], root, env),
                run_cli([*up, "--yes", "-v", "--format", "json", "--junit", str(root / "r.xml")], root, env),
                run_cli([*up, "--yes", "-v"], root, env),
            ]
        some.assert_whole(["a", "b"])
    assert [each.returncode for each in done] == [0, 35, 35]
    for each in [refused, *done]:
        assert_silent(each)
    assert_no_file_has_it(root)
    assert b"dbmate" in watch.programs
    assert watch.leaks == []
