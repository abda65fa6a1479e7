"""The origin of a shared URL: said once, and left out of the error of each database."""

from pathlib import Path

import pytest

from dbmate_wrap import settings
from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.errors import ErrorReport
from dbmate_wrap.fleet.shared_origin import SharedOrigin
from dbmate_wrap.workspace.database import describe_origin
from tests.support.consoles import FakeConsole
from tests.support.settings_files import empty_project, write

ACME, BOLT = FleetTarget("acme", "acme_prod"), FleetTarget("bolt", "bolt_prod", "db2")
SHARED = "staging, URL from STAGING_DATABASE_URL in the process environment"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = empty_project(tmp_path, monkeypatch)
    monkeypatch.setenv("STAGING_DATABASE_URL", "postgres://u@h/base")
    return root


def test_what_the_databases_share_is_said_once_and_not_of_each() -> None:
    console, environment = FakeConsole(), settings.load(environment="staging").environment()
    origin = SharedOrigin(environment, console)
    for target in (ACME, BOLT):
        assert describe_origin(environment.at(target)) == f"{SHARED}, for the target {target.name}"
        told = ErrorReport(f"{describe_origin(environment.at(target))}: nothing answers on h", "a hint")
        assert origin.leave_out(told, target) == ErrorReport("nothing answers on h", "a hint")
    assert console.said == [f"not every database can be reached: {SHARED}"]


def test_an_error_that_does_not_name_the_origin_stays() -> None:
    console = FakeConsole()
    origin = SharedOrigin(settings.load(environment="staging").environment(), console)
    told = ErrorReport("the connection was lost")
    assert origin.leave_out(told, ACME) is told
    assert console.said == []


def test_where_each_has_its_own_url_its_origin_stays(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STAGING_DATABASE_URL")
    write(project, {"dbmate-wrap.toml": '[environments.staging]\nurl_file = "secrets/{target}"\n'})
    console, environment = FakeConsole(), settings.load(environment="staging").environment()
    told = ErrorReport(f"{describe_origin(environment.at(ACME))}: nothing answers on h")
    assert SharedOrigin(environment, console).leave_out(told, ACME) is told
    assert console.said == []
