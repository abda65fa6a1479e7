"""`dump`: the schema file of whom, and the same text elsewhere."""

import pytest

from tests.support.cli import TWO, RunCli, staging
from tests.support.projects import MakeProject
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

DUMP = ["dump", "-e", "staging"]


def test_the_text_goes_where_it_is_wanted(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder, env = project(TWO, sealed=True), staging(embedded_database)
    run_cli(["up", "-e", "staging"], folder.root, env)
    embedded_database.execute("comment on table public.a is E'tab\\there, \\x1b[31mred, and é'")
    written = run_cli([*DUMP, "--output", "out.sql"], folder.root, env)
    assert (written.returncode, "out.sql written" in written.stdout) == (0, True)
    assert "nothing" not in written.stderr
    shown = run_cli([*DUMP, "--output", "-"], folder.root, env)
    assert shown.stdout == (folder.root / "out.sql").read_text(encoding="utf-8")
    assert "\x1b[31mred" in shown.stdout
    assert not (folder.root / "db/schema.sql").exists()
    document = run_cli([*DUMP, "--output", "-", "--format", "json"], folder.root, env).json()
    assert document["schema"] == shown.stdout


def test_the_schema_file_of_another_environment_is_not_overwritten_without_a_word(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder, env = project(TWO, sealed=True), staging(embedded_database)
    first = run_cli(DUMP, folder.root, env)
    assert (first.returncode, "warning" in first.stderr) == (0, False)
    run_cli(["up", "-e", "staging"], folder.root, env)
    second = run_cli(DUMP, folder.root, env)
    assert second.returncode == 0
    said = "warning: db/schema.sql is the schema file of dev, and now has the schema of staging"
    assert said in second.stderr
    assert "git checkout -- db/schema.sql" in second.stderr
    third = run_cli(DUMP, folder.root, env)
    assert ("up to date" in third.stdout, "warning" in third.stderr) == (True, False)
