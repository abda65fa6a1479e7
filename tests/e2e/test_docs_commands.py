"""What the documents show is what happens: each command in them is typed here, with the rest of its section.

A command that is neither typed by the story of its section nor in NOT_TYPED fails the test.
"""

import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dbmate_wrap.cli.app import app
from dbmate_wrap.cluster import server as cluster
from tests.support.cli import applied, started, tables, wait_for
from tests.support.doc_commands import Block, blocks, inline_commands, inline_commands_of
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.repository import REPOSITORY
from tests.support.repository_clones import git
from tests.support.servers import Database
from tests.support.stage import GIT, Stage, open_stage
from tests.support.typed_shell import Typed, TypedShell

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")]

_CLOUD = "asks a cloud or a server of secrets, which the tests do not have"
_CLUSTER = "asks a cluster, which the tests do not have"
_FLEETS = "typed in tests/integration/engines"
_OUR_TESTS = "runs these tests themselves"
# A command of the documents that cannot be typed here, and why.
NOT_TYPED: Mapping[str, str] = {
    "export STAGING_DATABASE_URL='postgres://deploy@db.internal/crm?sslmode=verify-full'": (
        "names a server that is not there; the story sets the variable to one that is"
    ),
    "export DBMATE_WRAP_SHADOW=url DBMATE_WRAP_SHADOW_URL="
    "'postgres://checker@localhost:5432/postgres?sslmode=disable'": (
        "names a server that is not there; the story sets the variables to one that is"
    ),
    "pip install 'dbmate-wrap[embedded]'": "installs from a package index",
    "make lint": _OUR_TESTS,
    "make test": _OUR_TESTS,
    'make test ARGS="tests/unit"': _OUR_TESTS,
    ".venv/bin/python -m pytest tests/unit/execution -q": _OUR_TESTS,
    ".venv/bin/python -m pytest tests/e2e/test_up.py -n 2": _OUR_TESTS,
    '.venv/bin/python -m pytest tests -m "not both_majors"': _OUR_TESTS,
    "UPDATE_CASES=1 .venv/bin/python -m pytest tests/unit/render -q": "writes this repository's golden files",
    "git diff tests/cases/render": "shows what the command before it has written",
    'token=$(aws rds generate-db-auth-token --hostname "$HOST" --port 5432 --username deploy)': _CLOUD,
    "token=$(gcloud sql generate-login-token)": _CLOUD,
    "token=$(az account get-access-token --resource-type oss-rdbms --query accessToken --output tsv)": _CLOUD,
    "vault read -format=json database/creds/migrate |\n"
    "    jq -r '\"postgres://\\(.data.username|@uri):\\(.data.password|@uri)@\\(env.HOST):5432/crm\"'": (
        _CLOUD
    ),
    "kubectl create secret generic production-database-url --from-file=url=./url": _CLUSTER,
    "kubectl create -f fleet-job.yaml": _CLUSTER,
    "./report.sh migrate-tenants-x7k2p": _CLUSTER,
    "./fleet-up 8 2": _FLEETS,
    "sbatch --wait fleet.sbatch": _FLEETS,
    "dbmate-wrap fleet report shard-*.jsonl": _FLEETS,
    "export CLUSTER=shop TASK_DEFINITION=migrate": _CLOUD,
    "export NETWORK='awsvpcConfiguration={subnets=[subnet-1],securityGroups=[sg-1]}'": _CLOUD,
    "./run-task.sh up -e production --yes": _CLOUD,
    "aws batch register-job-definition --cli-input-json file://job-definition.json": _CLOUD,
    "aws batch submit-job --job-name migrate-tenants --job-definition migrate-tenants \\\n"
    "    --job-queue migrations --array-properties size=8": _CLOUD,
    "gcloud run jobs deploy migrate-tenants --image tenants-migrations:1.42.0 --tasks 8 --parallelism 2 "
    "--max-retries 2 \\\n"
    "    --task-timeout 2h --set-secrets PRODUCTION_DATABASE_URL=production-database-url:latest \\\n"
    "    --args fleet,up,tenants,--shard,auto,--jobs,4,--yes,--format,json": _CLOUD,
    "gcloud run jobs execute migrate-tenants --wait": _CLOUD,
    "-- dbmate-wrap: allow RULE because REASON\n": "a form with placeholders, and no statement",
}
_SQL = "psql -X -q -v ON_ERROR_STOP=1 -f - "


def plain(command: str) -> str:
    """The command without the remark after it."""
    return re.sub(r"\s+# .*", "", command)


@dataclass(frozen=True)
class Play(Stage):
    """A stage that knows what was typed on it."""

    typed: list[str] = field(default_factory=list)

    def play(self, shell: TypedShell, block: Block, ends: Mapping[str, int] | None = None) -> list[Typed]:
        """Type the block as it stands; every command ends with 0, or as `ends` says of how it begins."""
        commands = [each for each in block.commands if plain(each) not in NOT_TYPED]
        self.typed.extend(commands)
        as_sql = block.language == "sql"
        said = shell.type(
            [f"{_SQL}{self.url} <<'END'\n{each}END" for each in commands] if as_sql else commands
        )
        for each in said:
            wanted = [code for start, code in (ends or {}).items() if each.command.startswith(start)]
            assert each.code == (wanted[0] if wanted else 0), each
            assert "Traceback" not in each.output
            assert_shown(block.shown_after(each.command), each.output)
        return said

    def says(self, shell: TypedShell, command: str, pattern: str, code: int = 0) -> None:
        """Type it; what it shows has the pattern."""
        output = self.type(shell, command, code)
        assert re.search(pattern, output), output

    def type(self, shell: TypedShell, command: str, code: int = 0) -> str:
        """What a command shows that ends with `code`."""
        self.typed.append(command)
        return super().type(shell, command, code)

    def crm(self) -> ProjectFolder:
        """A clone of this repository's own project, with an environment that is complete."""
        main = ProjectFolder(self.folder / "crm")
        shutil.copytree(REPOSITORY / "db", main.root / "db")
        for name in ("Makefile", "pyproject.toml"):
            shutil.copy(REPOSITORY / name, main.root)
        shutil.copytree(REPOSITORY / "requirements", main.root / "requirements")
        mine = self.repository(main)
        environment = mine.root / ".venv"
        (environment / "bin").mkdir(parents=True)
        (environment / "bin" / "python").symlink_to(sys.executable)
        (environment / "bin" / "dbmate-wrap").symlink_to(self.folder / "dbmate-wrap")
        (environment / ".home").write_text(f"{mine.root.resolve()}\n")
        (environment / ".stamp").touch()
        return mine


Story = Callable[[Play, Sequence[Block]], None]
_VARYING = re.compile(
    r"in \d+ ms|on /\S+|PostgreSQL \d+(?:\.\d+)?"
    r"|(?<=schema of )\w+|(?<=applied in )\w+|(?<=as tried on ).*"
)


def assert_shown(lines: Sequence[str], output: str) -> None:
    """Each line that the document shows was shown, in this order; `...` stands for any others."""
    said = iter([_VARYING.sub("#", line).rstrip() for line in output.splitlines()])
    for line in lines:
        wanted = _VARYING.sub("#", line).rstrip()
        if wanted not in ("", "...") and not wanted.startswith("Setting up .venv"):
            assert wanted in said, (line, output)


def two_commands(stage: Play, shown: Sequence[Block]) -> None:
    shell = stage.shell(stage.crm().root)
    try:
        for block in shown:
            stage.play(shell, block)
    finally:
        # The clone is no project that the fixture knows: its server would outlive the test.
        cluster.destroy(shell.folder / ".dbmate-wrap" / "postgres")


def own_repository(stage: Play, shown: Sequence[Block]) -> None:
    folder = stage.folder / "shop"
    folder.mkdir()
    for block in shown:
        stage.play(stage.shell(folder), block)
    stage.says(stage.shell(folder), "dbmate-wrap init", "nothing is left to do")


ORDERS = """-- migrate:up
CREATE TYPE crm.order_state AS ENUM ('open', 'paid');
CREATE TABLE crm.orders (
    id bigint PRIMARY KEY, state crm.order_state NOT NULL
);

INSERT INTO crm.orders (id, state) VALUES (1, 'open');

-- migrate:down
DROP TABLE crm.orders;
DROP TYPE crm.order_state;
"""


def write_a_migration(stage: Play, shown: Sequence[Block]) -> None:
    crm = stage.crm()
    shell = stage.shell(crm.root, DEV_DATABASE_URL=stage.database.url)
    stage.play(shell, shown[0])
    crm.add("009_add_orders.sql", re.sub("INSERT.*\n", "", ORDERS))
    before = (crm.root / "db" / "schema.sql").read_text()
    stage.play(shell, shown[1])
    assert applied(stage.database)[-1] == "009"
    after = (crm.root / "db" / "schema.sql").read_text()
    assert "crm.orders" not in before
    assert "CREATE TABLE crm.orders" in after
    assert crm.lockfile.read_text().splitlines()[-1].startswith("009_add_orders.sql ")


def check_a_pull_request(stage: Play, shown: Sequence[Block]) -> None:
    crm = stage.crm()
    crm.add("009_add_orders.sql", ORDERS)
    shell = stage.shell(crm.root, PRODUCTION_DATABASE_URL=stage.database.url)
    stage.play(shell, shown[0], {"dbmate-wrap check": 12})
    crm.add("009_add_orders.sql", re.sub("INSERT.*\n", "", ORDERS))
    stage.type(shell, "dbmate-wrap seal")
    for block in shown[1:]:
        stage.play(shell, block)
    if len(shown) > 1:
        assert applied(stage.database)[-1] == "009"


def environments(stage: Play, shown: Sequence[Block]) -> None:
    shell = stage.shell(stage.crm().root)
    said = [each for block in shown for each in stage.play(shell, block)]
    assert len(applied(stage.database)) == 8
    assert "8 pending" not in said[-1].output
    # The first `up` has stamped it: a wrong URL is refused from now on.
    assert stage.database.execute("select environment from dbmate_wrap.stamp") == [("staging",)]
    wrong = stage.shell(shell.folder, PRODUCTION_DATABASE_URL=stage.database.url)
    assert "is stamped as staging" in stage.type(wrong, "dbmate-wrap up -e production --yes", 20)


def running_migrations(stage: Play, shown: Sequence[Block]) -> None:
    with stage.server.new_database() as dev:
        urls = {"DEV_DATABASE_URL": dev.url, "STAGING_DATABASE_URL": stage.database.url}
        shell = stage.shell(stage.crm().root, **urls)
        for block in shown:
            stage.play(shell, block)
        assert len(applied(dev)) == len(applied(stage.database)) == 8


def set_up(stage: Play, shown: Sequence[Block]) -> None:
    [said] = stage.play(stage.shell(stage.crm().root), shown[0])
    assert "migrate" in said.output


def for_the_agent(stage: Play, shown: Sequence[Block]) -> None:
    folder = stage.project(TWO_TABLES, sealed=True)
    shell = stage.shell(folder.root, DEV_DATABASE_URL=stage.database.url, CLAUDECODE="1")
    stage.type(shell, "dbmate-wrap up")
    stage.type(shell, "dbmate-wrap rollback", 20)
    stage.play(shell, shown[0])
    assert tables(stage.database) == ["a", "schema_migrations"]
    words = stage.database.execute("select consent from dbmate_wrap.run where consent is not null")
    assert words == [("yes, roll back the last migration on dev",)]


TWO_TABLES = {
    "001_init.sql": migration("create table public.a (i int);", "drop table public.a;"),
    "002_b.sql": migration("create table public.b (i int);", "drop table public.b;"),
}


LEGACY_TABLES = 300
LEGACY = """
create extension hstore; create schema crm; create role {role}_reporting;
create type crm.state as enum ('new', 'old');
{tables}
create view crm.totals as select t0.id, count(t1.id) as n from crm.t0 left join crm.t1 using (id) group by 1;
create function crm.touch() returns trigger language plpgsql as 'begin new.at := now(); return new; end';
create trigger touch before update on crm.t0 for each row execute function crm.touch();
create function crm.later() returns setof crm.t2 language sql as 'select * from crm.t2';
alter table crm.t3 enable row level security;
create policy mine on crm.t3 to {role}_reporting using (state = 'new');
grant select on all tables in schema crm to {role}_reporting;
"""
LEGACY_TABLE = """create table crm.t{n} (
    id bigint generated always as identity primary key, state crm.state not null default 'new', tags hstore,
    amount numeric(10, 2) check (amount between 0 and 1000), at timestamptz not null default now(){reference}
);
create index on crm.t{n} (at);
"""


@contextmanager
def legacy(stage: Play) -> Iterator[None]:
    """The database has 300 tables, an extension, a role and grants that no tool knows of."""
    role, references = (
        stage.database.name,
        [f", before bigint references crm.t{n}" for n in range(LEGACY_TABLES)],
    )
    tables = "".join(
        LEGACY_TABLE.format(n=n, reference=references[n - 1] if n else "") for n in range(LEGACY_TABLES)
    )
    stage.database.execute(LEGACY.format(role=role, tables=tables))
    try:
        yield
    finally:
        drop_shadows(stage)
        stage.database.execute(f"drop owned by {role}_reporting; drop role {role}_reporting")


def drop_shadows(stage: Play) -> None:
    """Drop what checks have kept on the server, which is the shadow server here."""
    query = "select datname from pg_database where datname like 'dbmate_wrap_shadow_%'"
    for [name] in stage.server.execute(query):
        stage.server.execute(f"drop database {name} with (force)")


def no_tool(stage: Play, shown: Sequence[Block]) -> None:
    folder = stage.project({})
    shell = stage.shell(folder.root, PRODUCTION_DATABASE_URL=stage.database.url)
    with legacy(stage):
        said = [each for block in shown for each in stage.play(shell, block)]
        assert "compared with 1 migration" in said[-1].output
        assert "no difference" in said[-1].output
        assert applied(stage.database) == ["001"]
        assert stage.database.execute("select how from dbmate_wrap.ledger") == [("baseline",)]
        stage.database.execute("drop index crm.t7_at_idx; create table crm.extra (i int)")
        stage.says(shell, "dbmate-wrap drift -e production", r"missing +index crm.t7_at_idx", 33)
        stage.says(shell, "dbmate-wrap drift -e production", r"extra +table crm.extra", 33)


def shared_database(stage: Play, shown: Sequence[Block]) -> None:
    stage.typed.append(shown[0].text)
    stage.database.execute("create table public.others (i int)")
    shell = stage.shell(stage.project(TWO_TABLES, sealed=True).root)
    assert "has no migration history" in stage.type(shell, "dbmate-wrap up -e staging", 13)
    stage.database.execute(shown[0].text)
    stage.type(shell, "dbmate-wrap up -e staging")


def empty_start(stage: Play, shown: Sequence[Block]) -> None:
    root = stage.folder / "empty"
    root.mkdir()
    shell = stage.shell(root, DEV_DATABASE_URL=stage.database.url)
    stage.play(shell, shown[0])
    assert (root / "db" / "migrations" / "001_create_orders.sql").is_file()


def plain_dbmate(stage: Play, shown: Sequence[Block]) -> None:
    versions = ("20240101120000", "20240301093000")
    folder = stage.project(
        {f"{each}_t.sql": text for each, text in zip(versions, TWO_TABLES.values(), strict=True)}
    )
    stage.database.execute(
        "create table public.a (i int); create table public.b (i int);"
        "create table public.schema_migrations (version varchar primary key);"
        f"insert into public.schema_migrations values ('{versions[0]}'), ('{versions[1]}')"
    )
    shell = stage.shell(folder.root, PRODUCTION_DATABASE_URL=stage.database.url)
    said = stage.play(shell, shown[0])
    assert said[1].output.count("applied") >= 2
    assert stage.database.execute("select how from dbmate_wrap.ledger") == [("adopted",), ("adopted",)]
    wrong = stage.shell(folder.root, STAGING_DATABASE_URL=stage.database.url)
    assert "is stamped as production" in stage.type(wrong, "dbmate-wrap up -e staging", 20)
    folder.add(f"{versions[1]}_t.sql", TWO_TABLES["001_init.sql"])
    assert "[edited]" in stage.type(shell, "dbmate-wrap up -e production --yes", 13)


def where_the_replay_runs(stage: Play, shown: Sequence[Block]) -> None:
    setup, own = (block.text for block in shown)
    stage.typed.extend([setup, own])
    folder = stage.project(
        {
            "001_a.sql": migration(
                "create table public.a (i uuid default auth.uid());\n"
                "grant select on public.a to authenticated;",
                "drop table public.a;",
            ),
            "002_b.sql": migration(own, own.replace("TO 5000", "TO DEFAULT")),
        },
        toml='shadow_setup = "db/shadow.sql"',
        sealed=True,
    )
    (folder.root / "db" / "shadow.sql").write_text("")
    shell = stage.shell(folder.root)
    try:
        assert "auth" in stage.type(shell, "dbmate-wrap check", 30)
        (folder.root / "db" / "shadow.sql").write_text(setup)
        stage.type(shell, "dbmate-wrap check")
    finally:
        drop_shadows(stage)
        stage.server.execute("drop role if exists authenticated")


def allowing(stage: Play, shown: Sequence[Block]) -> None:
    stage.typed.append(shown[0].text)
    folder = stage.project(
        {
            "001_shop.sql": migration("create schema shop;", "drop schema shop;"),
            "002_statuses.sql": f"{shown[0].text}\n-- migrate:down\nDROP TABLE shop.statuses;\n",
        }
    )
    shell = stage.shell(folder.root)
    stage.type(shell, "dbmate-wrap check")
    folder.add(
        "002_statuses.sql",
        re.sub("-- dbmate-wrap.*\n", "", (folder.migrations / "002_statuses.sql").read_text()),
    )
    assert "[data-write]" in stage.type(shell, "dbmate-wrap check", 12)


def in_a_pipeline(stage: Play, shown: Sequence[Block]) -> None:
    mine = stage.repository(stage.project(TWO_TABLES, sealed=True))
    stage.play(stage.shell(mine.root), shown[0])
    for name in ("check.sarif", "check.xml", "code-quality.json"):
        assert (mine.root / name).stat().st_size > 0


def in_a_script(stage: Play, shown: Sequence[Block]) -> None:
    folder = stage.project(TWO_TABLES, sealed=True)
    stage.play(stage.shell(folder.root), shown[0])
    assert applied(stage.database) == ["001", "002"]
    for url, ends, says in (
        (re.sub("port=.*", "port=1", stage.database.url), (21, 75), "no connection"),
        ("nonsense", (10, 1), "URL"),
    ):
        shell = stage.shell(folder.root, STAGING_DATABASE_URL=url)
        said = stage.play(shell, shown[0], {"dbmate-wrap up": ends[0], "case": ends[1]})
        assert says in said[-1].output


def advisory_lock(stage: Play, shown: Sequence[Block]) -> None:
    stage.typed.append(shown[0].text)
    shell = stage.shell(stage.project(TWO_TABLES, sealed=True).root, DBMATE_WRAP_ADVISORY_LOCK_WAIT="0")
    with stage.database.connect() as session:
        assert session.execute(shown[0].text.encode()).fetchall() == [(True,)]
        stage.type(shell, "dbmate-wrap up -e staging", 23)
    stage.type(shell, "dbmate-wrap up -e staging")


def deploy(stage: Play, shown: Sequence[Block]) -> None:
    folder = stage.project(TWO_TABLES, sealed=True)
    env = {"PRODUCTION_DATABASE_URL": stage.database.url}
    stage.type(stage.shell(folder.root, **env), "dbmate-wrap up -e production", 20)
    stage.play(stage.shell(folder.root, answer="production", **env), shown[0])
    assert applied(stage.database) == ["001", "002"]


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


def another_run(stage: Play, shown: Sequence[Block]) -> None:
    slow = migration("create table public.a (i int);\nselect pg_sleep(60);", "drop table public.a;")
    folder = stage.project({"001_a.sql": slow}, sealed=True)
    with started(["up", "-e", "staging"], folder.root, stage.env) as running:
        name = "select 1 from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()"
        wait_for(lambda: stage.database.execute(name), "the migration")
        [said] = stage.play(stage.shell(folder.root), shown[0])
        assert len(re.findall(r"dbmate-wrap/\w+/lock", said.output)) == 2
        assert re.search(r"dbmate-wrap/\w+/dbmate", said.output)
        assert stage.database.execute("select command from dbmate_wrap.run where ended_at is null") == [
            ("up",)
        ]
        [holder] = stage.database.execute(
            "select pid from pg_locks where locktype = 'advisory' and classid = 1266989148"
        )
        assert str(holder[0]) in said.output
        stage.database.execute(f"select pg_terminate_backend({holder[0]})")
        assert running.finish().returncode == 23
    stage.type(stage.shell(folder.root), "dbmate-wrap status -e staging")


def somebody_blocks(stage: Play, shown: Sequence[Block]) -> None:
    folder = stage.project(TWO_TABLES, sealed=True)
    env = {"PRODUCTION_DATABASE_URL": stage.database.url}
    stage.play(stage.shell(folder.root, answer="production", **env), shown[0])
    assert applied(stage.database) == ["001", "002"]


def invalid_index(stage: Play, shown: Sequence[Block]) -> None:
    build = "create index concurrently orders_customer_id_idx on public.orders (customer_id);"
    folder = stage.project(
        {
            "001_orders.sql": migration(
                "create table public.orders (customer_id int);", "drop table public.orders;"
            ),
            "002_index.sql": migration(
                build, "drop index public.orders_customer_id_idx;", options="transaction:false"
            ),
        },
        sealed=True,
    )
    shell = stage.shell(folder.root)
    stage.type(shell, "dbmate-wrap up -e staging --to 001")
    stage.database.execute("insert into public.orders values (1), (1)")
    with pytest.raises(Exception, match="could not create unique index"):
        stage.database.execute(build.replace("index", "unique index", 1))
    assert "orders_customer_id_idx" in stage.type(shell, "dbmate-wrap up -e staging", 22)
    [said] = stage.play(shell, shown[0])
    assert "orders_customer_id_idx" in said.output
    stage.type(shell, "dbmate-wrap up -e staging")


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


def shadow_of_ones_own(stage: Play, shown: Sequence[Block]) -> None:
    said = stage.play(stage.shell(stage.project(TWO_TABLES, sealed=True).root), shown[0])
    assert re.search("shadow +pass +2 migrations were replayed", said[0].output)


def url_command(stage: Play, shown: Sequence[Block]) -> None:
    root = stage.project(TWO_TABLES, sealed=True).root
    said = stage.play(stage.shell(root, HOST="db.internal", token="a b/c@"), shown[0])
    assert said[-1].output == "postgres://deploy:a%20b%2Fc%40@db.internal:5432/crm?sslmode=verify-full\n"


SAFE_WAYS = (
    *("Build an index", "Add a unique or primary key", "Add a foreign key", "Set NOT NULL"),
    *("Add a column with a default", "Backfill in batches"),
)


def safe_way(stage: Play, shown: Sequence[Block]) -> None:
    stage.database.execute(
        "create table public.customers (id int primary key);"
        "create table public.orders (id int primary key, customer_id int, number int, total int,"
        " state text, placed_at timestamptz)"
    )
    if shown[0].heading == "Backfill in batches":
        stage.database.execute("alter table public.orders add token uuid")
    for block in shown:
        stage.play(stage.shell(stage.folder), block)


def diagram_of_the_sample(stage: Play, shown: Sequence[Block]) -> None:
    shell = stage.shell(stage.crm().root)
    _, around = (each.output for each in stage.play(shell, shown[0]))
    assert '"crm.pipelines" ||..o{ "crm.deals" : "pipeline_id"' in around
    assert len(around) < len((shell.folder / "docs" / "crm.mmd").read_text())


def many_databases(stage: Play, shown: Sequence[Block]) -> None:
    """The list of the page, with databases of this server for its own."""
    page = (REPOSITORY / "docs" / "fleet.md").read_text(encoding="utf-8")
    listed = re.search(r"^```toml\n(.*?)^```.*?^```csv\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert listed is not None
    folder = stage.project(TWO_TABLES, sealed=True, toml=listed[1]).root
    with ExitStack() as databases:
        made = {
            name: databases.enter_context(stage.database.server.new_database())
            for name in ("acme", "globex", "initech")
        }
        targets = listed[2].replace("db2.internal", "")
        for name, database in made.items():
            targets = targets.replace(f"{name}_prod", database.name)
        (folder / "fleet.csv").write_text(targets)
        shell = stage.shell(folder, PRODUCTION_DATABASE_URL=stage.database.url)
        for block in shown:
            stage.play(shell, block)
        assert all(applied(database) for database in made.values())
        assert applied(stage.database) == []
        stage.type(shell, "dbmate-wrap status -e production --target acme")


def rows_of_tenants(stage: Play, shown: Sequence[Block]) -> None:
    stage.database.execute("create schema crm; create table crm.orders (id bigint, tenant_id bigint)")
    stage.database.execute("insert into crm.orders values (1, 42), (2, 43)")
    for block in shown:
        stage.play(stage.shell(stage.folder), block)
    # A superuser is not bound, and no role of the server may be made here.
    stage.database.execute(
        "grant usage on schema crm to pg_monitor; grant select on crm.orders to pg_monitor"
    )
    seen = (
        "begin; set local role pg_monitor; select set_config('app.tenant_id', '42', true); table crm.orders"
    )
    assert stage.database.execute(seen) == [(1, 42)]


STORIES: Mapping[tuple[str, str], Story] = {
    ("README.md", "Two commands"): two_commands,
    ("README.md", "In a repository of your own"): own_repository,
    ("README.md", "Write a migration"): write_a_migration,
    ("README.md", "Check a pull request"): check_a_pull_request,
    ("README.md", "Environments"): environments,
    ("CONTRIBUTING.md", "Set-up"): set_up,
    ("db/README.md", "Running migrations"): running_migrations,
    ("docs/agents.md", "For the agent"): for_the_agent,
    ("docs/diagram.md", "A diagram of the schema"): diagram_of_the_sample,
    ("docs/adopt.md", "A database that no tool has touched"): no_tool,
    ("docs/adopt.md", "A database that is shared with other schemas"): shared_database,
    ("docs/adopt.md", "An empty start"): empty_start,
    ("docs/adopt.md", "A project that plain dbmate has run"): plain_dbmate,
    ("docs/check.md", "What it proves, in this order"): check_a_pull_request,
    ("docs/check.md", "Where the replay runs"): where_the_replay_runs,
    ("docs/check.md", "Allowing one breach"): allowing,
    ("docs/check.md", "In a pipeline"): in_a_pipeline,
    ("docs/exit-codes.md", "In a script"): in_a_script,
    ("docs/fleet.md", "The list"): many_databases,
    ("docs/fleet/schema-per-tenant.md", "Instead"): rows_of_tenants,
    ("docs/formats.md", "The advisory lock"): advisory_lock,
    ("docs/runbook.md", "Deploy"): deploy,
    ("docs/runbook.md", "Deploy around a rollout"): around_a_rollout,
    ("docs/runbook.md", "Start only what is migrated for"): wait_for_the_migrations,
    ("docs/runbook.md", "A sealed migration failed"): sealed_migration_failed,
    ("docs/runbook.md", "Somebody merged first"): somebody_merged_first,
    ("docs/runbook.md", "Another run holds the lock"): another_run,
    ("docs/runbook.md", "Somebody blocks the migration"): somebody_blocks,
    ("docs/runbook.md", "An index is invalid"): invalid_index,
    ("docs/runbook.md", "Ledger and history table disagree"): ledger_and_table,
    **{("docs/safe-migrations.md", heading): safe_way for heading in SAFE_WAYS},
    ("docs/settings.md", "A shadow on a server of your own"): shadow_of_ones_own,
    ("docs/settings.md", "url_command"): url_command,
}


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


# Sections whose commands stand in the text: each of them is typed.
TOLD: Mapping[str, Callable[[Play], None]] = {
    "Runbook": at_three_in_the_morning,
    "Sealed too early": sealed_too_early,
    "A migration was edited after `up`, or a branch was switched": edited_after_up,
    "The stamp says another database": stamps,
    "Undo": undo,
}


@pytest.mark.parametrize("heading", TOLD)
def test_what_the_runbook_tells_happens(stage: Play, heading: str) -> None:
    TOLD[heading](stage)
    told = inline_commands_of("docs/runbook.md", heading)
    assert told
    assert [each for each in told if each not in stage.typed] == []


def sections() -> dict[tuple[str, str], list[Block]]:
    """The blocks of each section that has a command which can be typed."""
    found: dict[tuple[str, str], list[Block]] = {}
    for block in blocks():
        if any(plain(command) not in NOT_TYPED for command in block.commands):
            found.setdefault(block.section, []).append(block)
    return found


@pytest.fixture
def stage(
    project: MakeProject, embedded_database: Database, tmp_path: Path, clean_environment: Mapping[str, str]
) -> Iterator[Play]:
    folder = tmp_path / "stage"
    folder.mkdir()
    with open_stage(project, embedded_database, folder, clean_environment) as made:
        yield Play(**vars(made))


@pytest.mark.parametrize("section", sections().items(), ids=lambda section: ": ".join(section[0]))
def test_what_a_section_shows_happens(stage: Play, section: tuple[tuple[str, str], list[Block]]) -> None:
    name, shown = section
    assert name in STORIES, "no story types these commands"
    STORIES[name](stage, shown)
    left = [each for block in shown for each in block.commands if each not in stage.typed]
    assert [each for each in left if plain(each) not in NOT_TYPED] == []


def test_every_story_and_every_exception_is_about_something_that_is_shown() -> None:
    assert set(STORIES) <= sections().keys()
    shown = {plain(command) for block in blocks() for command in block.commands}
    assert set(NOT_TYPED) - shown == set()


def understood(command: str) -> bool:
    """Return True where verb and options exist: its help is shown then, and nothing is run."""
    words = shlex.split(re.split(r" && | > | \|", plain(command))[0])[1:]
    place = words.index("--") if "--" in words else len(words)
    done = CliRunner().invoke(app, [*words[:place], "--help", *words[place:]])
    return done.exit_code == 0


@pytest.mark.parametrize("command", ["dbmate-wrap upp", "dbmate-wrap up --too 1", "dbmate-wrap db urls"])
def test_a_misspelt_command_is_not_understood(command: str) -> None:
    assert not understood(command)


def test_every_command_in_the_text_is_understood() -> None:
    # The examples of the help have a test of their own.
    found = {command for page, command in inline_commands() if not page.endswith("commands.md")}
    assert len(found) > 50
    assert [each for each in sorted(found) if "COMMAND" not in each and not understood(each)] == []
