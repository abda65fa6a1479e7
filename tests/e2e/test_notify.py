"""Who writes tells the notify_command, and who only reads does not."""

import json
import sys
from pathlib import Path

import pytest

from tests.support.cli import RunCli, staging
from tests.support.projects import MakeProject, migration
from tests.support.servers import Database, Server

pytestmark = pytest.mark.integration

# A line for each document.
KEEP = f"{sys.executable} -c \"import sys; open('told', 'a').write(sys.stdin.read())\""


def told(root: Path) -> list[tuple[str, int, list[str]]]:
    """Command, exit code and what was applied of each document that the command got, and forget them."""
    path = root / "told"
    documents = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    path.unlink(missing_ok=True)
    return [(each["command"], each["exit"]["code"], each["applied"]) for each in documents]


def test_a_run_that_wrote_is_told_and_one_that_did_not_is_not(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    files = {"001_a.sql": migration("create table public.a (i int);", "drop table public.a;")}
    folder = project(files, sealed=True, toml=f"notify_command = {json.dumps(KEEP)}\n")
    variables = staging(embedded_database)

    def run(*words: str) -> tuple[int, list[tuple[str, int, list[str]]]]:
        done = run_cli([words[0], "-e", "staging", *words[1:]], folder.root, variables)
        return done.returncode, told(folder.root)

    assert run("plan", "--no-shadow") == (0, [])
    assert run("up", "--dry-run") == (0, [])
    assert run("baseline", "--dry-run")[1] == []
    assert run("up") == (0, [("up", 0, ["001"])])
    assert run("up") == (0, [])
    assert run("status") == (0, [])
    assert run("exec", "--", "status") == (0, [])
    assert run("rollback") == (0, [("rollback", 0, [])])
    assert run("exec", "--", "up") == (0, [("exec", 0, ["001"])])
    assert run("stamp") == (0, [("stamp", 0, [])])
    folder.add("002_b.sql", migration("select 1/0;"))
    folder.seal()
    assert run("up", "--to", "9") == (2, [])
    assert run("up") == (30, [("up", 30, [])])


def test_a_run_over_a_fleet_is_told_once_by_its_last_document(
    project: MakeProject, run_cli: RunCli, embedded: Server
) -> None:
    files = {"001_a.sql": migration("create table public.a (i int);")}
    toml = (
        f"notify_command = {json.dumps(KEEP)}\n[fleets.crm]\nenvironment = 'staging'\ntargets = 'crm.csv'\n"
    )
    folder = project(files, sealed=True, toml=toml)
    with embedded.new_database() as one, embedded.new_database() as other:
        (folder.root / "crm.csv").write_text(f"name,database\na,{one.name}\nb,{other.name}\n")
        ended = []
        for _ in range(2):
            done = run_cli(["fleet", "up"], folder.root, staging(one))
            ended.append((done.returncode, told(folder.root)))
        assert ended == [(0, [("fleet up", 0, [])]), (0, [])]


def test_the_command_of_a_branch_is_not_run_and_the_run_ends_as_it_has(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    files = {"001_a.sql": migration("create table public.a (i int);")}
    folder = project(files, sealed=True, toml=f"notify_command = {json.dumps(KEEP)}\n")
    variables = {**staging(embedded_database), "DBMATE_WRAP_BRANCH": "untrusted"}
    done = run_cli(["up", "-e", "staging"], folder.root, variables)
    assert done.returncode == 0, done.stderr
    assert (
        "warning: the notify_command of staging was not run: dbmate-wrap.toml: notify_command:" in done.stderr
    )
    assert "not used in the checkout of a pull request (DBMATE_WRAP_BRANCH is set)" in done.stderr
    assert told(folder.root) == []
