"""The settings of fleets: what is read, what is a fault, and which fleet is meant."""

from pathlib import Path

import pytest

from dbmate_wrap import settings
from dbmate_wrap.domain.failure_limit import FailureLimit
from dbmate_wrap.domain.fleet_reference import FleetReference
from dbmate_wrap.errors import ConfigError
from tests.support.settings_files import empty_project, write

CRM = '[fleets.crm]\ntargets = "targets.csv"\n'


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty_project(tmp_path, monkeypatch)


def said(project: Path, text: str) -> list[str]:
    """Every fault of a configuration, with the name of its key."""
    write(project, {"dbmate-wrap.toml": text})
    with pytest.raises(ConfigError) as caught:
        settings.load()
    assert "S3CR" not in f"{caught.value.faults}"
    return [
        f"{each.source.removeprefix('dbmate-wrap.toml: ')}: {each.message}" for each in caught.value.faults
    ]


def test_a_fleet_is_of_production_and_has_no_limits_where_nothing_is_said(project: Path) -> None:
    write(project, {"dbmate-wrap.toml": CRM})
    fleet = settings.load().fleet()
    assert (fleet.name, fleet.environment) == ("crm", "production")
    assert fleet.targets == project / "targets.csv"
    assert (fleet.targets_command, fleet.targets_query) == (None, None)
    assert (fleet.jobs, fleet.per_server, fleet.max_failures, fleet.target_deadline) == (None,) * 4
    assert fleet.sources == {"targets": "dbmate-wrap.toml: fleets.crm.targets"}


def test_every_key_of_a_fleet_is_read_from_pyproject_too(project: Path) -> None:
    table = """
        [tool.dbmate-wrap.fleets.crm]
        environment = "staging"
        targets_command = "list-tenants --json 'a b'"
        jobs = 16
        per_server = 4
        max_failures = "10%"
        target_deadline = "30m"
        [tool.dbmate-wrap.fleets.dwh]
        targets_query = "select name from tenants"
        max_failures = 5
    """
    write(project, {"pyproject.toml": table})
    crm, dwh = settings.load().fleets.values()
    assert crm.environment == "staging"
    assert crm.targets_command == "list-tenants --json 'a b'"
    assert (crm.jobs, crm.per_server) == (16, 4)
    assert (crm.max_failures, crm.target_deadline) == (FailureLimit(None, 10.0), 1800.0)
    assert (dwh.targets_query, dwh.max_failures) == ("select name from tenants", FailureLimit(5, None))
    assert dwh.sources["targets_query"] == "pyproject.toml: tool.dbmate-wrap.fleets.dwh.targets_query"


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("fleets = 3", ["fleets: must be a table"]),
        ("[fleets]\ncrm = 'targets.csv'", ["fleets.crm: must be a table"]),
        ("[fleets.'a b']\ntargets = 't.csv'", ["fleets.(a key): must be a name of letters, digits, - and _"]),
        ("[fleets.crm]", ["fleets.crm: needs exactly one of targets, targets_command, targets_query"]),
        (
            f"{CRM}targets_query = 'select 1'",
            ["fleets.crm: needs exactly one of targets, targets_command, targets_query"],
        ),
        (f"{CRM}enviroment = 'staging'", ["fleets.crm.enviroment: is not a setting"]),
        (f"{CRM}environment = 'stagin'", ["fleets.crm.environment: stagin is not an environment"]),
        (f"{CRM}environment = 3", ["fleets.crm.environment: must be text"]),
        (
            "[fleets.crm]\ntargets = 'targets.yaml'",
            ["fleets.crm.targets: must be a file that ends in .toml, .csv, .jsonl"],
        ),
        (
            "[fleets.crm]\ntargets_command = 'a \"b'",
            [
                "fleets.crm.targets_command: is not a command line: it is split as a shell does;"
                " quotes must be closed"
            ],
        ),
        ("[fleets.crm]\ntargets_query = ' '", ["fleets.crm.targets_query: must be text"]),
        (f"{CRM}jobs = 0", ["fleets.crm.jobs: must be a whole number from 1 to 1000"]),
        (f"{CRM}jobs = true", ["fleets.crm.jobs: must not be true or false"]),
        (f"{CRM}per_server = '4'", ["fleets.crm.per_server: must be a whole number from 1 to 1000"]),
        (f"{CRM}target_deadline = '0'", ["fleets.crm.target_deadline: must be more than 0"]),
        # Nothing that is a secret belongs here.
        (
            "[fleets.crm]\ntargets_command = 'list --url postgres://u:S3CRET@h/d'",
            ["fleets.crm.targets_command: is a secret, which does not belong in a file that is shared"],
        ),
        (
            f"{CRM}password = 'S3CRET'",
            ["fleets.crm.password: is a secret, which does not belong in a file that is shared"],
        ),
    ],
)
def test_what_is_wrong_with_a_fleet_is_told_with_its_key(project: Path, text: str, faults: list[str]) -> None:
    assert said(project, text) == faults


def test_the_faults_of_all_fleets_are_told_at_once_with_those_of_the_environments(project: Path) -> None:
    text = f"lock_timeout = 'never'\n{CRM}jobs = 0\nmax_failures = 'few'\n[fleets.dwh]\n"
    assert {each.partition(": ")[0] for each in said(project, text)} == {
        "lock_timeout",
        "fleets.crm.jobs",
        "fleets.crm.max_failures",
        "fleets.dwh",
    }


TWO = f'{CRM}[fleets.dwh]\ntargets = "dwh.csv"\n[fleets.qa]\nenvironment = "staging"\ntargets = "qa.csv"\n'


@pytest.mark.parametrize(
    ("name", "environment", "fleet"),
    [("crm", None, "crm"), ("crm", "production", "crm"), ("qa", None, "qa"), (None, "staging", "qa")],
)
def test_the_fleet_is_the_one_that_is_named_or_the_only_one_of_the_environment(
    project: Path, name: str | None, environment: str | None, fleet: str
) -> None:
    write(project, {"dbmate-wrap.toml": TWO})
    assert settings.load().fleet(name, environment).name == fleet


@pytest.mark.parametrize(
    ("name", "environment", "message", "hint"),
    [
        (None, None, "there are 3 fleets", "crm, dwh, qa"),
        (None, "production", "there are 2 fleets of production", "crm, dwh"),
        (
            None,
            "dev",
            "there is no fleet of dev",
            "crm (-e production), dwh (-e production), qa (-e staging)",
        ),
        ("crn", None, "crn is not a fleet", "did you mean crm?"),
        ("postgres://u:S3CRET@h/d", None, "this is not a fleet", "there are crm, dwh, qa"),
        ("crm", "staging", "the fleet crm is of production, not of staging", "leave -e out"),
    ],
)
def test_a_fleet_that_is_not_there_or_not_the_only_one_is_refused(
    project: Path, name: str | None, environment: str | None, message: str, hint: str
) -> None:
    write(project, {"dbmate-wrap.toml": TWO})
    with pytest.raises(ConfigError) as caught:
        settings.load().fleet(name, environment)
    assert message in caught.value.message
    assert hint in str(caught.value.hint)
    assert "S3CR" not in f"{caught.value.message} {caught.value.hint}"


def test_without_any_fleet_the_hint_says_where_one_is_written(project: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        settings.load().fleet()
    assert "[fleets.NAME]" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("about", "environment", "selected"),
    [
        (FleetReference("qa"), None, "staging"),
        (FleetReference("qa", "acme"), None, "staging"),
        (FleetReference(None, "acme"), "staging", "staging"),
    ],
)
def test_a_fleet_selects_its_environment(
    project: Path, about: FleetReference, environment: str | None, selected: str
) -> None:
    # .env.dev is not read, and so its faults are none of this run's.
    write(project, {"dbmate-wrap.toml": TWO, ".env.dev": "DATABASE_URL='postgres://u:x@h/d"})
    assert settings.load(environment=environment, about=about).selected == selected


def test_a_target_without_an_environment_is_one_of_the_default_environment_and_of_no_other(
    project: Path,
) -> None:
    write(project, {"dbmate-wrap.toml": CRM})
    with pytest.raises(ConfigError, match="there is no fleet of dev"):
        settings.load(about=FleetReference(None, "acme"))


def test_an_environment_that_is_none_is_said_before_its_fleet(project: Path) -> None:
    write(project, {"dbmate-wrap.toml": CRM})
    with pytest.raises(ConfigError, match="prodution is not an environment"):
        settings.load(environment="prodution", about=FleetReference(None, "acme"))
