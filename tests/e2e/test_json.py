"""`--format json`: one document on stdout, valid, with the exit code of the process, whatever happens."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import TWO, CliResult, Document, RunCli, RunJson, staging
from tests.support.projects import MakeProject, migration
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

COMMANDS = {
    "up": ["up"],
    "up --dry-run": ["up", "--dry-run"],
    "plan": ["plan"],
    "status": ["status"],
    "status --all": ["status", "--all"],
    "wait": ["wait"],
    "new": ["new", "add_orders"],
    "init": ["init"],
    "check": ["check"],
    "seal": ["seal"],
    "amend": ["amend", "002_b.sql", "--because", "it failed"],
    "renumber": ["renumber", "002_b.sql"],
    "snapshot": ["snapshot"],
    "baseline": ["baseline"],
    "drift": ["drift"],
    "rollback": ["rollback"],
    "dump": ["dump"],
    "diagram": ["diagram", "--live"],
    "doctor": ["doctor"],
    "envs": ["envs"],
    "fleet list": ["fleet", "list"],
    "exec": ["exec"],
    "db start": ["db", "start"],
    "db stop": ["db", "stop"],
    "db url": ["db", "url"],
    "db reset": ["db", "reset"],
}
KEYS = ["format_version", "command", "environment", "target", "run_id", "started_at", "duration_ms", "exit"]
KEYS += ["error", "checks", "migrations", "applied", "findings"]


def test_the_whole_way_in_documents(
    project: MakeProject, run_json: RunJson, embedded_database: Database
) -> None:
    folder = project(TWO)
    env = staging(embedded_database)

    def run(*args: str) -> Document:
        document = run_json([*args, "-e", "staging"], folder.root, env)
        assert list(document)[: len(KEYS)] == KEYS
        assert document["command"] == args[0]
        assert document["environment"] == "staging"
        return document

    assert [row["state"] for row in rows(run("check"), "findings", "migrations")] == []
    assert [row["state"] for row in rows(run("seal"), "migrations")] == ["sealed", "sealed"]
    assert [row["version"] for row in rows(run("plan"), "steps")] == ["001", "002"]
    assert run("up")["applied"] == ["001", "002"]
    target = run("status")["target"]
    assert isinstance(target, dict)
    assert target["database"] == embedded_database.name
    assert target["server_version"].startswith("18.")
    assert run("dump")["changed"] is True
    assert run("dump")["changed"] is False
    assert [row["state"] for row in rows(run("rollback"), "migrations")] == ["applied", "pending"]
    assert [row["status"] for row in rows(run("doctor"), "checks")].count("fail") == 0
    assert run("new", "more")["path"] == "db/migrations/003_more.sql"
    assert rows(run("envs"), "environments")[2]["name"] == "staging"


def rows(document: Document, *keys: str) -> list[dict[str, object]]:
    """The last of the keys; the others only have to be lists."""
    for key in keys:
        assert isinstance(document[key], list)
    found = document[keys[-1]]
    assert isinstance(found, list)
    return found


def test_exec_and_the_matrix_in_documents(
    project: MakeProject,
    run_cli: RunCli,
    judged: Callable[[CliResult], Document],
    embedded_database: Database,
) -> None:
    folder = project(TWO, sealed=True)
    env = {**staging(embedded_database), "DEV_DATABASE_URL": "postgres://u@127.0.0.1:1/d"}
    ran = judged(
        run_cli(
            ["exec", "-e", "staging", "--format", "json", "--", "status", "--exit-code"], folder.root, env
        )
    )
    assert ran["exit"] == {"code": 32, "name": "pending"}
    assert "[ ] 001_a.sql" in str(ran["stdout"])
    failed = judged(
        run_cli(["exec", "-e", "staging", "--format", "json", "--", "rollback"], folder.root, env)
    )
    assert failed["exit"] == {"code": 30, "name": "failed"}
    matrix = judged(run_cli(["status", "--all", "--format", "json"], folder.root, env))
    assert matrix["exit"] == {"code": 21, "name": "unreachable"}
    pending = judged(
        run_cli(["status", "-e", "staging", "--exit-code", "--format", "json"], folder.root, env)
    )
    assert pending["exit"] == {"code": 32, "name": "pending"}


@pytest.mark.parametrize("command", COMMANDS)
def test_settings_that_are_wrong_give_a_document_too(
    project: MakeProject, run_cli: RunCli, judged: Callable[[CliResult], Document], command: str
) -> None:
    folder = project(TWO, sealed=True, toml='lock_timeout = "soon"\nnonsense = 1\n')
    args = [*COMMANDS[command], "--format", "json"] + (["--", "status"] if command == "exec" else [])
    document = judged(run_cli(args, folder.root))
    assert document["exit"] == {"code": 10, "name": "config"}
    error = document["error"]
    assert isinstance(error, dict)
    assert len(error["faults"]) == 2
    assert document["command"] == command.removesuffix(" --all").replace("up --dry-run", "plan")


@pytest.mark.parametrize(
    ("args", "command"),
    [
        (["--format", "json", "status", "--frob"], "status"),
        (["db", "frob", "--format", "json"], "db"),
        (["frob", "--format=json"], ""),
        (["status", "postgres://u:s3cr3t-pw@127.0.0.1:1/d", "--format", "json"], "status"),
    ],
)
def test_a_wrong_command_line_gives_a_document_too(
    project: MakeProject,
    run_cli: RunCli,
    judged: Callable[[CliResult], Document],
    args: list[str],
    command: str,
) -> None:
    done = run_cli(args, project(TWO).root)
    document = judged(done)
    assert document["exit"] == {"code": 2, "name": "usage"}
    assert document["command"] == command
    assert "s3cr3t" not in done.stdout + done.stderr


def test_a_password_that_a_verb_would_repeat_is_masked(project: MakeProject, run_cli: RunCli) -> None:
    url = "postgres://u:s3cr3t-pw@127.0.0.1:1/d"
    folder = project(TWO, sealed=True)
    for args in (["up", "--to", url], ["-e", url, "status"], ["check", "--no-shadow", "--base", url]):
        done = run_cli(args, folder.root, {"DEV_DATABASE_URL": "postgres://u@127.0.0.1:1/d"})
        assert done.returncode != 0
        assert "s3cr3t" not in done.stdout + done.stderr


def test_the_common_options_stand_before_the_command_as_well(
    project: MakeProject, run_json: RunJson, embedded_database: Database, tmp_path: Path
) -> None:
    folder = project(TWO, sealed=True)
    before = ["-e", "staging", "-C", str(folder.root), "status"]
    document = run_json(before, tmp_path, staging(embedded_database))
    assert document["environment"] == "staging"
    assert [row["state"] for row in rows(document, "migrations")] == ["pending", "pending"]
    assert run_json(["-e", "production", "envs", "-e", "staging"], folder.root)["environment"] == "staging"


FAILURES = {
    "policy": (12, {"001_a.sql": "select 1;"}),
    "failed": (30, {"001_a.sql": migration("select 1/0;")}),
    "partial": (31, {"001_a.sql": migration("vacuum public.nosuch;", options="transaction:false")}),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failed_up_gives_a_document_with_the_error(
    project: MakeProject, run_json: RunJson, embedded_database: Database, name: str
) -> None:
    code, files = FAILURES[name]
    document = run_json(["up", "-e", "staging"], project(files, sealed=True).root, staging(embedded_database))
    ended = document["exit"]
    assert isinstance(ended, dict)
    assert ended["code"] == code
    assert document["applied"] == []
    error = document["error"]
    assert isinstance(error, dict)
    assert error["message"]
    assert error["hint"]
    if code >= 30:
        assert (error["migration"], error["line"] is not None) == ("001_a.sql", code == 30) or error[
            "sqlstate"
        ]


def test_verbose_and_quiet_change_nothing_on_stdout(
    project: MakeProject,
    run_cli: RunCli,
    judged: Callable[[CliResult], Document],
    embedded_database: Database,
) -> None:
    folder = project(TWO)
    env = staging(embedded_database)
    for option in ("-v", "-q"):
        done = run_cli(["status", "-e", "staging", "--format", "json", option], folder.root, env)
        document = judged(done)
        assert len(rows(document, "findings")) == 2
        if option == "-q":
            assert done.stderr == ""


def test_a_document_is_ascii_safe_where_stdout_is(
    project: MakeProject,
    run_cli: RunCli,
    judged: Callable[[CliResult], Document],
    embedded_database: Database,
) -> None:
    folder = project({"001_a.sql": migration("select 'é→'::int;")}, sealed=True)
    env = {**staging(embedded_database), "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    done = run_cli(["up", "-e", "staging", "--format", "json"], folder.root, env)
    error = judged(done)["error"]
    assert isinstance(error, dict)
    assert "é→" in error["message"]
