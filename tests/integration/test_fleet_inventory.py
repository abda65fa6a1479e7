"""The inventory of a fleet from a query on a real server, and from a command that is run."""

import json
import sys
from pathlib import Path

import pytest

from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.errors import ConfigError, UnreachableError
from dbmate_wrap.fleet.inventory import load_inventory
from tests.support.contexts import fleet_context
from tests.support.servers import Database
from tests.support.settings_files import empty_project, script, write

pytestmark = pytest.mark.integration

TENANTS = """
create table tenants (name text, db name, shard_host text, port int, tier int, closed boolean, about jsonb);
insert into tenants values
    ('acme', 'crm_acme', null, null, 1, false, '{"region": "eu"}'),
    ('bolt', null, 'db2', 5433, null, false, null),
    ('core', null, null, null, 2, true, null);
"""
QUERY = "select name, db as database, shard_host as host, port, tier, about as labels from tenants"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty_project(tmp_path, monkeypatch)


def load(project: Path, key: str, value: str, *, toml: str = "") -> tuple[FleetTarget, ...]:
    """The targets of a fleet by a setting of it."""
    text = f"{toml}\n[fleets.crm]\n{key} = '''{value}'''\n"
    write(project, {"dbmate-wrap.toml": text})
    context = fleet_context(project, [])
    return load_inventory(context, context.project.fleet()).targets


def refusal(project: Path, key: str, value: str, *, toml: str = "") -> str:
    with pytest.raises(ConfigError) as caught:
        load(project, key, value, toml=toml)
    said = f"{caught.value.message} {caught.value.hint} {caught.value.faults}"
    assert "S3CR" not in said
    return said


@pytest.mark.both_majors
def test_a_query_lists_the_targets_by_the_names_of_its_columns(
    project: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute(TENANTS)
    monkeypatch.setenv("PRODUCTION_DATABASE_URL", database.url)
    assert load(project, "targets_query", f"{QUERY} where not closed order by name") == (
        FleetTarget("acme", "crm_acme", labels={"region": "eu", "tier": "1"}),
        FleetTarget("bolt", "bolt", "db2", 5433),
    )


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("delete from tenants returning name", "read-only transaction"),
        ("select nme from tenants", 'column "nme" does not exist'),
        ("select 'S3CRET'::int", "SQLSTATE 22P02"),
        ("select name from tenants where false", "the fleet crm has no targets"),
        ("select 1 as id", "row 1 of dbmate-wrap.toml: fleets.crm.targets_query: has no name"),
        ("select name, 'S3CRET' as password from tenants limit 1", "is a secret"),
        ("select 'a' as name union all select 'a'", "names a again"),
    ],
)
def test_a_query_that_lists_none_is_explained_and_writes_nothing(
    project: Path, embedded_database: Database, monkeypatch: pytest.MonkeyPatch, query: str, words: str
) -> None:
    embedded_database.execute(TENANTS)
    monkeypatch.setenv("PRODUCTION_DATABASE_URL", embedded_database.url)
    assert words in refusal(project, "targets_query", query)
    assert embedded_database.execute("select count(*) from tenants") == [(3,)]


def test_a_query_needs_the_database_of_the_environment(
    project: Path, embedded_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = "[environments.production]\nurl_file = 'secrets/{target}'"
    assert "a URL for each target alone" in refusal(project, "targets_query", QUERY, toml=own)
    url = embedded_database.server.url("no_such_database")
    monkeypatch.setenv("PRODUCTION_DATABASE_URL", url)
    with pytest.raises(UnreachableError):
        load(project, "targets_query", QUERY)


def test_a_command_prints_the_targets_and_gets_no_database_url(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRODUCTION_DATABASE_URL", "postgres://u:S3CRET@h/d")
    body = (
        "import json, os, sys\n"
        "assert 'PRODUCTION_DATABASE_URL' not in os.environ\n"
        "label = {'for': os.environ['DBMATE_WRAP_ENV'], 'arg': sys.argv[1]}\n"
        "for number in range(10000): print(json.dumps({'name': f't{number}', 'labels': label}))\n"
    )
    found = load(project, "targets_command", f"{script(project, body)} '{{environment}} x'")
    assert len(found) == 10_000
    assert found[-1] == FleetTarget("t9999", "t9999", labels={"for": "production", "arg": "production x"})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise SystemExit(3)", "the targets_command of crm ended with exit code 3"),
        ("import sys; print('token=S3CRET no login', file=sys.stderr); sys.exit(1)", "no login"),
        ("", "the fleet crm has no targets"),
        ("print('S3CRET')", "the output of dbmate-wrap.toml: fleets.crm.targets_command line 1: is not JSON"),
        ("import sys; sys.stdout.buffer.write(b'\\xe4')", "not UTF-8"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "signal 9"),
    ],
)
def test_a_command_that_fails_lists_nothing(project: Path, body: str, words: str) -> None:
    assert words in refusal(project, "targets_command", script(project, body))


def test_a_command_that_is_not_there_is_named(project: Path) -> None:
    assert "cannot be started" in refusal(project, "targets_command", "no-such-program")


def test_a_url_command_with_target_is_run_for_each_and_without_only_once(project: Path) -> None:
    body = (
        "import sys\n"
        "open('asked', 'a').write(f'{sys.argv[1:]}\\n')\n"
        "print(f'postgres://u:S3CRET@h/{sys.argv[-1]}')\n"
    )
    targets = '{"name": "acme"}\n{"name": "bolt"}\n'
    for words, databases, asked in (
        ("{environment} db_{target}", ["db_acme", "db_bolt"], 2),
        ("{environment} base", ["acme", "bolt"], 1),
    ):
        command = f"{script(project, body)} {words}"
        toml = (
            f"[environments.production]\nurl_command = {json.dumps(command)}\n"
            "[fleets.crm]\ntargets = 't.jsonl'\n"
        )
        write(project, {"dbmate-wrap.toml": toml, "t.jsonl": targets, "asked": ""})
        context = fleet_context(project, [])
        inventory = load_inventory(context, context.project.fleet())
        environment = context.environment.at(inventory.targets[0])
        found = [environment.at(each).resolve_url() for each in inventory.targets]
        assert [each.url.database for each in found if each is not None] == databases
        assert len((project / "asked").read_text(encoding="utf-8").splitlines()) == asked


def test_a_url_command_that_fails_for_a_target_names_it(project: Path) -> None:
    command = f"{script(project, 'raise SystemExit(1)')} {{target}}"
    toml = (
        f"[environments.production]\nurl_command = {json.dumps(command)}\n[fleets.crm]\ntargets = 't.csv'\n"
    )
    write(project, {"dbmate-wrap.toml": toml, "t.csv": "name\nacme\n"})
    context = fleet_context(project, [])
    [target] = load_inventory(context, context.project.fleet()).targets
    with pytest.raises(
        ConfigError, match="the url_command of production, target acme, failed with exit code 1"
    ):
        context.environment.at(target).resolve_url()


@pytest.mark.skipif(sys.platform == "win32", reason="no git there")
def test_a_fleet_is_refused_in_the_checkout_of_a_pull_request(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, {"dbmate-wrap.toml": "[fleets.crm]\ntargets = 't.csv'\n", "t.csv": "name\nacme\n"})
    monkeypatch.setenv("DBMATE_WRAP_BRANCH", "untrusted")
    context = fleet_context(project, [])
    with pytest.raises(ConfigError, match="not used in the checkout of a pull request"):
        context.project.fleet()
