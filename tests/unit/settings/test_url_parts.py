"""A URL from its parts: host, database, user, and a file with the password alone."""

from pathlib import Path

import pytest

from dbmate_wrap import settings
from dbmate_wrap.domain.database_url import parse
from dbmate_wrap.settings.url_parts import UrlParts
from tests.support.settings_files import empty_project, refusal, staging, write


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty_project(tmp_path, monkeypatch)


@pytest.mark.parametrize("host", ["db.internal", "10.0.0.5", "::1", "/run/my sockets"])
@pytest.mark.parametrize("password", [None, "a:b/c?d#e%f@g h+i&j=é", "%2F"])
def test_the_parts_are_what_the_url_says(host: str, password: str | None) -> None:
    url = parse(UrlParts(host, 5433, "c/r?m", "a@b:c", None).url(password), os_user="nobody")
    assert (url.host, url.port, url.database) == (host, 5433, "c/r?m")
    assert (url.user, url.password) == ("a@b:c", password)


def test_the_password_is_the_line_of_its_file(project: Path) -> None:
    write(project, {"secret": "S3CR-ET@/\n"})
    (project / "secret").chmod(0o600)
    found = staging(project, host="db", database="crm", user="app", password_file="secret").resolve_url()
    assert found is not None
    assert (found.url.user, found.url.password, found.url.database) == ("app", "S3CR-ET@/", "crm")
    assert (found.source, found.warnings) == ("dbmate-wrap.toml: environments.staging.host", ())


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"host": "db"}, "database and user is not set"),
        ({"host": "db", "user": "app"}, "and database is not set"),
        (
            {"host": "db", "user": "app", "database": "c", "password_file": "gone"},
            "password_file of staging does not",
        ),
        ({"host": "db", "user": "app", "database": "c", "password_file": "two"}, "must have one"),
    ],
)
def test_what_is_missing_is_said(project: Path, keys: dict[str, str], words: str) -> None:
    write(project, {"two": "S3CR\nS3CR\n"})
    assert words in refusal(staging(project, **keys))


def test_a_host_for_all_environments_is_that_of_the_default_one_unless_it_names_them(project: Path) -> None:
    toml = 'host = "{environment}.db"\ndatabase = "crm_{environment}"\nuser = "app"\n'
    write(project, {"dbmate-wrap.toml": toml})
    found = settings.load(environment="staging").environment().resolve_url()
    assert found is not None
    assert (found.url.host, found.url.database) == ("staging.db", "crm_staging")
    write(project, {"dbmate-wrap.toml": toml.replace("{environment}.", "")})
    assert "has no database URL" in refusal(settings.load(environment="staging").environment())


@pytest.mark.parametrize(
    ("variables", "user"),
    [
        (
            {
                "STAGING_DIRECT_DATABASE_URL": "postgres://direct@h/d",
                "STAGING_DATABASE_URL": "postgres://p@h/d",
            },
            "direct",
        ),
        ({"STAGING_DATABASE_URL": "postgres://p@h/d"}, "p"),
        ({}, "app"),
    ],
)
def test_a_variable_wins_and_the_direct_one_first(
    project: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], user: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = staging(project, host="db", database="crm", user="app").resolve_url()
    assert found is not None
    assert found.url.user == user


def test_two_environments_never_share_the_variable_of_a_direct_url(project: Path) -> None:
    write(project, {"dbmate-wrap.toml": "[environments.staging-direct]\n"})
    with pytest.raises(Exception, match="share the variable STAGING_DIRECT_DATABASE_URL"):
        settings.load()
