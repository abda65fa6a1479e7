"""The role of the settings: what migrations make belongs to it, whoever logs in."""

import uuid
from collections.abc import Iterator

import pytest

from tests.support.cli import TWO, RunCli, applied, assert_refused
from tests.support.projects import MakeProject
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

UP = ["up", "-e", "staging"]


@pytest.fixture
def roles(database: Database) -> Iterator[tuple[str, str]]:
    """An owner whose name has a space, and a login that inherits nothing."""
    suffix = uuid.uuid4().hex[:8]
    owner, login = f"app owner {suffix}", f"deploy_{suffix}"
    database.execute(
        f'create role "{owner}"; create role {login} login noinherit;'
        f' grant create, usage on schema public to "{owner}";'
        f' grant create on database {database.name} to "{owner}"'
    )
    yield owner, login
    database.execute(f'drop owned by "{owner}", {login} cascade; drop role "{owner}"; drop role {login}')


def settings(database: Database, owner: str, login: str) -> dict[str, str]:
    url = database.url.replace(f"{database.server.superuser}@", f"{login}@")
    return {"STAGING_DATABASE_URL": url, "DBMATE_WRAP_ROLE": owner}


@pytest.mark.both_majors
def test_what_is_made_belongs_to_the_role(
    project: MakeProject, run_cli: RunCli, database: Database, roles: tuple[str, str]
) -> None:
    owner, login = roles
    root, env = project(TWO, sealed=True).root, settings(database, owner, login)
    refused = run_cli(UP, root, env)
    assert_refused(refused, 22, f"{login} cannot become the role {owner}", f'grant "{owner}" to "{login}"')
    database.execute(f'grant "{owner}" to {login}')
    done = run_cli(UP, root, env)
    assert done.returncode == 0, done.stderr
    owners = "select distinct tableowner::text from pg_tables where schemaname in ('public', 'dbmate_wrap')"
    assert database.execute(owners) == [(owner,)]
    assert database.execute("select distinct database_user from dbmate_wrap.run") == [(login,)]
    for words in (["status", "-e", "staging"], ["dump", "-e", "staging"], ["rollback", "-e", "staging"]):
        assert run_cli(words, root, env).returncode == 0
    assert applied(database) == ["001"]


def test_a_history_of_somebody_else_is_said(
    project: MakeProject, run_cli: RunCli, database: Database, roles: tuple[str, str]
) -> None:
    owner, login = roles
    database.execute(f'grant "{owner}" to {login}')
    database.execute("create table public.schema_migrations (version varchar primary key)")
    database.execute(f'grant select, insert, delete on public.schema_migrations to "{owner}"')
    done = run_cli(UP, project(TWO, sealed=True).root, settings(database, owner, login))
    assert done.returncode == 0, done.stderr
    assert "warning: the history table belongs to postgres, and the migrations run as" in done.stderr
