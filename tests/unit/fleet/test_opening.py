"""A fleet is opened: its limits, what a run over it is about, and where each target is."""

import threading
from pathlib import Path

import pytest

from dbmate_wrap import settings
from dbmate_wrap.domain.command_hint import TargetOfFleet
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.fleet import Shard, TargetSelection
from dbmate_wrap.errors import ConfigError, PreflightError, UsageError, WrapError
from dbmate_wrap.fleet.opening import FleetChoice, OpenFleet, open_fleet
from dbmate_wrap.fleet.survey import Located
from dbmate_wrap.fleet.turns import Limits
from dbmate_wrap.process import Command, Completed
from dbmate_wrap.settings import url_command
from tests.support.consoles import FakeConsole
from tests.support.fleet_runs import context_of
from tests.support.settings_files import empty_project, write

PASSWORD = "hunter2-Long"
BASE = f"postgres://app:{PASSWORD}@db.example.com/crm?sslmode=require"
LIST = "name,database,host,port,region\nacme,,,,eu\nbolt,db_bolt,,,us\ncactus,,db2.example.com,5433,eu\n"
FLEET = '[fleets.tenants]\nenvironment = "staging"\ntargets = "tenants.csv"\n'
OWN_URLS = "[environments.staging]\nurl_command = 'ask {target}'\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose fleet has three targets on two servers, and one URL for all."""
    root = empty_project(tmp_path, monkeypatch)
    monkeypatch.setenv("STAGING_DATABASE_URL", BASE)
    write(root, {"tenants.csv": LIST, "dbmate-wrap.toml": FLEET})
    return root


def opened(choice: FleetChoice | None = None, console: FakeConsole | None = None) -> OpenFleet:
    """The fleet of the project."""
    loaded = settings.load(environment="staging")
    return open_fleet(context_of(loaded, console), loaded.fleet(), choice or FleetChoice(TargetSelection()))


def url_in(located: Located) -> DatabaseUrl:
    assert isinstance(located.url, DatabaseUrl)
    return located.url


def error_in(located: Located) -> WrapError:
    assert isinstance(located.url, WrapError)
    return located.url


class Asked:
    """The programs that `url_command` runs: each prints the URL of its target, or fails."""

    def __init__(self, urls: dict[str, str | None]) -> None:
        self.urls = urls
        self.targets: list[str] = []
        self.at_once = threading.Barrier(1)

    def run(self, command: Command, timeout: float) -> Completed:
        """Stands for `run`."""
        target = command.argv[-1]
        self.targets.append(target)
        self.at_once.wait(30)
        url = self.urls[target]
        code = 0 if url is not None else 3
        return Completed(command.argv, code, f"{url}\n" if url else "", "", timed_out=False)


@pytest.fixture
def asked(project: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The same project, where a command gives each target a URL of its own."""
    monkeypatch.delenv("STAGING_DATABASE_URL")
    write(project, {"dbmate-wrap.toml": OWN_URLS + FLEET})
    names = ("acme", "bolt", "cactus")
    made = Asked({name: f"postgres://app:of-{name}-only@{name}.example.com/crm" for name in names})
    monkeypatch.setattr(url_command, "run", made.run)
    return made


@pytest.mark.usefixtures("project")
def test_each_target_is_where_the_shared_url_and_its_own_line_say() -> None:
    located = opened().locate()
    assert [each.target.name for each in located] == ["acme", "bolt", "cactus"]
    places = [(url_in(each).host, url_in(each).port, url_in(each).database) for each in located]
    assert places == [
        ("db.example.com", 5432, "acme"),
        ("db.example.com", 5432, "db_bolt"),
        ("db2.example.com", 5433, "cactus"),
    ]
    assert {(url_in(each).user, url_in(each).password, url_in(each).sslmode) for each in located} == {
        ("app", PASSWORD, "require")
    }


def test_a_command_that_gives_the_shared_url_runs_once_and_its_password_is_learned(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STAGING_DATABASE_URL")
    write(project, {"dbmate-wrap.toml": "[environments.staging]\nurl_command = 'ask all'\n" + FLEET})
    asked = Asked({"all": BASE})
    monkeypatch.setattr(url_command, "run", asked.run)
    fleet = opened()
    assert len(fleet.locate()) == 3
    assert asked.targets == ["all"]
    assert fleet.context.secrets.mask(f"acme {PASSWORD} db_bolt") == "acme *** db_bolt"


def test_a_command_that_knows_each_target_is_asked_for_each_and_every_password_is_learned(
    asked: Asked,
) -> None:
    fleet = opened()
    located = fleet.locate()
    assert sorted(asked.targets) == ["acme", "bolt", "cactus"]
    # In the order of the list, whoever answers first.
    assert [(each.target.name, url_in(each).host) for each in located] == [
        (name, f"{name}.example.com") for name in ("acme", "bolt", "cactus")
    ]
    assert fleet.context.secrets.mask("of-acme-only of-bolt-only of-cactus-only") == "*** *** ***"


def test_the_commands_run_side_by_side(asked: Asked) -> None:
    # Each waits for the others.
    asked.at_once = threading.Barrier(3)
    assert len(opened(FleetChoice(TargetSelection(), jobs=3, per_server=1)).locate()) == 3


def test_a_target_whose_command_fails_stops_no_other(asked: Asked) -> None:
    asked.urls["bolt"] = None
    located = opened().locate()
    assert [isinstance(each.url, DatabaseUrl) for each in located] == [True, False, True]
    error = error_in(located[1])
    assert isinstance(error, ConfigError)
    assert "staging, target bolt, failed with exit code 3" in error.message


def test_only_the_targets_of_the_run_are_asked_for(asked: Asked) -> None:
    located = opened(FleetChoice(TargetSelection({"region": "us"}))).locate()
    assert [each.target.name for each in located] == asked.targets == ["bolt"]


def test_two_targets_whose_urls_reach_one_database_are_10(asked: Asked) -> None:
    asked.urls["cactus"] = asked.urls["acme"]
    with pytest.raises(ConfigError, match=r"is the same database as the target acme: crm") as raised:
        opened().locate()
    assert [fault.source for fault in raised.value.faults] == ["the target cactus"]


def test_so_are_two_of_which_one_names_the_server_of_the_shared_url(project: Path) -> None:
    write(project, {"tenants.csv": LIST + "dodo,acme,db.example.com,5432,\n"})
    with pytest.raises(ConfigError, match=r"is the same database as the target acme: acme") as raised:
        opened().locate()
    assert PASSWORD not in str(raised.value)


def test_a_target_that_is_the_database_of_another_environment_is_not_taken(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRODUCTION_DATABASE_URL", "postgres://app@db.example.com/acme")
    located = opened().locate()
    assert "the target acme is the same database as environment production" in error_in(located[0]).message
    assert [isinstance(each.url, DatabaseUrl) for each in located] == [False, True, True]


def test_a_shared_url_that_is_missing_ends_the_run(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STAGING_DATABASE_URL")
    with pytest.raises(ConfigError, match="has no database URL"):
        opened().locate()


def test_tls_is_required_where_the_environment_does(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, {"dbmate-wrap.toml": "[environments.staging]\nrequire_tls = true\n" + FLEET})
    monkeypatch.setenv("STAGING_DATABASE_URL", BASE.replace("require", "prefer"))
    assert {url_in(each).sslmode for each in opened().locate()} == {"require"}
    monkeypatch.setenv("STAGING_DATABASE_URL", BASE.replace("require", "disable"))
    with pytest.raises(PreflightError, match="requires TLS"):
        opened().locate()


@pytest.mark.parametrize(
    ("choice", "in_settings", "limits"),
    [
        (FleetChoice(TargetSelection()), "", Limits(8, 8)),
        (FleetChoice(TargetSelection()), "jobs = 20\nper_server = 3\n", Limits(20, 3)),
        (FleetChoice(TargetSelection(), 4, 2), "jobs = 20\nper_server = 3\n", Limits(4, 2)),
        (FleetChoice(TargetSelection(), jobs=4), "per_server = 3\n", Limits(4, 3)),
    ],
)
def test_the_limits_are_those_of_the_command_line_then_of_the_settings(
    project: Path, choice: FleetChoice, in_settings: str, limits: Limits
) -> None:
    write(project, {"dbmate-wrap.toml": FLEET + in_settings})
    assert opened(choice).limits == limits


@pytest.mark.usefixtures("project")
def test_the_targets_of_a_run_are_those_of_its_labels_and_its_shard() -> None:
    selection = TargetSelection({"region": "eu"}, Shard(1, 2))
    fleet = opened(FleetChoice(selection))
    scope = fleet.scope("up")
    assert scope.names == ("acme", "cactus")
    assert [each.name for each in fleet.targets] == [name for name in scope.names if Shard(1, 2).has(name)]
    assert (scope.size, scope.digest) == (3, fleet.inventory.digest)
    assert (scope.where, scope.shard) == (("region=eu",), "1/2")
    with pytest.raises(UsageError):
        opened(FleetChoice(TargetSelection({"region": "asia"})))


@pytest.mark.parametrize(
    ("another", "fleet"),
    [("", None), ('environment = "production"', None), ('environment = "staging"', "tenants")],
)
def test_a_command_names_the_fleet_where_its_environment_has_two(
    project: Path, another: str, fleet: str | None
) -> None:
    more = f'\n[fleets.others]\ntargets = "others.csv"\n{another}\n' if another else ""
    write(project, {"dbmate-wrap.toml": FLEET + more})
    loaded = settings.load(environment="staging")
    found = open_fleet(context_of(loaded), loaded.fleets["tenants"], FleetChoice(TargetSelection()))
    assert found.scope("up").place_of("acme") == TargetOfFleet("staging", "acme", fleet)


def test_host_and_port_of_a_target_that_has_a_url_of_its_own_are_said_to_have_no_effect(asked: Asked) -> None:
    console = FakeConsole()
    opened(console=console)
    assert console.said == [
        "warning: the URL of each target is its own: host, port and database have no effect"
    ]
