"""Two branches took one number: the one that is not merged yet gets the next, in development too."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from tests.support.cli import RunCli, RunJson, applied, assert_refused, staging, tables
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.repository_clones import git
from tests.support.servers import Database, Server

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
]


def table(name: str) -> str:
    return migration(f"create table public.{name} (i int);", f"drop table public.{name};")


def commit(folder: ProjectFolder, **files: str) -> None:
    for name, text in files.items():
        folder.add(f"{name.lstrip('n')}.sql", text)
    folder.seal()
    git(folder.root, "add", "db")
    git(folder.root, "commit", "-qm", "a change")


@contextmanager
def two_branches(project: MakeProject) -> Iterator[ProjectFolder]:
    """A branch with 002_mine and 003_more, while origin/main has got 002_theirs; both are committed."""
    folder = project({"001_a.sql": table("a")}, toml="dump_schema = false\n")
    git(folder.root, "init", "-q", "-b", "main")
    git(folder.root, "remote", "add", "origin", "nowhere")
    commit(folder)
    git(folder.root, "switch", "-qc", "mine")
    commit(folder, n002_mine=table("m"), n003_more=table("n"))
    yield folder
    git(folder.root, "switch", "-q", "main")
    commit(folder, n002_theirs=table("t"))
    git(folder.root, "update-ref", "refs/remotes/origin/main", "main")
    git(folder.root, "switch", "-q", "mine")
    with pytest.raises(AssertionError):
        git(folder.root, "merge", "-q", "origin/main")


def test_what_ran_in_development_is_rolled_back_and_runs_again_under_its_new_number(
    project: MakeProject, run_cli: RunCli, run_json: RunJson, embedded_database: Database
) -> None:
    env: Mapping[str, str] = {"DEV_DATABASE_URL": embedded_database.url}
    with two_branches(project) as folder:
        assert run_cli(["up"], folder.root, env).returncode == 0
        embedded_database.execute("insert into public.a values (7)")
    assert applied(embedded_database) == ["001", "002", "003"]
    document = run_json(["renumber", "db/migrations/002_mine.sql"], folder.root, env)
    assert document["renumbered"] == [
        {"former": "002_mine.sql", "file": "003_mine.sql"},
        {"former": "003_more.sql", "file": "004_more.sql"},
    ]
    assert document["rolled_back"] == ["003_more.sql", "002_mine.sql"]
    assert tables(embedded_database) == ["a", "schema_migrations"]
    done = run_cli(["up"], folder.root, env)
    assert done.returncode == 0, done.stderr
    assert tables(embedded_database) == ["a", "m", "n", "schema_migrations", "t"]
    assert embedded_database.execute("select i from public.a") == [(7,)]
    checked = run_cli(["check", "--no-shadow"], folder.root)
    assert checked.returncode == 0, checked.stderr
    again = run_cli(["renumber", "002_mine.sql"], folder.root, env)
    assert (again.returncode, again.stdout) == (0, "nothing to renumber: 003_mine.sql has the next number\n")


def test_what_staging_has_applied_keeps_its_number_and_what_it_has_of_others_does_not_count(
    project: MakeProject, run_cli: RunCli, embedded: Server, embedded_database: Database
) -> None:
    with embedded.new_database() as shared:
        env = {"DEV_DATABASE_URL": embedded_database.url, **staging(shared)}
        with two_branches(project) as folder:
            assert run_cli(["up", "-e", "staging"], folder.root, env).returncode == 0
        before = folder.lockfile.read_bytes(), sorted(os.listdir(folder.migrations))
        refused = run_cli(["renumber", "002_mine.sql"], folder.root, env)
        assert_refused(refused, 20, "002_mine.sql is applied in staging: it keeps its number", "status -e")
        assert (folder.lockfile.read_bytes(), sorted(os.listdir(folder.migrations))) == before
        # As if staging had got it from main.
        shared.execute(
            "update dbmate_wrap.ledger set file = '002_theirs.sql', checksum = repeat('0', 64)"
            " where version = '002'"
        )
        shared.execute("delete from public.schema_migrations where version = '003'")
        shared.execute("delete from dbmate_wrap.ledger where version = '003'")
        # Its own database does not speak for those of its fleet.
        toml = folder.root / "dbmate-wrap.toml"
        toml.write_text(f"{toml.read_text()}[fleets.crm]\nenvironment = 'staging'\ntargets = 'targets.csv'\n")
        done = run_cli(["renumber", "002_mine.sql"], folder.root, env)
        assert done.returncode == 0, done.stderr
        assert re.search("staging.* could not be asked whether 002_mine.sql", done.stderr)
    assert "003_mine.sql" in os.listdir(folder.migrations)
