"""The fixtures of the pytest plugin, in runs of pytest of their own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from dbmate_wrap.cluster import server
from tests.support.cli import wait_for
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.repository import REPOSITORY
from tests.support.servers import TcpServer

pytestmark = pytest.mark.e2e

FILES = {
    "001_role.sql": migration("create role clerk;", "drop role clerk;"),
    "002_person.sql": migration(
        "create table public.person (id int primary key, name text);\n"
        "insert into public.person values (1, 'Ada');\n"
        "grant select on public.person to clerk;",
        "drop table public.person;",
    ),
    "003_unique.sql": migration(
        "alter table public.person add constraint person_name unique (name);",
        "alter table public.person drop constraint person_name;",
    ),
    "004_role.sql": migration("create role auditor;", "drop role auditor;"),
}
USES = """
import asyncio

import asyncpg
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

ONE = "insert into public.person values (2, 'Bo')"


def test_sqlalchemy(migrated_database: str) -> None:
    engine = sqlalchemy.create_engine(migrated_database.replace("postgresql", "postgresql+psycopg", 1))
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(ONE))
    engine.dispose()


def test_asyncpg(migrated_database: str) -> None:
    async def insert() -> None:
        connection = await asyncpg.connect(migrated_database)
        await connection.execute(ONE)
        await connection.close()

    asyncio.run(insert())


def test_sqlalchemy_on_asyncpg(migrated_database: str) -> None:
    async def insert() -> None:
        engine = create_async_engine(migrated_database.replace("postgresql", "postgresql+asyncpg", 1))
        async with engine.begin() as connection:
            await connection.execute(sqlalchemy.text(ONE))
        await engine.dispose()

    asyncio.run(insert())


def test_a_version_that_there_is_not(migrated_database_at: MigratedDatabaseAt) -> None:
    with pytest.raises(pytest.fail.Exception, match="there is no migration 009"):
        migrated_database_at("009")
"""
PAGE = REPOSITORY / "docs" / "pytest.md"


def examples() -> str:
    """The Python on the page about the plugin."""
    return "\n".join(re.findall(r"(?ms)^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8")))


def start(
    folder: ProjectFolder, *options: str, env: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start pytest in a project, as from a fresh shell."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DBMATE_"))}
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    return subprocess.Popen(
        argv,
        cwd=folder.root,
        env={**kept, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(folder: ProjectFolder, *options: str, env: Mapping[str, str] | None = None) -> str:
    """Run pytest, and return what it prints."""
    with start(folder, *options, env=env) as child:
        out, _ = child.communicate()
    return out


def home_of(folder: ProjectFolder) -> Path:
    """The home of the server of its tests."""
    return next((folder.root / ".dbmate-wrap" / "pytest").glob("embedded-*/"))


def processes_about(folder: ProjectFolder) -> list[str]:
    """The processes that the plugin has started for a project."""
    listed = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if f"pytest_plugin.server {folder.root}" in line]


def test_the_page_and_the_drivers_work_with_several_workers(project: MakeProject) -> None:
    folder = project(FILES)
    (folder.root / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (folder.root / "test_uses.py").write_text(examples() + USES)
    out = run(folder, "-n", "2")
    assert "6 passed" in out, out
    assert server.state(home_of(folder)).pid is None, "the server ends with the tests"
    assert not processes_about(folder)


def test_migrations_that_fail_are_told_once(project: MakeProject) -> None:
    folder = project({"001_a.sql": migration("create table public.a (id nonsense);")})
    (folder.root / "test_all.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('number', range(3))\n"
        "def test_it(migrated_database, number): ...\n"
    )
    out = run(folder)
    assert "3 errors" in out
    # The summary at the end repeats the first line of each.
    told = out.partition("short test summary")[0]
    assert told.count('type "nonsense" does not exist') == 1
    assert told.count("dbmate-wrap check") == 3
    assert "Traceback" not in out
    assert "pytest_plugin" not in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_leaves_no_server(project: MakeProject, number: signal.Signals) -> None:
    names = ("001_a", "002_b")
    folder = project({f"{name}.sql": migration(f"create table public.{name[4:]} ();") for name in names})
    (folder.root / "test_it.py").write_text(
        "import pathlib, psycopg, time\n"
        "def test_it(migrated_database_at):\n"
        "    database = migrated_database_at('001')\n"
        "    with psycopg.connect(database) as connection:\n"
        "        assert connection.execute(\"select to_regclass('b')\").fetchone() == (None,)\n"
        "    pathlib.Path('url').write_text(database)\n"
        "    pathlib.Path('url').rename('ready')\n"
        "    time.sleep(1000)\n"
    )
    with start(folder) as child:
        ready = folder.root / "ready"
        wait_for(lambda: ready.exists() or child.poll() is not None, "the test to begin")
        assert ready.exists(), child.communicate()[0]
        child.send_signal(number)
    wait_for(lambda: not processes_about(folder), "the process with the databases to end")
    assert server.state(home_of(folder)).pid is None
    found = re.search("host=([^&]+)", ready.read_text())
    assert found, ready.read_text()
    assert not Path(found[1]).exists(), "the folder of its socket is gone"


def test_a_server_of_the_user_is_used_and_its_password_not_shown(
    project: MakeProject, tcp_server: TcpServer
) -> None:
    folder = project(
        {"001_a.sql": migration("create table public.a (id int);")}, toml='shadow = "url"\n', name="app"
    )
    root = folder.root.parent
    (root / "pytest.ini").write_text("[pytest]\ndbmate_wrap_project = app\n")
    (root / "test_it.py").write_text(
        "import psycopg\n"
        "def test_it(migrated_database):\n"
        "    with psycopg.connect(migrated_database) as connection:\n"
        "        assert connection.execute('select count(*) from a').fetchone() == (1,)\n"
    )
    url = tcp_server.tcp_url(user=tcp_server.role)
    out = run(ProjectFolder(root), "--tb=long", env={"DBMATE_WRAP_SHADOW_URL": url})
    assert "assert (0,) == (1,)" in out, out
    assert "migrated_database = 'postgresql://app:***@127.0.0.1" in out
    assert tcp_server.role_password not in out


def test_a_run_without_the_fixtures_loads_nothing(project: MakeProject) -> None:
    folder = project(FILES)
    (folder.root / "test_it.py").write_text(
        "import sys\n"
        "def test_it():\n"
        "    ours = {name for name in sys.modules if name.startswith('dbmate_wrap')}\n"
        "    plugin = {f'dbmate_wrap.pytest_plugin{name}' for name in ('', '.database', '.plugin')}\n"
        "    assert ours == {'dbmate_wrap'} | plugin\n"
        "    assert 'psycopg' not in sys.modules\n"
    )
    out = run(folder)
    assert "1 passed" in out, out
    assert not (folder.root / ".dbmate-wrap").exists()
