"""check on the server that fits the history, and with roles that stand in for production's."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from dbmate_wrap.cluster import binaries, features
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.cluster.wheels import CELERP, EMBEDDED, WHEELS, Wheel
from tests.support.check_documents import status
from tests.support.cli import RunCli, RunJson, assert_refused
from tests.support.projects import MakeProject, migration
from tests.support.servers import Database, TcpServer

pytestmark = pytest.mark.e2e

TABLE = {"001_init.sql": migration("create schema shop;\ncreate table shop.a (i bigint);")}
PRODUCTION = (
    "create schema sales authorization app;\n"
    "create table sales.a (i bigint);\n"
    'alter table sales.a owner to "Reporting Team";\n'
    "create table shop.b (i bigint primary key);\n"
    "alter table shop.b owner to app;\n"
    "grant select on shop.b to reader;\n"
    "alter default privileges for role app in schema shop grant select on tables to reader;\n"
    "alter table shop.b enable row level security;\n"
    "create policy p on shop.b to reader using (true);\n"
    "do $$ begin grant usage on schema shop to reader; end $$;"
)
NOTICE = "placeholders for roles of production, which nothing here makes"


def rows(stdout: str) -> dict[str, str]:
    """The rows of the table, by their ids."""
    found = re.findall(r"^([a-z-]+) +(?:pass|warn|skip|fail) +(.*)$", stdout, re.MULTILINE)
    return {name: " ".join(message.split()) for name, message in found}


def message_of(document: Mapping[str, object]) -> str:
    """What the row about roles says."""
    checks = document["checks"]
    assert isinstance(checks, list)
    [message] = [str(row["message"]) for row in checks if row["id"] == "roles"]
    return message


def first_with(*extensions: str, icu: bool = False) -> Binaries:
    """The server of this machine that `auto` has to take."""
    for server in binaries.servers():
        has_all = all(features.has_extension(server, name) for name in extensions)
        if has_all and (features.has_icu(server) or not icu):
            return server
    pytest.skip(f"no server of this machine has {extensions or 'ICU'}")


@pytest.mark.parametrize("wheel", WHEELS, ids=lambda wheel: wheel.extra)
def test_the_table_of_wheels_says_what_each_offers(wheel: Wheel) -> None:
    server = binaries.from_wheel(wheel)
    if server is None:
        pytest.skip(f"the extra {wheel.extra} is not installed")
    assert server.major == wheel.major
    offered = features.extensions_of(server)
    assert wheel.extensions <= offered
    # What is for another language is of no use without that, and no wheel has one.
    assert {name for name in offered - wheel.extensions if "plpython3u" not in name} == set()
    assert (features.has_icu(server), features.has_tls(server)) == (False, wheel is CELERP)


def test_a_history_without_extensions_runs_on_the_first_server(project: MakeProject, run_cli: RunCli) -> None:
    folder = project(TABLE, sealed=True)
    done = run_cli(["check"], folder.root)
    assert done.returncode == 0, done.stderr
    assert f"on {next(binaries.servers()).title}" in rows(done.stdout)["shadow"]
    assert "the replay runs on" not in done.stderr
    again = run_cli(["check", "-v"], folder.root)
    assert "the first that has what is needed" in again.stderr


@pytest.mark.parametrize(
    ("text", "extension", "icu"),
    [
        ("create extension pgcrypto;", "pgcrypto", False),
        ("do $$ begin create extension pgcrypto; end $$;", "pgcrypto", False),
        ('create extension "uuid-ossp";', "uuid-ossp", False),
        ('create table shop.b (n text collate "de-x-icu");', "plpgsql", True),
    ],
)
def test_the_server_is_the_first_that_has_what_the_history_needs(
    project: MakeProject, run_cli: RunCli, text: str, extension: str, icu: bool
) -> None:
    wanted = first_with(extension, icu=icu)
    folder = project({**TABLE, "002_b.sql": migration(text)}, sealed=True)
    done = run_cli(["check"], folder.root)
    assert done.returncode == 0, done.stderr
    assert f"on {wanted.title}" in rows(done.stdout)["shadow"]
    lacking = "ICU" if icu else extension
    assert f"the replay runs on {wanted.title}: embedded PostgreSQL 18 lacks {lacking}" in done.stderr
    cached = run_cli(["check"], folder.root)
    assert "taken from the cache" in rows(cached.stdout)["shadow"]


def test_an_extension_that_no_server_has_is_told_with_what_would_help(
    project: MakeProject, run_cli: RunCli
) -> None:
    folder = project({**TABLE, "002_b.sql": migration("create extension nosuch;")}, sealed=True)
    done = run_cli(["check"], folder.root)
    assert_refused(done, 22, "002_b.sql creates what the shadow server .* not have: nosuch", "three ways out")
    assert re.search(r"apt search postgresql-\d+-nosuch", done.stderr)
    assert "the replay runs on" not in done.stderr, "the error says it"


@pytest.mark.parametrize("shadow", ["embedded:18", "embedded:17", "local:15"])
def test_roles_that_nothing_makes_stand_in_for_those_of_production(
    project: MakeProject, run_cli: RunCli, run_json: RunJson, shadow: str
) -> None:
    kind, _, major = shadow.partition(":")
    if not any(each.kind == kind and each.major == int(major) for each in binaries.servers()):
        pytest.skip(f"no {shadow}")
    down = "drop schema sales cascade; drop table shop.b; revoke usage on schema shop from reader;"
    down += "alter default privileges for role app in schema shop revoke select on tables from reader;"
    files = {**TABLE, "002_b.sql": migration(PRODUCTION, down)}
    folder = project(files, toml=f'shadow = "{shadow}"\n')
    done = run_cli(["check", "--all"], folder.root)
    assert done.returncode == 0, done.stderr
    assert "down-incomplete" not in done.stderr
    said = f"{NOTICE}: Reporting Team, app, reader (NOLOGIN, on the throw-away server alone)"
    assert rows(done.stdout)["roles"] == said
    again = run_json(["check", "--all"], folder.root)
    assert status(again)["roles"] == "pass"
    # A migration that makes the role is no longer helped, nor hindered by a template with the placeholder.
    makes = "create role reader; create role app nologin; create schema shop; create table shop.a (i int);"
    makes += "grant create on schema shop to app;"
    folder.add("001_init.sql", migration(makes, "select 1;"))
    fixed = run_json(["check", "--all"], folder.root)
    assert message_of(fixed) == f"{NOTICE}: Reporting Team (NOLOGIN, on the throw-away server alone)"
    assert (fixed["error"], status(fixed)["roles"]) == (None, "pass")


def test_roles_of_shadow_setup_are_no_placeholders(project: MakeProject, run_json: RunJson) -> None:
    toml = 'shadow = "embedded"\nshadow_setup = "db/shadow.sql"\n'
    files = {**TABLE, "002_b.sql": migration("grant select on shop.a to reader, app;")}
    folder = project(files, sealed=True, toml=toml)
    (folder.root / "db" / "shadow.sql").write_text(
        "create role reader;\ngrant usage on schema public to x;\n"
    )
    document = run_json(["check"], folder.root)
    assert document["error"] is None
    assert message_of(document).startswith(f"{NOTICE}: app, x (")


def test_on_the_server_of_a_url_roles_are_asked_for_and_never_made(
    project: MakeProject, run_cli: RunCli, tcp_server: TcpServer
) -> None:
    files = {**TABLE, "002_b.sql": migration("grant select on shop.a to auto_reader;")}
    folder = project(files, sealed=True, toml='shadow = "url"\n')
    env = {"DBMATE_WRAP_SHADOW_URL": tcp_server.tcp_url(user=tcp_server.role)}
    try:
        done = run_cli(["check"], folder.root, env)
        assert_refused(done, 22, 'role "auto_reader" does not exist', "make auto_reader where it is missing")
        assert not tcp_server.execute("select from pg_roles where rolname = 'auto_reader'")
    finally:
        for (name,) in tcp_server.execute(
            "select datname from pg_database where datname like 'dbmate_wrap%'"
        ):
            tcp_server.execute(f'drop database "{name}" with (force)')


def test_a_placeholder_is_gone_when_another_history_is_checked(
    project: MakeProject, run_json: RunJson
) -> None:
    """Roles are the server's: one that stood in must not be in the way of the migration that makes it."""
    folder = project(TABLE, sealed=True, toml='shadow = "embedded"\n')
    path: Path = folder.add("002_b.sql", migration("grant select on shop.a to reader;", "select 1;"))
    assert status(run_json(["check"], folder.root))["roles"] == "pass"
    path.write_bytes(migration("create role reader; grant select on shop.a to reader;").encode())
    document = run_json(["check"], folder.root)
    assert (document["error"], status(document)["shadow"]) == (None, "pass")
    assert "roles" not in status(document)


def test_what_is_given_to_the_superuser_of_another_server_stays(
    project: MakeProject, run_cli: RunCli
) -> None:
    """A dump of a server whose objects belong to postgres; that of the replay is out of its role's reach."""
    owned = "create table shop.b (i bigint);\nalter table shop.b owner to postgres;\n"
    owned += "grant select on shop.b to postgres;"
    folder = project({**TABLE, "002_b.sql": migration(owned)}, sealed=True)
    done = run_cli(["check"], folder.root)
    assert done.returncode == 0, done.stderr
    assert "roles" not in rows(done.stdout)


def test_drift_knows_roles_and_owners_of_production(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    """What the files give to them is no difference; what the live schema names besides can be loaded."""
    database, env = embedded_database, {"STAGING_DATABASE_URL": embedded_database.url}
    names = ("auto_owner", '"auto Team"', "auto_reader", "auto_late")
    text = (
        "create table public.t (i int);\nalter table public.t owner to auto_owner;\n"
        'create table public.u (i int);\nalter table public.u owner to "auto Team";\n'
        "grant select on public.u to auto_reader;\ncreate policy p on public.u to auto_reader using (true);"
    )
    folder = project({"001_init.sql": migration(text)}, sealed=True)
    for name in names:
        database.execute(f"create role {name}")
    try:
        assert run_cli(["up", "-e", "staging"], folder.root, env).returncode == 0
        same = run_cli(["drift", "-e", "staging", "--rights"], folder.root, env)
        assert (same.returncode, "no difference" in same.stdout) == (0, True), same
        assert "rights:" not in same.stdout
        database.execute("create policy q on public.t to auto_late using (true)")
        other = run_cli(["drift", "-e", "staging", "--rights"], folder.root, env)
        assert other.returncode == 33, other
        assert "1 difference" in other.stdout
        assert "policy q of public.t" in other.stdout
    finally:
        database.execute(f"drop owned by {', '.join(names)}; drop role {', '.join(names)}")


def test_the_wheel_of_an_older_major_is_named_where_it_is_missing(
    project: MakeProject, run_cli: RunCli
) -> None:
    folder = project(TABLE, sealed=True, toml='shadow = "embedded:16"\n')
    majors = f"{EMBEDDED.major} and {CELERP.major}"
    assert_refused(
        run_cli(["check"], folder.root),
        10,
        "embedded PostgreSQL 16 is not installed",
        f"wheels of .*{majors}",
    )
