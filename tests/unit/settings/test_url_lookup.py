"""The database URL of an environment: commands, files, .env files, and two environments on one database."""

import os
from pathlib import Path

import pytest

from dbmate_wrap import settings
from dbmate_wrap.errors import ConfigError
from tests.support.settings_files import empty_project, refusal, script, staging, write

URL = "postgres://u:S3CR-ET@h/db"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty_project(tmp_path, monkeypatch)


def test_a_command_that_is_not_asked_does_not_run(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = staging(project, url_command=script(project, "open('ran', 'w')"))
    assert settings.load().environment("dev").resolve_url() is None
    monkeypatch.setenv("STAGING_DATABASE_URL", URL)
    assert settings.load(environment="staging").environment().resolve_url() is not None
    assert found.name == "staging"
    assert not (project / "ran").exists()


# content of the file (None: no file), words of the refusal
FILES = [
    (None, "does not exist"),
    (b"", "is empty"),
    (b" \n\n", "is empty"),
    (b"postgres://u:S3CR@h/a\npostgres://u:S3CR@h/b\n", "has 2 lines"),
    (b"\xef\xbb\xbfpostgres://u:S3CR@h/a", "byte order mark"),
    (b"postgres://u:S3CR\xe4@h/a", "not UTF-8"),
    (b"postgres://u:S3CR\0@h/a", "NUL"),
    (b"STAGING_DATABASE_URL=postgres://u:S3CR@h/a", "variable's name"),
    (b"x" * (1 << 21), "larger than"),
]


@pytest.mark.parametrize(("content", "words"), FILES)
def test_a_url_file_that_holds_no_url_is_explained(project: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        (project / "mounted").write_bytes(content)
    said = refusal(staging(project, url_file="mounted"))
    assert words in said
    assert "environments.staging.url_file" in said


def test_a_folder_is_no_url_file(project: Path) -> None:
    (project / "mounted").mkdir()
    assert "directory" in refusal(staging(project, url_file="mounted"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_url_file_that_may_not_be_read_is_explained(project: Path) -> None:
    write(project, {"mounted": URL})
    (project / "mounted").chmod(0)
    assert "Permission denied" in refusal(staging(project, url_file="mounted"))


@pytest.mark.parametrize(("mode", "warnings"), [(0o600, 0), (0o640, 0), (0o644, 1)])
def test_a_url_file_that_everyone_reads_is_a_warning(project: Path, mode: int, warnings: int) -> None:
    write(project, {"mounted": URL + "\n"})
    (project / "mounted").chmod(mode)
    found = staging(project, url_file="mounted").resolve_url()
    assert found is not None
    assert len(found.warnings) == warnings


def test_a_url_file_may_be_absolute(project: Path, tmp_path: Path) -> None:
    write(tmp_path, {"elsewhere/url": URL})
    assert staging(project, url_file=str(tmp_path / "elsewhere/url")).resolve_url() is not None


@pytest.mark.parametrize(
    ("line", "password"),
    [
        ("STAGING_DATABASE_URL=postgres://u:a$HOME${X}b@h/db", "a$HOME${X}b"),
        ("export STAGING_DATABASE_URL = 'postgres://u:a$b@h/db'  # staging", "a$b"),
        ('STAGING_DATABASE_URL="postgres://u:a$b@h/db" # staging', "a$b"),
        ("STAGING_DATABASE_URL=postgres://u:ab@h/db # staging", "ab"),
        ("\r\n\r\nSTAGING_DATABASE_URL=postgres://u:ab@h/db\r\n", "ab"),
    ],
)
def test_a_dotenv_line_is_taken_as_it_stands(project: Path, line: str, password: str) -> None:
    (project / ".env").write_bytes(line.encode())
    found = settings.load(environment="staging").environment().resolve_url()
    assert found is not None
    assert found.url.password == password


NO_URL = [
    ("production", "", "environment production: has no database URL", "PRODUCTION_DATABASE_URL"),
    (
        "pre-prod",
        "[environments.pre-prod]",
        "environment pre-prod: has no database URL",
        "PRE_PROD_DATABASE_URL",
    ),
    ("staging", 'url_command = "x"', "url_command: names no environment", "environments.staging"),
    ("staging", 'url_file = "x"', "url_file: names no environment", "{environment}"),
]


@pytest.mark.parametrize(("environment", "toml", "message", "hint"), NO_URL)
def test_no_url_says_where_to_put_one(
    project: Path, environment: str, toml: str, message: str, hint: str
) -> None:
    write(project, {"dbmate-wrap.toml": toml})
    with pytest.raises(ConfigError) as caught:
        settings.load(environment=environment).environment().resolve_url()
    assert message in caught.value.message
    assert hint in str(caught.value.hint)


# STAGING_DATABASE_URL, PRODUCTION_DATABASE_URL in .env.production, whether they are one database
ONE_DATABASE = [
    ("postgres://a:S3CR@localhost/crm", "postgres://b:S3CR@127.0.0.1:5432/crm?sslmode=require", True),
    ("postgres://a@db.example.com/crm", "postgres://a@DB.example.com./crm", True),
    ("postgres://a@localhost/crm", "postgres://a@localhost/crm2", False),
    ("postgres://a@localhost/crm", "postgres://a@localhost:5433/crm", False),
    # A fault in another environment's URL does not stop this one.
    ("postgres://a@localhost/crm", "postgres://a:S3CR#@localhost/crm", False),
    ("postgres://a@localhost/crm", "'", False),
]


@pytest.mark.parametrize(("one", "other", "same"), ONE_DATABASE)
def test_two_environments_on_one_database_are_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch, one: str, other: str, same: bool
) -> None:
    monkeypatch.setenv("STAGING_DATABASE_URL", one)
    write(project, {".env.production": f"DATABASE_URL={other}"})
    environment = settings.load(environment="staging").environment()
    if not same:
        assert environment.resolve_url() is not None
        return
    said = refusal(environment)
    for words in ("staging", "production", "STAGING_DATABASE_URL in the process", ".env.production line 1"):
        assert words in said


def test_the_shadow_must_not_be_an_environments_database(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGING_DATABASE_URL", "postgres://localhost/crm")
    monkeypatch.setenv("DBMATE_WRAP_SHADOW_URL", "postgres://u:S3CR@127.0.0.1/crm")
    assert "shadow_url" in refusal(settings.load(environment="staging").environment())
    with pytest.raises(ConfigError, match="is the same database as environment staging"):
        settings.load(environment="dev").environment().resolve_shadow_url()


def test_the_shadow_url_may_have_a_password_as_a_process_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBMATE_WRAP_SHADOW_URL", "postgres://u:S3CR@h/shadow")
    environment = settings.load().environment()
    found = environment.resolve_shadow_url()
    assert found is not None
    assert found.url.password == "S3CR"
    assert "S3CR" not in repr(environment)
    assert "S3CR" not in repr(found)
    assert settings.load().environment().resolve_url() is None
