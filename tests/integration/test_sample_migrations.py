"""The repository's own `db/`: a newcomer's first migration, on both majors."""

import shutil
from pathlib import Path

import pytest

from tests.support.cli import RunCli
from tests.support.repository import REPOSITORY
from tests.support.servers import Database

pytestmark = [pytest.mark.integration, pytest.mark.both_majors]


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A copy of `db/` as a project of its own."""
    root = tmp_path / "crm"
    shutil.copytree(REPOSITORY / "db", root / "db")
    return root


def test_every_migration_goes_up_down_and_up_again(sample: Path, run_cli: RunCli, database: Database) -> None:
    env = {"STAGING_DATABASE_URL": database.url}
    first = run_cli(["up", "-e", "staging"], sample, env)
    assert first.returncode == 0, first.stderr
    assert run_cli(["dump", "-e", "staging"], sample, env).returncode == 0
    before = (sample / "db" / "schema.sql").read_text()
    number = len(list((sample / "db" / "migrations").glob("*.sql")))
    for _ in range(number - 1):
        undone = run_cli(["rollback", "-e", "staging"], sample, env)
        assert undone.returncode == 0, undone.stderr
    refused = run_cli(["rollback", "-e", "staging"], sample, env)
    assert refused.returncode == 20, "the baseline has no migrate:down"
    again = run_cli(["up", "-e", "staging"], sample, env)
    assert again.returncode == 0, again.stderr
    assert run_cli(["dump", "-e", "staging"], sample, env).returncode == 0
    assert (sample / "db" / "schema.sql").read_text() == before


def test_the_schema_file_is_what_the_migrations_make(
    sample: Path, run_cli: RunCli, embedded_database: Database
) -> None:
    env = {"DEV_DATABASE_URL": embedded_database.url}
    done = run_cli(["up"], sample, env)
    assert done.returncode == 0, done.stderr
    assert "wrote" not in done.stderr, "db/schema.sql is stale: run `make migrate` and commit it"
    assert (sample / "db" / "schema.sql").read_bytes() == (REPOSITORY / "db" / "schema.sql").read_bytes()


def test_the_lockfile_seals_every_migration(sample: Path, run_cli: RunCli) -> None:
    done = run_cli(["check"], sample)
    assert done.returncode == 0
    assert done.stderr == ""
