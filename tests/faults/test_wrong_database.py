"""What keeps a run from the wrong database: the question and the stamp; what it must not tell of others."""

import fcntl
import json
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.cli import PATIENCE, TWO, RunCli, applied, assert_refused, staging, tables
from tests.support.dumps import restore
from tests.support.projects import MakeProject, migration
from tests.support.repository import REPOSITORY
from tests.support.servers import Database, Server

pytestmark = pytest.mark.faults

UP = ["up", "-e", "staging"]
UP_PRODUCTION = ["up", "-e", "production", "--yes"]
THIRD = migration("create table public.c (i int);", "drop table public.c;")


def production(database: Database) -> dict[str, str]:
    """The database as the environment `production`."""
    return {"PRODUCTION_DATABASE_URL": database.url}


def on_terminal(args: list[str], cwd: Path, env: Mapping[str, str], answer: bytes) -> tuple[int, str]:
    """The exit code and the text on the terminal, where `answer` is typed at the question."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "dbmate_wrap", *args]
    env = {**env, "PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1"}
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        # A terminal sends its signals to the session that it controls.
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0) and None,
    ) as process:
        os.close(theirs)
        shown, answered = b"", False
        while chunk := _read(ours):
            shown += chunk
            if not answered and b"type its name: " in shown:
                os.write(ours, answer)
                answered = True
        code = process.wait(PATIENCE)
    os.close(ours)
    return code, shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""  # Linux's end of file, once nobody has the other side open.


def schemas(database: Database) -> list[str]:
    """Every schema that somebody made."""
    rows = database.execute(
        "select nspname from pg_namespace where nspname !~ '^pg_|^information_schema$' order by 1"
    )
    return [row[0] for row in rows]


def stamped_as(database: Database) -> str:
    """The environment's name in the database."""
    [(name,)] = database.execute("select environment from dbmate_wrap.stamp")
    assert isinstance(name, str)
    return name


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (b"production\n", 0, "2 migrations applied"),
        (b"prod\n", 20, "not confirmed: nothing was done to production"),
        (b"Production\n", 20, "not confirmed: nothing was done to production"),
        (b"\x04", 20, "not confirmed: nothing was done to production"),
        (b"\x03", 130, "interrupted"),
    ],
    ids=["name", "other", "case", "ctrl-d", "ctrl-c"],
)
def test_a_protected_environment_asks_and_nothing_is_written_before(
    project: MakeProject,
    clean_environment: Mapping[str, str],
    embedded_database: Database,
    answer: bytes,
    code: int,
    said: str,
) -> None:
    folder = project(TWO, sealed=True)
    env = {**clean_environment, **production(embedded_database)}
    ended, shown = on_terminal(["up", "-e", "production"], folder.root, env, answer)
    assert ended == code, shown
    assert said in shown
    assert "Traceback" not in shown
    if code:
        assert schemas(embedded_database) == ["public"]
        assert tables(embedded_database) == []


def test_without_a_terminal_it_is_refused_and_nothing_is_written(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    env = production(embedded_database)
    # What comes through a pipe is no person, whatever it says.
    done = run_cli(["up", "-e", "production"], folder.root, env, stdin="production\n")
    assert_refused(done, 20, "production is protected, and there is no terminal", "plan -e production.*--yes")
    assert schemas(embedded_database) == ["public"]
    assert tables(embedded_database) == []
    done = run_cli(UP_PRODUCTION, folder.root, env)
    assert done.returncode == 0, done.stderr
    assert stamped_as(embedded_database) == "production"


def test_nothing_is_asked_when_nothing_is_pending(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    run_cli(UP_PRODUCTION, folder.root, production(embedded_database))
    done = run_cli(["up", "-e", "production"], folder.root, production(embedded_database))
    assert done.returncode == 0, done.stderr
    assert "nothing is pending" in done.stdout


def test_the_first_up_stamps_and_another_environment_is_refused(
    project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    folder = project(TWO, sealed=True)
    done = run_cli(UP, folder.root, staging(database))
    assert done.returncode == 0, done.stderr
    assert stamped_as(database) == "staging"
    # Also where nothing is pending: a pipeline with a wrong URL must not end green.
    for pending in (False, True):
        if pending:
            folder.add("003_c.sql", THIRD)
            folder.seal()
        for words in (UP_PRODUCTION, ["plan", "-e", "production", "--no-shadow"]):
            refused = run_cli(words, folder.root, production(database))
            said = r"stamped as staging \(by .*\), not as production"
            assert_refused(refused, 20, said, "stamp -e production")
    assert applied(database) == ["001", "002"]
    status = run_cli(["status", "-e", "production"], folder.root, production(database))
    assert status.returncode == 0, status.stderr
    assert "warning: this database is stamped as staging" in status.stderr
    assert run_cli(UP, folder.root, staging(database)).returncode == 0


@pytest.mark.parametrize(
    "words",
    [["drop"], ["--wait", "drop"], ["--wait", "rollback"], ["--no-dump-schema", "migrate"], ["dump"]],
    ids=" ".join,
)
@pytest.mark.parametrize("yes", [[], ["--yes"]], ids=["", "yes"])
def test_exec_writes_nothing_where_another_environment_is_stamped(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, words: list[str], yes: list[str]
) -> None:
    folder = project(TWO, sealed=True)
    run_cli(UP_PRODUCTION, folder.root, production(embedded_database))
    folder.add("003_c.sql", THIRD)
    folder.seal()
    before = sorted(folder.root.rglob("*"))
    refused = run_cli(["exec", "-e", "staging", *yes, "--", *words], folder.root, staging(embedded_database))
    said = r"stamped as production \(by .*\), not as staging"
    assert_refused(refused, 20, said, "stamp -e staging")
    # The database is still there, and as it was.
    assert applied(embedded_database) == ["001", "002"]
    assert sorted(folder.root.rglob("*")) == before


def test_exec_reads_where_another_environment_is_stamped_and_writes_where_its_own_is(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    run_cli(UP_PRODUCTION, folder.root, production(embedded_database))
    for words in (["status"], ["help"], ["--version"]):
        done = run_cli(["exec", "-e", "staging", "--", *words], folder.root, staging(embedded_database))
        assert done.returncode == 0, done.stderr
    words = ["exec", "-e", "production", "--yes", "--", "--no-dump-schema", "rollback"]
    done = run_cli(words, folder.root, production(embedded_database))
    assert done.returncode == 0, done.stderr
    assert applied(embedded_database) == ["001"]


def test_exec_writes_to_no_copy_of_a_protected_database_before_it_is_stamped(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    run_cli(UP_PRODUCTION, folder.root, production(embedded_database))
    words = ["exec", "-e", "staging", "--", "--no-dump-schema", "rollback"]
    with embedded_database.server.new_database() as copy:
        restore(embedded_database, copy)
        refused = run_cli(words, folder.root, staging(copy))
        assert_refused(refused, 20, "stamp of production .*, which is protected", "stamp -e staging")
        assert applied(copy) == ["001", "002"]
        run_cli(["stamp", "-e", "staging"], folder.root, staging(copy))
        done = run_cli(words, folder.root, staging(copy))
        assert done.returncode == 0, done.stderr
        assert applied(copy) == ["001"]


def test_stamp_changes_it_on_purpose(
    project: MakeProject, run_cli: RunCli, clean_environment: Mapping[str, str], embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    run_cli(UP, folder.root, staging(embedded_database))
    env = {**clean_environment, **production(embedded_database)}
    words = ["stamp", "-e", "production"]
    assert_refused(run_cli(words, folder.root, env), 20, "no terminal", "--yes")
    code, shown = on_terminal(words, folder.root, env, b"staging\n")
    assert (code, stamped_as(embedded_database)) == (20, "staging"), shown
    code, shown = on_terminal(words, folder.root, env, b"production\n")
    assert (code, stamped_as(embedded_database)) == (0, "production"), shown
    assert "(it is stamped as staging)" in shown
    assert "stamped as production (it was stamped as staging)" in shown
    folder.add("003_c.sql", THIRD)
    folder.seal()
    assert_refused(
        run_cli(UP, folder.root, staging(embedded_database)), 20, "stamped as production", "stamp -e staging"
    )
    done = run_cli(UP_PRODUCTION, folder.root, env)
    assert done.returncode == 0, done.stderr
    back = run_cli(["stamp", "-e", "staging"], folder.root, staging(embedded_database))
    assert (back.returncode, stamped_as(embedded_database)) == (0, "staging"), back.stderr


@pytest.mark.both_majors
@pytest.mark.parametrize("origin", ["staging", "production"])
def test_a_restored_copy_is_renewed_for_staging_and_said(
    project: MakeProject, run_cli: RunCli, database: Database, embedded: Server, local: Server, origin: str
) -> None:
    """From 18 to 15 and the other way round: another server has another system identifier."""
    folder = project(TWO, sealed=True)
    run_cli(["up", "-e", origin, "--yes"], folder.root, {f"{origin.upper()}_DATABASE_URL": database.url})
    folder.add("003_c.sql", THIRD)
    folder.seal()
    other = local if database.server is embedded else embedded
    with other.new_database() as copy:
        restore(database, copy)
        status = run_cli(["status", "-e", "staging"], folder.root, staging(copy))
        assert status.returncode == 0, status.stderr
        assert (
            f"this database is a copy of one stamped as {origin}; `up` stamps it as staging" in status.stderr
        )
        done = run_cli(UP, folder.root, staging(copy))
        assert done.returncode == 0, done.stderr
        assert f"notice: this database is a copy of one stamped as {origin}" in done.stderr
        assert (stamped_as(copy), applied(copy)) == ("staging", ["001", "002", "003"])
        again = run_cli(["status", "-e", "staging"], folder.root, staging(copy))
        assert "copy" not in again.stderr
    # The original knows nothing of it.
    assert (stamped_as(database), applied(database)) == (origin, ["001", "002"])


def test_a_restored_copy_is_refused_where_protected(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    run_cli(UP_PRODUCTION, folder.root, production(embedded_database))
    folder.add("003_c.sql", THIRD)
    folder.seal()
    with embedded_database.server.new_database() as copy:
        restore(embedded_database, copy)
        refused = run_cli(UP_PRODUCTION, folder.root, production(copy))
        assert_refused(
            refused, 20, "not the one that was stamped as production.*restored", "stamp -e production"
        )
        status = run_cli(["status", "-e", "production"], folder.root, production(copy))
        assert status.returncode == 0, status.stderr
        assert "warning: this database is not the one that was stamped as production" in status.stderr
        assert applied(copy) == ["001", "002"]
        run_cli(["stamp", "-e", "production", "--yes"], folder.root, production(copy))
        done = run_cli(UP_PRODUCTION, folder.root, production(copy))
        assert done.returncode == 0, done.stderr
        assert applied(copy) == ["001", "002", "003"]


def test_without_a_ledger_nothing_of_ours_is_in_the_database(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True, toml="ledger = false\n")
    env = staging(embedded_database)
    done = run_cli(UP, folder.root, env)
    assert done.returncode == 0, done.stderr
    assert run_cli(["rollback", "-e", "staging"], folder.root, env).returncode == 0
    assert schemas(embedded_database) == ["public"]
    assert applied(embedded_database) == ["001"]
    for words in (["stamp", "-e", "staging"], ["history", "-e", "staging"]):
        assert_refused(run_cli(words, folder.root, env), 10, "keeps no ledger", "ledger = true")
    # No stamp, no refusal: that is what was chosen.
    done = run_cli(UP_PRODUCTION, folder.root, production(embedded_database))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("wanted", ["text", "json"])
def test_the_queries_of_others_are_told_masked_and_short(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, wanted: str
) -> None:
    folder = project(
        {"001_a.sql": migration("alter table public.t add column j int;")},
        sealed=True,
        toml='lock_timeout = "2500ms"\nlock_retries = 0\n',
    )
    embedded_database.execute(
        "create table public.t (card text, note text, columns_that_stand text);"
        "alter table public.t add a_name_that_is_rather_long text, add far_behind text;"
        "create table public.schema_migrations (version varchar primary key)"
    )
    secrets = ("4111-1111", "hunter2", "Tr0ub4dor", "far_behind")
    query = (
        "/* hunter2 */ insert into public.t (card, note, columns_that_stand, a_name_that_is_rather_long,"
        " far_behind) select '4111-1111', 'hunter2', $$hunter2$$, E'Tr0ub4dor', null"
        " where '4111-1111' <> 'far_behind'"
    )
    with embedded_database.connect() as other, other.transaction():
        other.execute(query.encode())
        done = run_cli([*UP, "-v", "--format", wanted], folder.root, staging(embedded_database))
    assert done.returncode == 24, done.stderr
    assert "insert into public.t (card, note, columns_that_stand" in done.stderr
    written = json.dumps([str(row) for row in _everything_written(embedded_database)])
    for secret in secrets:
        assert secret not in done.stdout + done.stderr + written


def _everything_written(database: Database) -> list[object]:
    names = [
        row[0] for row in database.execute("select tablename from pg_tables where schemaname = 'dbmate_wrap'")
    ]
    assert names
    return [row for name in names for row in database.execute(f'select * from dbmate_wrap."{name}"')]
