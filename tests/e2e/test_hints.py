"""No remedy that is printed ends in another error: each is typed as it stands, then the command again."""

import re
import shlex
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from tests.support.cli import RunCli
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.remedies import commands_of, hints_of, statements_of
from tests.support.repository_clones import git
from tests.support.servers import Database
from tests.support.stage import GIT, Stage, open_stage
from tests.support.typed_shell import Typed

pytestmark = pytest.mark.e2e

A = migration("create table public.a (i int);", "drop table public.a;")
B = migration("create table public.b (i int);", "drop table public.b;")
TWO = {"001_a.sql": A, "002_b.sql": B}
UP = "dbmate-wrap up -e staging"
UP_PRODUCTION = "dbmate-wrap up -e production --yes"
UP_DEV = "dbmate-wrap up"
CHECK = "dbmate-wrap check"
PRODUCTION = ("PRODUCTION_DATABASE_URL",)
DEV = ("DEV_DATABASE_URL",)
# What only shows how things are: it may end with the code of what it shows, but never with 1 or 2.
LOOKS = ("dbmate-wrap doctor", "dbmate-wrap status")


class Scene:
    """A project and a database, and everything that a scenario changes about them."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.folder: ProjectFolder = stage.project(TWO, sealed=True)
        self.role = f"dep_{uuid.uuid4().hex[:8]}"
        self.boss = f"boss_{uuid.uuid4().hex[:8]}"
        self.env: dict[str, str] = dict(GIT)
        self.answer: str | None = None
        self.held: list[psycopg.Connection[tuple[object, ...]]] = []

    @property
    def database(self) -> Database:
        return self.stage.database

    def run(self, command: str) -> Typed:
        [typed] = self.stage.shell(self.folder.root, answer=self.answer, **self.env).type([command])
        return typed

    def done(self, command: str = UP) -> None:
        """Run what goes well."""
        typed = self.run(command)
        assert typed.code == 0, typed

    def sql(self, text: str) -> None:
        self.database.execute(text.format(role=self.role, boss=self.boss, database=self.database.name))

    def add(
        self, up: str, down: str = "", *, name: str = "003_c.sql", options: str = "", seal: bool = True
    ) -> None:
        self.folder.add(name, migration(up, down, options=options))
        if seal:
            self.folder.seal()

    def is_(self, *variables: str) -> None:
        """The database is these environments' and not staging's."""
        self.env.update(dict.fromkeys(variables, self.database.url))

    def as_deployer(self) -> None:
        """Staging is reached as a role that may nothing."""
        self.sql("create role {role} login")
        login = self.database.url.replace(f"{self.database.server.superuser}@", f"{self.role}@")
        self.env["STAGING_DATABASE_URL"] = login

    def merged(self) -> None:
        """The project becomes a clone, whose main branch has what is there now."""
        self.folder = self.stage.repository(self.folder)

    def close(self) -> None:
        self.database.server.execute(f"drop database if exists {self.role} with (force)")
        for session in self.held:
            with suppress(psycopg.Error):
                session.close()
        for role in (self.role, self.boss):
            if self.database.server.execute(f"select 1 from pg_roles where rolname = '{role}'"):
                with suppress(psycopg.Error):  # The database itself may be gone.
                    self.database.execute(f"drop owned by {role} cascade")
                self.database.server.execute(f"drop role {role}")


Step = Callable[[Scene], object]


@dataclass(frozen=True)
class Way:
    """One way out: parts of the commands that are typed, what is then done by hand, and how it ends then.

    `before` is done before the first command, `edit` before what is typed.
    """

    typed: tuple[str, ...] = ()
    by_hand: Step | None = None
    then: int = 0
    before: Step | None = None
    edit: Step | None = None
    # Of a command that shows something, or leads to the next documented step.
    ends: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """What is done before, the command, how it ends, and every way out of it that is printed."""

    name: str
    prepare: Step
    first: str
    code: int
    ways: tuple[Way, ...]


def does(*steps: Step) -> Step:
    return lambda scene: [step(scene) for step in steps]


def sql(text: str) -> Step:
    return lambda scene: scene.sql(text)


def done(command: str = UP) -> Step:
    return lambda scene: scene.done(command)


def add(up: str, down: str = "", **options: object) -> Step:
    return lambda scene: scene.add(up, down, **options)  # type: ignore[arg-type]


def env(**variables: str) -> Step:
    return lambda scene: scene.env.update(variables)


def database_is(*variables: str) -> Step:
    return lambda scene: scene.is_(*variables)


def answers(text: str) -> Step:
    def step(scene: Scene) -> None:
        scene.answer = text

    return step


def write(name: str, text: str) -> Step:
    return lambda scene: scene.folder.add(name, text)


def remove(name: str) -> Step:
    return lambda scene: (scene.folder.migrations / name).unlink()


def rename(old: str, new: str) -> Step:
    return lambda scene: (scene.folder.migrations / old).rename(scene.folder.migrations / new)


def seal(scene: Scene) -> None:
    scene.folder.seal()


def nothing(scene: Scene) -> None:
    """All is as it is made."""


def merged(scene: Scene) -> None:
    scene.merged()


def deployer(scene: Scene) -> None:
    scene.as_deployer()


def toml(text: str) -> Step:
    def step(scene: Scene) -> None:
        (scene.folder.root / "dbmate-wrap.toml").write_text(text)

    return step


def hold(*statements: str) -> Step:
    """Another session runs these and stays."""

    def step(scene: Scene) -> None:
        session = psycopg.connect(scene.database.url, autocommit=True)
        scene.held.append(session)
        for statement in statements:
            session.execute(statement.encode())

    return step


def release(scene: Scene) -> None:
    for session in scene.held:
        session.close()


def branch_of_others(scene: Scene) -> None:
    git(scene.folder.root.parent / "project", "branch", "release")


def unused_url(scene: Scene) -> None:
    scene.env["STAGING_DATABASE_URL"] = re.sub("port=.*", "port=1", scene.database.url)


def own_url(scene: Scene) -> None:
    scene.env["STAGING_DATABASE_URL"] = scene.database.url


def missing_database(scene: Scene) -> None:
    scene.env["STAGING_DATABASE_URL"] = scene.database.url.replace(scene.database.name, scene.role)


def invalid_index(scene: Scene) -> None:
    with pytest.raises(psycopg.Error):
        scene.database.execute("create unique index concurrently x on public.a (i)")


KILLED = """
insert into dbmate_wrap.run (
    run_id, command, environment, started_at, tool_version, database_user, running, history
)
values ('killed', 'up', 'staging', now(), '0.1.0', 'x', '003', 'public.schema_migrations')
"""
OUTSIDE = "transaction:false"
GRANTED = (
    "grant create, usage on schema public to {role}; grant usage on schema dbmate_wrap to {role};"
    "grant select, insert on public.schema_migrations to {role};"
    "grant select, insert, update on all tables in schema dbmate_wrap to {role}"
)
TWICE = "insert into public.a values (1), (1)"
UNIQUE = "create unique index x on public.a (i);"
CONCURRENT = UNIQUE.replace("index", "index concurrently")
AMEND = "dbmate-wrap amend 003_c.sql --because TEXT"
AMENDED = (AMEND, "--not-applied-in production")
NOT_ASKED = {AMEND: 21}
EXPLAIN_LEDGER = "explain ledger-and-history-table-disagree"
EXPLAIN_BASELINE = "explain adopt"
TABLE = "create table public.schema_migrations"
MADE_BY_DBMATE = f"{TABLE} (version varchar primary key)"


def mended(text: str) -> Step:
    """The file, which is sealed, is edited so that it can be applied."""
    return write("003_c.sql", migration(text, ""))


SCENARIOS = (
    # 2 usage
    *(
        Scenario(
            f"2-{name}", database_is(*DEV), f"dbmate-wrap {name}", 2, (Way(("dbmate-wrap up",), then=2),)
        )
        for name in ("migrate", "create")
    ),
    Scenario(
        "2-down", does(database_is(*DEV), done(UP_DEV)), "dbmate-wrap down", 2, (Way(("rollback",), then=2),)
    ),
    Scenario("2-n", nothing, "dbmate-wrap n", 2, (Way(("dbmate-wrap new NAME",), then=2),)),
    Scenario(
        "2-drop",
        nothing,
        "dbmate-wrap drop",
        2,
        (
            Way(("dbmate-wrap db reset",), ends={"db reset": 20}, then=2),
            Way(("exec -- drop",), before=does(database_is(*DEV), done(UP_DEV)), then=2),
        ),
    ),
    Scenario("2-command", nothing, "dbmate-wrap statsu", 2, (Way(("--help",), then=2),)),
    Scenario("2-option", nothing, "dbmate-wrap up --dryrun", 2, (Way(("up --help",), then=2),)),
    Scenario(
        "2-page",
        nothing,
        "dbmate-wrap explain dta-write",
        2,
        (Way(("data-write", "`dbmate-wrap explain`"), then=2),),
    ),
    Scenario("2-name", nothing, "dbmate-wrap new ''", 2, (Way(("new add_orders",), then=2),)),
    Scenario("2-to", nothing, f"{UP} --to 99", 2, (Way(then=2),)),
    Scenario("2-not-embedded", database_is(*DEV), "dbmate-wrap db start", 2, (Way(then=2),)),
    Scenario("2-never-embedded", nothing, "dbmate-wrap db start -e staging", 2, (Way(then=2),)),
    Scenario(
        "2-not-sealed",
        lambda scene: scene.folder.lockfile.unlink(),
        "dbmate-wrap amend 002_b.sql --because TEXT",
        2,
        (Way(("dbmate-wrap seal",), then=2),),
    ),
    Scenario("2-show", done(), "dbmate-wrap history -e staging --show 9", 2, (Way(then=2),)),
    # 10 config
    Scenario("10-no-url", env(STAGING_DATABASE_URL=""), UP, 10, (Way(by_hand=own_url),)),
    Scenario(
        "10-rules", toml('[policy]\nfoo = "off"\n'), UP, 10, (Way(("explain rules",), by_hand=toml("")),)
    ),
    Scenario(
        "10-base",
        does(merged, branch_of_others),
        f"{CHECK} --base origin/release --no-shadow",
        10,
        (Way(("git fetch origin",)),),
    ),
    Scenario(
        "10-no-ledger",
        toml("ledger = false"),
        "dbmate-wrap history -e staging",
        10,
        (Way(by_hand=toml("ledger = true")),),
    ),
    # 11 binary
    Scenario(
        "11",
        env(DBMATE_WRAP_DBMATE_PATH="/bin/true"),
        UP,
        11,
        (Way(by_hand=env(DBMATE_WRAP_DBMATE_PATH="")),),
    ),
    # 12 policy
    Scenario(
        "12-file-name",
        write("1x.sql", A),
        UP,
        12,
        (
            Way(by_hand=remove("1x.sql")),
            Way(
                ("dbmate-wrap new NAME",),
                by_hand=does(remove("1x.sql"), write("003_name.sql", B.replace(".b", ".c"))),
            ),
            Way(("dbmate-wrap seal",), edit=remove("1x.sql")),
        ),
    ),
    # 13 history: files and lockfile
    Scenario(
        "13-unsealed",
        does(database_is(*PRODUCTION), write("003_c.sql", A.replace(".a", ".c"))),
        UP_PRODUCTION,
        13,
        (Way(("dbmate-wrap seal",)),),
    ),
    Scenario(
        "13-edited",
        does(
            add("create table public.c (i int);"),
            merged,
            write("003_c.sql", migration("create table public.c (i int); --")),
        ),
        UP,
        13,
        (Way(("git checkout --",)), Way(AMENDED, ends=NOT_ASKED)),
    ),
    Scenario(
        "13-sealed-too-early",
        does(
            database_is(*DEV),
            merged,
            add("create table public.c (i int);", "drop table public.c;"),
            lambda scene: git(scene.folder.root, "add", "db"),
            done(UP_DEV),
            write("003_c.sql", migration("create table public.c (i int, j int);", "drop table public.c;")),
        ),
        UP_DEV,
        13,
        (
            Way(("git checkout --",)),
            Way(("dbmate-wrap redo",)),
            Way(
                AMENDED,
                ends=NOT_ASKED,
                edit=write(
                    "003_c.sql", migration("create table public.c (i int); --", "drop table public.c;")
                ),
            ),
        ),
    ),
    Scenario(
        "13-edited-in-check",
        does(
            add("create table public.c (i int);"),
            merged,
            write("003_c.sql", migration("create table public.c (i int); --")),
        ),
        f"{CHECK} --no-shadow",
        13,
        (
            Way(("git checkout", "dbmate-wrap new NAME"), by_hand=remove("004_name.sql")),
            Way(AMENDED, ends=NOT_ASKED),
        ),
    ),
    Scenario(
        "13-removed", does(merged, remove("002_b.sql")), f"{CHECK} --no-shadow", 13, (Way(("git checkout",)),)
    ),
    Scenario(
        "13-renamed",
        does(merged, rename("002_b.sql", "002_c.sql")),
        f"{CHECK} --no-shadow",
        13,
        (Way(("mv db",)),),
    ),
    Scenario(
        "13-lockfile-gone",
        does(merged, lambda scene: scene.folder.lockfile.unlink()),
        f"{CHECK} --no-shadow",
        13,
        (Way(("git checkout", "dbmate-wrap seal")),),
    ),
    Scenario(
        "13-lockfile-broken",
        does(merged, lambda scene: scene.folder.lockfile.write_text("x\n")),
        UP,
        13,
        (Way(("git checkout", "dbmate-wrap seal")),),
    ),
    Scenario(
        "13-not-appended",
        does(write("000_z.sql", A.replace(".a", ".z"))),
        UP,
        13,
        (Way(("dbmate-wrap renumber 000_z.sql",)),),
    ),
    # 13 history: the database
    Scenario(
        "13-unknown",
        does(add("create table public.c (i int);"), done(), remove("003_c.sql"), seal),
        UP,
        13,
        (
            Way(
                ("history -e staging --show 003",),
                by_hand=write("003_c.sql", migration("create table public.c (i int);")),
            ),
        ),
    ),
    Scenario(
        "13-unknown-to-the-ledger",
        does(done(), sql("insert into public.schema_migrations values ('003')")),
        UP,
        13,
        (Way(by_hand=write("003_c.sql", migration("create table public.c (i int);"))),),
    ),
    Scenario(
        "13-unknown-and-adopted",
        does(
            done("dbmate-wrap exec -e staging -- up"),
            sql("drop schema dbmate_wrap cascade"),
            add("create table public.c (i int);"),
            done(),
            remove("002_b.sql"),
            remove("003_c.sql"),
            seal,
        ),
        UP,
        13,
        (
            Way(
                by_hand=does(
                    write("002_b.sql", B), write("003_c.sql", migration("create table public.c (i int);"))
                )
            ),
        ),
    ),
    Scenario(
        "13-edited-since",
        does(add("create table public.c (i int);", seal=False), done(), write("003_c.sql", B)),
        UP,
        13,
        (
            Way(("history -e staging --show 003",), by_hand=mended("create table public.c (i int);")),
            Way(("dbmate-wrap seal",), then=13),
        ),
    ),
    Scenario(
        "13-ledger-and-table",
        does(done(), sql("delete from public.schema_migrations where version = '002'")),
        UP,
        13,
        (Way(("insert into public.schema_migrations",)), Way((EXPLAIN_LEDGER,), then=13)),
    ),
    Scenario(
        "13-table-gone",
        does(done(), sql("drop table public.schema_migrations")),
        UP,
        13,
        (Way((TABLE, "insert into public.schema_migrations")), Way((EXPLAIN_LEDGER,), then=13)),
    ),
    Scenario(
        "13-moved",
        does(
            done(),
            sql("create schema other; alter table public.schema_migrations set schema other"),
            env(DBMATE_WRAP_MIGRATIONS_TABLE="public.schema_migrations"),
        ),
        UP,
        13,
        (
            Way(by_hand=env(DBMATE_WRAP_MIGRATIONS_TABLE="other.schema_migrations")),
            Way((TABLE, "insert into")),
            Way((EXPLAIN_LEDGER,), then=13),
        ),
    ),
    Scenario(
        "13-second-project",
        does(done(), sql("create schema other"), env(DBMATE_WRAP_MIGRATIONS_TABLE="other.schema_migrations")),
        UP,
        13,
        (Way(by_hand=env(DBMATE_WRAP_MIGRATIONS_TABLE="")), Way((EXPLAIN_LEDGER,), then=13)),
    ),
    Scenario(
        "13-not-baselined",
        sql("create table public.a (i int)"),
        UP,
        13,
        (
            Way(("dbmate-wrap baseline",)),
            Way((EXPLAIN_BASELINE,), by_hand=sql(MADE_BY_DBMATE), then=30),
        ),
    ),
    Scenario(
        "13-not-dbmates",
        sql("create table public.schema_migrations (id int)"),
        UP,
        13,
        (
            Way(
                (EXPLAIN_BASELINE,),
                by_hand=does(
                    toml('migrations_table = "dbmate_migrations"'),
                    sql(MADE_BY_DBMATE.replace("schema_m", "dbmate_m")),
                ),
            ),
        ),
    ),
    Scenario(
        "13-another-project",
        sql(f"{MADE_BY_DBMATE}; insert into public.schema_migrations values ('2020')"),
        UP,
        13,
        (
            Way(
                (EXPLAIN_BASELINE,),
                by_hand=does(
                    toml('migrations_table = "dbmate_migrations"'),
                    sql(MADE_BY_DBMATE.replace("schema_m", "dbmate_m")),
                ),
            ),
        ),
    ),
    # 13 history: nothing to undo it by
    Scenario(
        "13-no-text",
        does(
            database_is(*DEV),
            done(UP_DEV),
            sql("update dbmate_wrap.ledger set content = null"),
            write("002_b.sql", B + "-- x"),
            seal,
        ),
        "dbmate-wrap redo",
        13,
        (Way(by_hand=write("002_b.sql", B)), Way(("dbmate-wrap exec -- drop", "dbmate-wrap up"))),
    ),
    # 20 refused
    Scenario(
        "20-protected",
        database_is(*PRODUCTION),
        "dbmate-wrap up -e production",
        20,
        (Way(("plan -e production",), by_hand=answers("production")),),
    ),
    Scenario(
        "20-rollback",
        does(database_is(*PRODUCTION), done(UP_PRODUCTION)),
        "dbmate-wrap rollback -e production",
        20,
        (
            Way(
                ("dbmate-wrap new NAME",),
                by_hand=does(
                    write("003_name.sql", migration("drop table public.b;")), seal, done(UP_PRODUCTION)
                ),
                then=20,
            ),
        ),
    ),
    Scenario(
        "20-stamp",
        does(done(), database_is(*PRODUCTION)),
        UP_PRODUCTION,
        20,
        (
            Way(
                ("doctor -e production", "stamp -e production"),
                ends={"doctor": 20, "stamp": 20},
                by_hand=done("dbmate-wrap stamp -e production --yes"),
            ),
            Way(
                ("doctor -e production", "stamp -e production"),
                ends={"doctor": 20},
                before=answers("production"),
            ),
        ),
    ),
    Scenario(
        "20-copy",
        does(done(), sql("update dbmate_wrap.stamp set environment = 'production', database_oid = 1")),
        "dbmate-wrap exec -e staging -- up",
        20,
        (Way(("doctor -e staging", "stamp -e staging")),),
    ),
    Scenario(
        "20-copy-of-production",
        does(
            database_is(*PRODUCTION),
            done(UP_PRODUCTION),
            sql("update dbmate_wrap.stamp set database_oid = 1"),
        ),
        UP_PRODUCTION,
        20,
        (
            Way(
                ("doctor -e production", "stamp -e production"),
                ends={"doctor": 20},
                before=answers("production"),
            ),
        ),
    ),
    Scenario(
        "20-drop",
        done(),
        "dbmate-wrap exec -e staging -- drop",
        20,
        (Way(by_hand=toml("[environments.staging]\ndisposable = true")),),
    ),
    Scenario(
        "20-no-way-back",
        does(done(), add("create table public.c (i int);"), done()),
        "dbmate-wrap rollback -e staging",
        20,
        (
            Way(
                ("dbmate-wrap new NAME",),
                by_hand=does(write("004_name.sql", migration("drop table public.c;")), seal, done()),
                then=20,
            ),
        ),
    ),
    Scenario(
        "20-redo",
        done(),
        "dbmate-wrap redo -e staging",
        20,
        (
            Way(
                ("dbmate-wrap new NAME",),
                by_hand=does(write("003_name.sql", migration("drop table public.b;")), seal, done()),
                then=20,
            ),
            Way(by_hand=toml("[environments.staging]\ndisposable = true")),
        ),
    ),
    Scenario(
        "20-agent",
        does(done(), env(CLAUDECODE="1")),
        "dbmate-wrap rollback -e staging",
        20,
        (Way(("explain agents",), by_hand=env(DBMATE_WRAP_CONSENT="yes, roll it back")),),
    ),
    Scenario(
        "20-amend-applied",
        does(
            database_is(*PRODUCTION),
            add("create table public.c (i int);"),
            done(UP_PRODUCTION),
            merged,
            write("003_c.sql", migration("create table public.c (i int); --")),
        ),
        AMEND,
        20,
        (Way(("git checkout --", "dbmate-wrap new NAME"), by_hand=remove("004_name.sql"), then=2),),
    ),
    # 21 unreachable
    Scenario("21-refused", unused_url, UP, 21, (Way(by_hand=own_url),)),
    Scenario("21-no-database", missing_database, UP, 21, (Way(("createdb",)),)),
    Scenario("21-wait-embedded", nothing, "dbmate-wrap wait --timeout 0", 21, (Way(("dbmate-wrap up",)),)),
    # 22 preflight
    Scenario("22-create", deployer, UP, 22, (Way(("grant create, usage",)),)),
    Scenario(
        "22-history-unreadable",
        does(done(), deployer, add("select 1;", "select 1;")),
        UP,
        22,
        (Way(("grant usage", "grant select"), before=sql("grant create on schema public to {role}")),),
    ),
    Scenario(
        "22-ledger-unreadable",
        does(done(), deployer),
        "dbmate-wrap history -e staging",
        22,
        (Way(("grant usage", "grant select")),),
    ),
    Scenario(
        "22-row-security",
        does(
            done(),
            deployer,
            sql(GRANTED),
            sql("alter table public.schema_migrations enable row level security"),
        ),
        UP,
        22,
        (Way(("create policy",)), Way(("alter table",))),
    ),
    Scenario(
        "22-delete",
        does(done(), deployer, sql(GRANTED), sql("alter table public.b owner to {role}")),
        "dbmate-wrap rollback -e staging",
        22,
        (Way(("grant delete",)),),
    ),
    Scenario(
        "22-owner",
        does(done(), deployer, sql(GRANTED), add("alter table public.a add j int;")),
        UP,
        22,
        (Way(("alter table public.a owner",)),),
    ),
    Scenario(
        "22-schema",
        does(done(), deployer, sql(GRANTED), add("create schema x;")),
        UP,
        22,
        (Way(("grant create on database",)),),
    ),
    Scenario(
        "22-role",
        does(
            deployer,
            sql("create role {boss}; grant create, usage on schema public to {boss}"),
            lambda scene: scene.env.update(DBMATE_WRAP_ROLE=scene.boss),
        ),
        UP,
        22,
        (Way(("grant",)),),
    ),
    Scenario(
        "22-no-role",
        does(deployer, lambda scene: scene.env.update(DBMATE_WRAP_ROLE=scene.boss)),
        UP,
        22,
        (Way(("create role", "grant"), by_hand=sql("grant create, usage on schema public to {boss}")),),
    ),
    Scenario(
        "22-stamp", deployer, "dbmate-wrap stamp -e staging", 22, (Way(("create schema dbmate_wrap",)),)
    ),
    Scenario(
        "22-stamp-unreadable",
        does(
            done(),
            deployer,
            sql("grant usage on schema public to {role}; grant select on public.schema_migrations to {role}"),
        ),
        "dbmate-wrap stamp -e staging",
        22,
        (Way(("grant usage", "grant select")),),
    ),
    Scenario(
        "22-read-only",
        sql("alter database {database} set default_transaction_read_only = on"),
        UP,
        22,
        (Way(("alter database",)),),
    ),
    Scenario(
        "22-read-only-role",
        does(
            deployer,
            sql(
                "alter role {role} set default_transaction_read_only = on;"
                " grant create, usage on schema public to {role}"
            ),
        ),
        UP,
        22,
        (Way(("alter role",)),),
    ),
    Scenario(
        "22-invalid-index",
        does(
            done(), sql(TWICE), invalid_index, sql("delete from public.a"), add(CONCURRENT, options=OUTSIDE)
        ),
        UP,
        22,
        (Way(("drop index concurrently",)),),
    ),
    Scenario(
        "22-wait",
        does(done(), deployer),
        "dbmate-wrap wait -e staging",
        22,
        (Way(("grant usage", "grant select on")),),
    ),
    Scenario(
        "22-wait-row-security",
        does(
            done(),
            deployer,
            sql(GRANTED),
            sql("alter table public.schema_migrations enable row level security"),
        ),
        "dbmate-wrap wait -e staging",
        22,
        (Way(("create policy",)), Way(("alter table",))),
    ),
    # 23 locked, 24 blocked
    # 0, with a warning that names a remedy
    Scenario(
        "0-no-ledger",
        does(deployer, sql("grant create, usage on schema public to {role}")),
        UP,
        0,
        (Way(("create schema dbmate_wrap",)),),
    ),
    Scenario(
        "0-ledger-without-tables",
        does(
            done(),
            sql("drop schema dbmate_wrap cascade; create schema dbmate_wrap"),
            deployer,
            sql(
                "grant create, usage on schema public to {role};"
                " grant select, insert on public.schema_migrations to {role}"
            ),
            add("select 1;", "select 1;"),
        ),
        UP,
        0,
        (
            Way(
                ("grant usage, create", "grant select"),
                by_hand=add("select 1;", "select 1;", name="004_d.sql"),
            ),
        ),
    ),
    Scenario(
        "0-ledger-not-writable",
        does(
            done(),
            deployer,
            sql(GRANTED),
            sql("revoke insert on all tables in schema dbmate_wrap from {role}"),
            add("select 1;", "select 1;"),
        ),
        UP,
        0,
        (Way(("grant usage", "grant select"), by_hand=add("select 1;", "select 1;", name="004_d.sql")),),
    ),
    Scenario(
        "23",
        does(
            env(DBMATE_WRAP_ADVISORY_LOCK_WAIT="0"),
            own_url,
            hold("select pg_advisory_lock(5441676959141149538)"),
        ),
        UP,
        23,
        (Way(("pg_terminate_backend",)), Way(by_hand=release)),
    ),
    Scenario(
        "24",
        does(
            done(),
            env(DBMATE_WRAP_LOCK_TIMEOUT="900ms", DBMATE_WRAP_LOCK_RETRIES="0"),
            hold("begin", "lock table public.a"),
            add("alter table public.a add j int;"),
        ),
        UP,
        24,
        (Way(("pg_terminate_backend",)), Way(by_hand=release)),
    ),
    # 30 failed
    Scenario(
        "30-unsealed",
        add("select nonesuch();", seal=False),
        UP,
        30,
        (Way(by_hand=mended("select 1;")), Way(("dbmate-wrap seal",), then=30)),
    ),
    Scenario(
        "30-sealed",
        does(add("select nonesuch();"), merged),
        UP,
        30,
        (Way(AMENDED, ends=NOT_ASKED, edit=mended("select 1;")),),
    ),
    Scenario(
        "30-rows",
        does(done(), sql(TWICE), add(UNIQUE), merged),
        UP,
        30,
        (
            Way(("dbmate-wrap psql",), by_hand=sql("delete from public.a")),
            Way(AMENDED, ends=NOT_ASKED, edit=mended(f"delete from public.a;\n{UNIQUE}")),
        ),
    ),
    Scenario(
        "30-extension",
        does(done(), deployer, sql(GRANTED), add("create extension dblink;"), merged),
        UP,
        30,
        (
            Way(
                ("create extension", *AMENDED),
                ends=NOT_ASKED,
                edit=mended("create extension if not exists dblink;"),
            ),
        ),
    ),
    Scenario(
        "30-owner",
        does(
            done(),
            deployer,
            sql(GRANTED),
            add("do $$ begin execute 'alter table public.a add j int'; end $$;"),
        ),
        UP,
        30,
        (Way(("alter table public.a owner",)),),
    ),
    Scenario(
        "30-setting",
        does(env(DBMATE_WRAP_STATEMENT_TIMEOUT="100ms"), add("select pg_sleep(0.5);")),
        UP,
        30,
        (Way(by_hand=env(DBMATE_WRAP_STATEMENT_TIMEOUT="")),),
    ),
    Scenario(
        "30-limit",
        does(
            done(),
            deployer,
            sql(GRANTED),
            sql("alter role {role} set statement_timeout = '200ms'; grant create on schema public to {role}"),
            add("select pg_sleep(0.5);"),
        ),
        UP,
        30,
        (Way((" in database ",)), Way((" reset statement_timeout",))),
    ),
    Scenario(
        "30-history-table",
        does(done(), add("drop table public.schema_migrations;"), merged),
        UP,
        30,
        (Way(AMENDED, ends=NOT_ASKED, edit=mended("select 1;")),),
    ),
    # 31 partial
    Scenario(
        "31-left",
        does(done(), sql(TWICE), add(CONCURRENT, options=OUTSIDE)),
        UP,
        31,
        (Way(("drop index concurrently",), by_hand=sql("delete from public.a")),),
    ),
    Scenario(
        "31-left-table",
        does(
            done(),
            add(
                "create table public.c (i int);\ncommit;\nselect 1 / (select count(*) from public.b);",
                options=OUTSIDE,
            ),
        ),
        UP,
        31,
        (Way(("drop table",), by_hand=sql("insert into public.b values (1)")),),
    ),
    Scenario(
        "31-there-already",
        does(
            done(),
            sql("create table public.c (i int)"),
            add("create table public.c (i int);", options=OUTSIDE),
        ),
        UP,
        31,
        (Way(("insert into",)), Way(by_hand=sql("drop table public.c"))),
    ),
    Scenario(
        "31-killed",
        does(done(), add("insert into public.a values (1);", options=OUTSIDE), sql(KILLED)),
        UP,
        31,
        (Way(("insert into",)), Way(("update dbmate_wrap.run",))),
    ),
    Scenario(
        "31-history-gone",
        does(done(), add("drop table public.schema_migrations;", options=OUTSIDE)),
        UP,
        31,
        (Way((TABLE, "insert into"), by_hand=sql("insert into public.schema_migrations values ('003')")),),
    ),
    # 32 pending: the page of the code
    Scenario("32", nothing, "dbmate-wrap status -e staging --exit-code", 32, (Way(by_hand=done()),)),
)


@pytest.fixture
def scene(
    project: MakeProject, embedded_database: Database, tmp_path: Path, clean_environment: Mapping[str, str]
) -> Iterator[Scene]:
    folder = tmp_path / "programs"
    folder.mkdir()
    with open_stage(project, embedded_database, folder, clean_environment) as stage:
        made = Scene(stage)
        yield made
        made.close()


def printed(typed: Typed) -> list[str]:
    """The commands and statements of all hints, and of the warnings that name a remedy."""
    texts = [*hints_of(typed.output), *re.findall(r"^warning: .*", typed.output, re.MULTILINE)]
    return [each for text in texts for each in (*commands_of(text), *statements_of(text))]


def cause(typed: Typed) -> str:
    return "\n".join(re.findall(r"^error: .*", typed.output, re.MULTILINE))


def type_remedy(scene: Scene, command: str) -> Typed:
    """Type it: SQL as the superuser, all else in the project's folder."""
    if command.startswith(("dbmate-wrap", "git", "createdb", "mv")):
        return scene.run(command)
    url = shlex.quote(scene.database.url)
    writes = "set default_transaction_read_only = off"
    return scene.run(
        f"psql -X -q -v ON_ERROR_STOP=1 -c {shlex.quote(writes)} -c {shlex.quote(command)} {url}"
    )


@pytest.mark.parametrize(
    ("scenario", "way"),
    [
        pytest.param(scenario, way, id=f"{scenario.name}-{number}")
        for scenario in SCENARIOS
        for number, way in enumerate(scenario.ways, 1)
    ],
)
def test_a_remedy_that_is_printed_works_when_it_is_typed(scene: Scene, scenario: Scenario, way: Way) -> None:
    scenario.prepare(scene)
    if way.before is not None:
        way.before(scene)
    first = scene.run(scenario.first)
    assert first.code == scenario.code, first.output
    offered = printed(first)
    if way.edit is not None:
        way.edit(scene)
    for pick in way.typed:
        command = next((each for each in offered if pick in f"`{each}`"), None)
        assert command is not None, (pick, offered, first.output)
        typed = type_remedy(scene, command)
        wanted = next(
            (code for part, code in way.ends.items() if part in command and part not in AMENDED[1]), 0
        )
        if AMENDED[1] in command:
            wanted = 0
        assert typed.code == wanted, typed
        assert typed.code not in (1, 2)
        assert typed.code == 0 or command.startswith(LOOKS) or cause(typed) != cause(first)
        offered += printed(typed)
    # What the hints on the way say counts as well.
    picks = [pick for each in scenario.ways for pick in each.typed]
    assert [each for each in offered if not any(pick in f"`{each}`" for pick in picks)] == []
    if way.by_hand is not None:
        way.by_hand(scene)
    again = scene.run(scenario.first)
    assert again.code == way.then, again.output
    assert scenario.code or not printed(again), again.output


def test_every_exit_code_that_a_command_can_end_with_has_a_scenario(run_cli: RunCli) -> None:
    assert {each.code for each in SCENARIOS} - {0} == {2, 10, 11, 12, 13, 20, 21, 22, 23, 24, 30, 31, 32}
