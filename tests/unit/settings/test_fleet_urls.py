"""The URL of a target: that of its environment with its database, or one of its own by {target}."""

import pickle
from pathlib import Path

import pytest

from dbmate_wrap import settings
from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.settings import Environment, ResolvedUrl, url_lookup
from dbmate_wrap.settings.fleet_urls import FleetUrls
from tests.support.settings_files import empty_project, refusal, staging, write

ACME, BOLT = FleetTarget("acme", "acme"), FleetTarget("bolt", "crm", "db2", 5433)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty_project(tmp_path, monkeypatch)


def resolved(environment: Environment) -> ResolvedUrl:
    found = environment.resolve_url()
    assert found is not None
    return found


def qa(monkeypatch: pytest.MonkeyPatch, url: str = "postgres://u:S3CRET@h/base") -> Environment:
    monkeypatch.setenv("STAGING_DATABASE_URL", url)
    return settings.load(environment="staging").environment()


def test_a_target_has_the_url_of_its_environment_and_its_own_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment = qa(monkeypatch)
    acme, bolt = resolved(environment.at(ACME)), resolved(environment.at(BOLT))
    assert acme.url.public() == "postgres://u@h:5432/acme?sslmode=prefer"
    assert bolt.url.public() == "postgres://u@db2:5433/crm?sslmode=prefer"
    assert acme.url.password == "S3CRET"
    assert acme.source == "STAGING_DATABASE_URL in the process environment, for the target acme"
    assert environment.at(ACME).url_source() == acme.source
    assert environment.at(ACME).name == "staging"
    assert environment.target is None


def test_the_url_that_targets_share_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = qa(monkeypatch)
    urls = FleetUrls(environment)
    looked_up = 0
    find = url_lookup.UrlSources.of_process

    def counted(sources: url_lookup.UrlSources, name: str) -> url_lookup.FoundUrl | None:
        nonlocal looked_up
        looked_up += name == "staging"
        return find(sources, name)

    monkeypatch.setattr(url_lookup.UrlSources, "of_process", counted)
    assert urls.base() is not None
    once = looked_up
    for number in range(100):
        target = FleetTarget(f"t{number}", f"t{number}")
        assert resolved(environment.at(target, urls)).url.database == f"t{number}"
    assert looked_up == once


def test_a_refused_password_is_asked_for_again_once_for_all_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = qa(monkeypatch)
    urls = FleetUrls(environment)
    old = resolved(environment.at(ACME, urls)).url
    environment.url_sources.variables = {"STAGING_DATABASE_URL": "postgres://u:NEW@h/base"}
    assert resolved(environment.at(BOLT, urls)).url.password == "S3CRET"
    renewed = environment.at(ACME, urls).resolve_url(refused=old)
    assert renewed is not None
    assert renewed.url.password == "NEW"
    environment.url_sources.variables = {"STAGING_DATABASE_URL": "postgres://u:NEWER@h/base"}
    # Another target has asked already.
    second = environment.at(BOLT, urls).resolve_url(refused=old)
    assert second is not None
    assert second.url.password == "NEW"


def test_the_urls_go_to_another_process_with_what_was_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = qa(monkeypatch)
    urls = FleetUrls(environment)
    urls.base()
    there = pickle.loads(pickle.dumps(environment.at(ACME, urls)))
    there.url_sources.variables = {}
    assert resolved(there).url.database == "acme"
    assert there.target == ACME


@pytest.mark.parametrize(
    ("variable", "url", "what"),
    [
        ("PRODUCTION_DATABASE_URL", "postgres://x@H:5432/acme", "environment production"),
        ("DBMATE_WRAP_SHADOW_URL", "postgres://x@h/acme", "shadow_url"),
    ],
)
def test_a_target_is_not_the_database_of_another_environment_or_the_shadow(
    variable: str, url: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, url)
    environment = qa(monkeypatch)
    urls = FleetUrls(environment)
    assert f"the target acme is the same database as {what}" in refusal(environment.at(ACME, urls))
    assert resolved(environment.at(BOLT, urls)).url.host == "db2"


def test_a_target_is_not_looked_for_where_its_environment_has_no_url(project: Path) -> None:
    environment = settings.load(environment="production").environment()
    assert "environment production: has no database URL" in refusal(environment.at(ACME))


def test_a_target_of_dev_without_a_url_is_on_the_embedded_server() -> None:
    environment = settings.load().environment()
    assert environment.at(ACME).resolve_url() is None
    assert environment.at(ACME).is_embedded
    assert "has a host or a port, and dev has no URL" in refusal(environment.at(BOLT))


def test_the_url_of_the_embedded_server_is_given_to_the_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    base = resolved(qa(monkeypatch))
    monkeypatch.delenv("STAGING_DATABASE_URL")
    environment = settings.load(environment="dev").environment()
    urls = FleetUrls(environment, ResolvedUrl(base.url, "the embedded server"))
    found = resolved(environment.at(ACME, urls))
    assert (found.url.database, found.source) == ("acme", "the embedded server, for the target acme")
    again = environment.at(ACME, urls).resolve_url(refused=found.url)
    assert again == found
    assert "has a host or a port, and dev has no URL" in refusal(environment.at(BOLT, urls))


def test_a_url_file_with_target_in_it_is_one_for_each(project: Path) -> None:
    write(project, {"secrets/staging-acme": "postgres://a:S3CRET@h1/one", "secrets/staging-bolt": ""})
    environment = staging(project, url_file="secrets/{environment}-{target}")
    assert environment.has_target_urls
    found = resolved(environment.at(ACME))
    # As it is: what the list says of a database does not count.
    assert found.url.public() == "postgres://a@h1:5432/one?sslmode=prefer"
    assert str(project / "secrets/staging-acme") in found.source
    assert "secrets/staging-acme" in str(environment.at(ACME).url_source())
    assert "is empty" in refusal(environment.at(BOLT))
    assert "does not exist" in refusal(environment.at(FleetTarget("c", "c")))
    assert FleetUrls(environment).base() is None


def test_parts_of_a_url_may_have_the_target_in_them(project: Path) -> None:
    write(project, {"secrets/acme": "S3CRET"})
    environment = staging(
        project, host="{target}.db", database="crm", user="u_{target}", password_file="secrets/{target}"
    )
    assert environment.has_target_urls
    found = resolved(environment.at(ACME))
    assert found.url.public() == "postgres://u_acme@acme.db:5432/crm?sslmode=prefer"
    assert found.url.password == "S3CRET"


@pytest.mark.parametrize(
    "keys",
    [
        {"url_file": "secrets/{target}"},
        {"url_command": "read-secret {target}"},
        {"host": "{target}.db", "database": "crm", "user": "u"},
        {"host": "h", "database": "crm_{target}", "user": "u"},
    ],
)
def test_without_a_target_such_an_environment_has_no_url_and_says_how_to_name_one(
    project: Path, keys: dict[str, str]
) -> None:
    environment = staging(project, **keys)
    said = refusal(environment)
    assert "gives each target a URL ({target})" in said
    assert "--target" in said
    assert "for each target" in str(environment.url_source())
    # Nor is it looked at for another environment.
    assert [name for name, _ in settings.load().environment("dev").known_urls()] == []


def test_a_variable_of_the_process_wins_over_a_command_with_target(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging(project, url_command="read-secret {target}")
    environment = qa(monkeypatch)
    assert not environment.has_target_urls
    assert resolved(environment.at(ACME)).url.database == "acme"
