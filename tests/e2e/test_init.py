"""`init` in repositories of others: what it writes works, nothing is overwritten, and it can be run again."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dbmate_wrap.cluster import server as cluster
from tests.support.cli import CliResult, RunCli, RunJson, assert_presentable
from tests.support.projects import migration
from tests.support.repository import REPOSITORY
from tests.support.repository_clones import git
from tests.support.servers import Database

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")]

WRITTEN = (
    *("db/migrations/.gitkeep", "db/README.md", "dbmate-wrap.toml", ".env.example", ".gitignore"),
    *("Makefile", ".github/workflows/migrations.yml", ".pre-commit-config.yaml"),
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """An empty repository."""
    made = tmp_path / "shop"
    made.mkdir()
    git(made, "init", "-q", "-b", "main")
    return made


def files_in(root: Path) -> dict[str, bytes]:
    """Every file but those of git and of the tool itself."""
    found = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    names = ((path.relative_to(root).as_posix(), path) for path in found)
    return {
        name: path.read_bytes() for name, path in names if not name.startswith((".git/", ".dbmate-wrap/"))
    }


def good(done: CliResult) -> CliResult:
    assert_presentable(done)
    assert done.returncode == 0, done
    return done


def states(document: dict[str, object]) -> dict[str, str]:
    """The state of each file."""
    rows = document["files"]
    assert isinstance(rows, list)
    return {row["file"]: row["state"] for row in rows}


def test_an_empty_repository_becomes_a_project_that_works(repository: Path, run_cli: RunCli) -> None:
    first = good(run_cli(["init"], repository))
    assert tuple(sorted(files_in(repository))) == tuple(sorted(WRITTEN))
    assert first.stderr == ""
    assert all(f"\n{name} " in first.stdout for name in WRITTEN)
    baseline = "or, where there is a database: dbmate-wrap snapshot -e production"
    assert first.stdout.endswith(f"\n\nnext: dbmate-wrap new add_orders, {baseline}\n")
    assert "0 in db/migrations" in good(run_cli(["doctor"], repository)).stdout
    good(run_cli(["check", "--no-shadow"], repository))
    assert good(run_cli(["new", "add_orders"], repository)).stdout == "db/migrations/001_add_orders.sql\n"
    text = migration("create table public.orders (id bigint primary key);", "drop table public.orders;")
    (repository / "db" / "migrations" / "001_add_orders.sql").write_text(text)
    assert "next: dbmate-wrap seal" in good(run_cli(["init"], repository)).stdout
    good(run_cli(["seal"], repository))
    good(run_cli(["check", "--no-shadow"], repository))
    good(run_cli(["doctor"], repository))
    before = files_in(repository)
    again = good(run_cli(["init"], repository))
    assert again.stdout.endswith("\n\nnothing is left to do; next: dbmate-wrap check\n")
    assert files_in(repository) == before


def test_the_baseline_of_a_database_comes_next(
    repository: Path, run_cli: RunCli, embedded_database: Database
) -> None:
    embedded_database.execute("create table public.a (i bigint primary key)")
    env = {"PRODUCTION_DATABASE_URL": embedded_database.url}
    good(run_cli(["init"], repository))
    try:
        good(run_cli(["snapshot", "-e", "production"], repository, env))
    finally:
        for home in (repository / ".dbmate-wrap" / "shadow").glob("*-*[0-9]"):
            cluster.destroy(home)
    assert (repository / "db" / "migrations" / "001_init.sql").exists()
    assert "next: dbmate-wrap seal" in good(run_cli(["init"], repository)).stdout


def test_a_dry_run_writes_nothing(repository: Path, run_json: RunJson) -> None:
    document = run_json(["init", "--dry-run"], repository)
    assert states(document) == dict.fromkeys(WRITTEN, "to be written")
    assert files_in(repository) == {}
    assert states(run_json(["init"], repository)) == dict.fromkeys(WRITTEN, "written")
    assert document["next"] == "dbmate-wrap new add_orders"
    assert set(states(run_json(["init"], repository)).values()) == {"is there"}


@pytest.mark.parametrize(
    ("words", "runs"),
    [
        (["migrate", "ENV=dev"], "dbmate-wrap up --env dev"),
        (["migrate", "ENV=staging", "YES=1"], "dbmate-wrap up --env staging --yes"),
        (["migrate-status"], "dbmate-wrap status"),
        (["migrate-plan", "ENV=dev"], "dbmate-wrap plan --env dev"),
        (["migrate-new", "NAME=add_x"], "dbmate-wrap new add_x"),
        (["migrate-check"], "dbmate-wrap check"),
        (["migrate", "-e", "ENV=dev"], "dbmate-wrap up --env dev"),
        (["all"], "all"),
        ([], "all"),
    ],
    ids=" ".join,
)
def test_the_targets_run_the_command(
    repository: Path, run_cli: RunCli, tmp_path: Path, words: list[str], runs: str
) -> None:
    (repository / "Makefile").write_text("all:\n\t@echo all")
    good(run_cli(["init"], repository))
    program = tmp_path / "dbmate-wrap"
    program.write_text('#!/bin/sh\necho dbmate-wrap "$@"\n')
    program.chmod(0o755)
    # Of the shell, and not meant for these targets.
    others = {"ENV": "/etc/profile", "NAME": "machine", "YES": "1"}
    env = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", **others}
    done = subprocess.run(
        ["make", *words], cwd=repository, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{runs}\n", "")


def test_an_environment_of_the_shell_is_meant(repository: Path, run_cli: RunCli) -> None:
    good(run_cli(["init"], repository))
    env = {"PATH": os.environ["PATH"], "ENV": "staging"}
    words = ["make", "-n", "migrate"]
    done = subprocess.run(words, cwd=repository, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.startswith('dbmate-wrap up --env "staging"')


def test_a_project_of_plain_dbmate_keeps_its_ways(
    repository: Path, run_cli: RunCli, run_json: RunJson
) -> None:
    folder = repository / "database" / "migrations"
    folder.mkdir(parents=True)
    (folder / "20240315093000_add.sql").write_text(
        migration("create table public.a (i int);", "drop table public.a;")
    )
    dotenv = (
        'DATABASE_URL="postgres://shop:hunter2@127.0.0.1:1/shop?sslmode=disable"\n'
        "DBMATE_MIGRATIONS_DIR=./database/migrations\nDBMATE_SCHEMA_FILE=./database/schema.sql\n"
    )
    makefile = "export DBMATE_MIGRATIONS_TABLE := versions\nmigrate:\n\tdbmate up\n"
    pyproject = '[project]\r\nname = "shop"\r\nversion = "1"'
    ours = {".env": dotenv, "Makefile": makefile, "pyproject.toml": pyproject, ".gitignore": ".env\n"}
    for name, text in ours.items():
        (repository / name).write_bytes(text.encode())
    done = good(run_cli(["init"], repository))
    assert "hunter2" not in done.stdout + done.stderr
    assert "left as it is: it has a target migrate already" in done.stdout
    assert "    migrate: ; @$(DBMATE_WRAP) up" in done.stdout
    assert done.stdout.endswith("next: dbmate-wrap seal\n")
    written = files_in(repository)
    for name, text in ours.items():
        assert written[name].startswith(text.encode()), name
    assert written["Makefile"] == makefile.encode()
    assert b"\r\n\r\n# dbmate-wrap: added by `dbmate-wrap init`" in written["pyproject.toml"]
    assert "database/README.md" in written
    doctor = run_cli(["doctor"], repository).stdout
    for name, value in (
        ("migrations_dir", "database/migrations"),
        ("migrations_table", "versions"),
        ("schema_file", "database/schema.sql"),
        ("lockfile", "database/migrations.lock"),
        ("numbering", "timestamp"),
    ):
        assert [name, value, f"pyproject.toml: tool.dbmate-wrap.{name}"] in [
            line.split(maxsplit=2) for line in doctor.splitlines()
        ]
    good(run_cli(["seal"], repository))
    good(run_cli(["check", "--no-shadow"], repository))
    made = good(run_cli(["new", "more"], repository)).stdout
    assert made > "database/migrations/2026"
    document = run_json(["init"], repository)
    assert set(states(document).values()) == {"is there", "left as it is"}
    again = good(run_cli(["init"], repository)).stdout
    assert "nothing is left to write; next: dbmate-wrap check" in again


def test_a_link_that_leads_out_is_not_written_through(
    repository: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (repository / "db").symlink_to(outside)
    (repository / ".gitignore").symlink_to(tmp_path / "ignored")
    done = good(run_cli(["init"], repository))
    assert done.stdout.count("left as it is: a symbolic link leads out of the folder") == 3
    assert list(outside.iterdir()) == []
    assert not (tmp_path / "ignored").exists()


def test_a_file_where_a_folder_is_needed_is_said(repository: Path, run_cli: RunCli) -> None:
    (repository / ".github").write_text("")
    done = good(run_cli(["init"], repository))
    assert ".github/workflows/migrations.yml  left as it is: lies in what is not a folder" in done.stdout


def test_in_this_repository_nothing_is_left_to_do(run_cli: RunCli) -> None:
    done = good(run_cli(["init", "--project", str(REPOSITORY)], REPOSITORY))
    assert done.stdout == "nothing is left to do; next: dbmate-wrap check\n"


def test_below_the_top_of_a_repository_the_project_is_the_folder(repository: Path, run_json: RunJson) -> None:
    folder = repository / "services" / "crm"
    folder.mkdir(parents=True)
    document = run_json(["init"], folder)
    assert (folder / "db" / "README.md").exists()
    assert sorted(path.name for path in repository.iterdir()) == [".git", "services"]
    left = [name for name, state in states(document).items() if state == "left as it is"]
    assert left == [".github/workflows/migrations.yml", ".pre-commit-config.yaml"]
    (repository / ".gitlab-ci.yml").write_text("migrations:\n  script: dbmate-wrap -C services/crm check\n")
    again = states(run_json(["init"], folder))
    assert again[".gitlab-ci.yml"] == "is there"
    assert ".github/workflows/migrations.yml" not in again


def test_the_first_migration_comes_from_a_database(
    repository: Path, run_cli: RunCli, embedded_database: Database
) -> None:
    embedded_database.execute("create table public.a (i int primary key)")
    env = {"STAGING_DATABASE_URL": embedded_database.url}
    done = good(run_cli(["init", "--from", "staging"], repository, env))
    assert done.stdout.endswith("next: dbmate-wrap seal, then dbmate-wrap baseline -e staging\n")
    assert "CREATE TABLE public.a" in (repository / "db/migrations/001_init.sql").read_text()
    good(run_cli(["seal"], repository))
    good(run_cli(["baseline", "-e", "staging"], repository, env))
    good(run_cli(["drift", "-e", "staging"], repository, env))
    document = run_cli(["init", "--from", "staging", "--format", "json"], repository, env)
    assert document.returncode == 2
