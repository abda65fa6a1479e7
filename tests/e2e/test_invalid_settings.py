"""Settings that are wrong: 10, the place, the remedy, and nothing is done."""

import time
from collections.abc import Mapping

import pytest

from tests.support.cli import TWO, RunCli, assert_refused, staging, started, tables, wait_for
from tests.support.projects import MakeProject
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

SECRET = "s3cr3t-Wachtwoord"
COMMAND = "[environments.staging]\nurl_command = '''{}'''\n"


def test_an_unknown_environment_is_told_with_the_nearest_name(project: MakeProject, run_cli: RunCli) -> None:
    done = run_cli(["up", "-e", "stagng"], project(TWO, sealed=True).root)
    assert_refused(done, 10, "stagng is not an environment", "did you mean staging")


def test_an_environment_without_url_says_where_to_write_it(project: MakeProject, run_cli: RunCli) -> None:
    done = run_cli(["up", "-e", "production", "--yes"], project(TWO, sealed=True).root)
    assert_refused(done, 10, "production: has no database URL", "set PRODUCTION_DATABASE_URL")


def test_a_bare_url_is_not_used_for_another_environment(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    bare = {"DATABASE_URL": embedded_database.url}
    done = run_cli(["up", "-e", "staging"], project(TWO, sealed=True).root, bare)
    assert_refused(done, 10, "belongs to the default environment dev", "set STAGING_DATABASE_URL")
    assert tables(embedded_database) == []


@pytest.mark.parametrize(
    ("toml", "cause", "remedy"),
    [
        ("lock_timeout = [\n", "dbmate-wrap.toml line 2, at its end: is not valid TOML", "."),
        ('lock_timout = "5s"\n', "lock_timout: is not a setting", "did you mean lock_timeout"),
        ("[environments.staging]\nlock_timeout = 5\n", "environments.staging.lock_timeout: must be", "."),
        (f'database_url = "postgres://u:{SECRET}@h/d"\n', "database_url: is a secret", "STAGING|<NAME>_"),
    ],
    ids=["no-toml", "misspelt", "no-duration", "secret"],
)
def test_bad_toml_names_file_and_key(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, toml: str, cause: str, remedy: str
) -> None:
    folder = project(TWO, sealed=True, toml=toml)
    done = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    if remedy == ".":
        assert done.returncode == 10
        assert cause in done.stderr
    else:
        assert_refused(done, 10, cause, remedy)
    assert SECRET not in done.stdout + done.stderr
    assert tables(embedded_database) == []


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (
            f'STAGING_DATABASE_URL="postgres://u:{SECRET}@h/d\n'.encode(),
            r"\.env line 1: is not an assignment",
        ),
        (f"A=1\nSTAGING_DATABASE_URL=postgres://u:{SECRET}\0@h/d\n".encode(), r"\.env line 2: has a NUL"),
        (
            f"# caf\xe9\nSTAGING_DATABASE_URL=postgres://u:{SECRET}@h/d\n".encode("latin-1"),
            "line 1: is not UTF-8",
        ),
    ],
    ids=["open-quote", "nul", "latin-1"],
)
def test_a_bad_env_file_is_told_with_its_line(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, content: bytes, cause: str
) -> None:
    folder = project(TWO, sealed=True)
    (folder.root / ".env").write_bytes(content)
    done = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    assert_refused(done, 10, cause, "save it as UTF-8|close quotes")
    assert SECRET not in done.stdout + done.stderr
    assert tables(embedded_database) == []


@pytest.mark.parametrize(
    ("command", "cause"),
    [
        ("sh secret.sh 'no login' 3", "failed with exit code 3: no login"),
        ("sh secret.sh", "printed 2 lines, and a URL is one"),
        ("true", "printed nothing"),
        ("no-such-secret-manager get", "cannot be started: No such file"),
    ],
    ids=["fails", "two-lines", "nothing", "missing"],
)
def test_a_secret_command_that_does_not_answer_is_told_without_what_it_printed(
    project: MakeProject, run_cli: RunCli, command: str, cause: str
) -> None:
    folder = project(TWO, sealed=True, toml=COMMAND.format(command))
    script = f"echo postgres://u:{SECRET}@h/d; echo {SECRET}; echo $1 >&2; exit ${{2:-0}}\n"
    (folder.root / "secret.sh").write_text(script)
    done = run_cli(["up", "-e", "staging"], folder.root)
    assert_refused(done, 10, f"the url_command of staging {cause}", "run it by hand; it must print one line")
    assert SECRET not in done.stdout + done.stderr


def test_a_secret_command_that_hangs_is_ended_with_the_run(
    project: MakeProject, clean_environment: Mapping[str, str]
) -> None:
    # Its own limit of 30 s is tested with a shorter one in tests/unit.
    folder = project(TWO, sealed=True, toml=COMMAND.format("sh -c 'echo $$ > pid; exec sleep 600'"))
    with started(["up", "-e", "staging"], folder.root, clean_environment) as running:
        pid_file = folder.root / "pid"
        wait_for(lambda: pid_file.exists() and pid_file.read_text().strip(), "the command")
        begin = time.monotonic()
        running.signal(2)
        done = running.finish()
    assert done.returncode == 130
    assert time.monotonic() - begin < 30
    assert not is_alive(int(pid_file.read_text()))


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_two_environments_on_one_database_are_refused_whatever_the_spelling(
    project: MakeProject, run_cli: RunCli
) -> None:
    both = {
        "STAGING_DATABASE_URL": f"postgres://u:{SECRET}@localhost:1/crm",
        "PRODUCTION_DATABASE_URL": f"postgresql://v:{SECRET}@127.0.0.1:1/crm",
    }
    done = run_cli(["up", "-e", "staging"], project(TWO, sealed=True).root, both)
    assert_refused(done, 10, "staging is the same database as environment production", "of its own")
    assert SECRET not in done.stdout + done.stderr


def test_all_faults_are_told_at_once(project: MakeProject, run_cli: RunCli) -> None:
    folder = project(TWO, sealed=True, toml='lock_timeout = "soon"\nprotectd = true\n')
    (folder.root / ".env").write_text("DATABASE_URL\n")
    done = run_cli(["status"], folder.root, {"DBMATE_WRAP_NUMBERING": "roman"})
    assert_refused(done, 10, "4 settings are wrong", "did you mean protected")
    for place in (
        "toml: lock_timeout",
        "toml: protectd",
        ".env line 1",
        "DBMATE_WRAP_NUMBERING in the process",
    ):
        assert f"{place}" in done.stderr
