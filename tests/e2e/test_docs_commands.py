"""What the documents show is what happens: each command in them is typed here, with the rest of its section.

A command that is neither typed by the story of its section nor in NOT_TYPED fails the test.
"""

import re
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import takewhile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dbmate_wrap.cli.app import app
from dbmate_wrap.cluster import server as cluster
from tests.support.cli import applied, tables
from tests.support.doc_commands import TUTORIAL, Block, blocks, blocks_of_sections, inline_commands
from tests.support.play import Play, plain
from tests.support.projects import TWO_TABLES, MakeProject, migration
from tests.support.repository import REPOSITORY
from tests.support.servers import Database
from tests.support.stage import open_stage

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")]

_CLOUD = "asks a cloud or a server of secrets, which the tests do not have"
_CLUSTER = "asks a cluster, which the tests do not have"
_FLEETS = "typed in tests/integration/engines"
_OUR_TESTS = "runs these tests themselves"
_DOCKER = "needs Docker; what it does is done in tests/integration/test_container.py"
_RELEASES = "done in tests/integration/scripts/test_build_dist.py, on a tag that exists"
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
    "pip install 'dbmate-wrap[pytest]'": "installs from a package index",
    "make lint": _OUR_TESTS,
    "docker build -t dbmate-wrap:0.1.0 .": _DOCKER,
    'docker run --rm --read-only --tmpfs /tmp -v "$PWD:/project:ro" -e STAGING_DATABASE_URL \\\n'
    "    dbmate-wrap:0.1.0 up -e staging": _DOCKER,
    ".venv/bin/python scripts/build_dist.py v0.1.0 --output dist": _RELEASES,
    ".venv/bin/python scripts/sbom.py dist/*.whl --output dbmate-wrap.cdx.json": (
        "done in tests/integration/scripts/test_sbom.py"
    ),
    "git fetch --tags": _RELEASES,
    ".venv/bin/python scripts/verify_release.py v0.1.0": _RELEASES,
    ".venv/bin/python scripts/verify_release.py v0.1.0 --files dist": _RELEASES,
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
Story = Callable[[Play, Sequence[Block]], None]


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
    **{("docs/safe-migrations.md", heading): safe_way for heading in SAFE_WAYS},
    ("docs/settings.md", "A shadow on a server of your own"): shadow_of_ones_own,
    ("docs/settings.md", "url_command"): url_command,
}


def sections() -> dict[tuple[str, str], list[Block]]:
    """The blocks of each section with a command to type; runbooks and tutorial have tests of their own."""
    found = blocks_of_sections("")
    return {
        section: shown
        for section, shown in found.items()
        if not section[0].startswith(("docs/runbook", TUTORIAL))
        and any(plain(command) not in NOT_TYPED for block in shown for command in block.commands)
    }


@pytest.fixture
def stage(
    project: MakeProject, embedded_database: Database, tmp_path: Path, clean_environment: Mapping[str, str]
) -> Iterator[Play]:
    folder = tmp_path / "stage"
    folder.mkdir()
    with open_stage(project, embedded_database, folder, clean_environment) as made:
        yield Play(**vars(made), not_typed=NOT_TYPED)


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
    words = list(takewhile(lambda word: not re.match(r"&&|>|\|", word), shlex.split(plain(command))))[1:]
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
