"""The process of a database imports next to nothing: the fork server has, once for all of them."""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.cli import staging
from tests.support.projects import MakeProject, migration
from tests.support.servers import Database

pytestmark = pytest.mark.integration

FLEET = '[environments.staging]\n[fleets.tenants]\nenvironment = "staging"\ntargets = "tenants.csv"\n'
# Python runs it at its start. It writes down each import with the process and its parent.
SITE_CUSTOMIZE = """
import os, sys

_file = os.open(os.environ["IMPORTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def _note(event, arguments):
    if event == "import":
        os.write(_file, f"{os.getpid()} {os.getppid()} {arguments[0]}\\n".encode())

sys.addaudithook(_note)
"""
# Each of them takes longer than the start of a process should.
OURS = ("dbmate_wrap", "google", "postgast", "psycopg", "pydantic", "typer")


def test_a_process_that_applies_a_migration_imports_nothing_of_ours(
    project: MakeProject, embedded_database: Database, clean_environment: dict[str, str], tmp_path: Path
) -> None:
    folder = project({"001_a.sql": migration("create table public.a (id int);")}, sealed=True, toml=FLEET)
    (folder.root / "tenants.csv").write_text(f"name,database\nacme,{embedded_database.name}\n")
    site, imports = tmp_path / "site", tmp_path / "imports"
    site.mkdir()
    (site / "sitecustomize.py").write_text(SITE_CUSTOMIZE)
    env = {
        **clean_environment,
        **staging(embedded_database),
        "PYTHONPATH": str(site),
        "IMPORTS": str(imports),
    }
    # As people start it: each process runs this script's imports once more.
    command = [str(Path(sys.executable).with_name("dbmate-wrap")), "fleet", "up"]
    done = subprocess.run(command, cwd=folder.root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert embedded_database.execute("select version from schema_migrations") == [("001",)]
    imported: dict[str, list[str]] = defaultdict(list)
    parents = {}
    for line in imports.read_text().splitlines():
        pid, parents[pid], module = line.split(" ", 2)
        imported[pid].append(module)
    (server,) = (pid for pid, modules in imported.items() if "dbmate_wrap.cli.fleet_preload" in modules)
    assert "dbmate_wrap.execution.apply" in imported[server]
    late = [each for pid, parent in parents.items() if parent == server for each in imported[pid]]
    assert [each for each in late if each.partition(".")[0] in OURS] == [], late
