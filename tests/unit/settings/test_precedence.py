"""Which value wins, and what its source is called: the table of docs/settings.md, row by row."""

from pathlib import Path

import pytest

from dbmate_wrap import process, settings
from dbmate_wrap.errors import ConfigError
from dbmate_wrap.settings import url_command
from tests.support.settings_files import empty_project, write

VARIABLE = {"DBMATE_WRAP_LOCK_RETRIES": "1"}
OWN = "[environments.staging]\nlock_retries = 2\n"
SHARED = "lock_retries = 3\n"

# variables, dbmate-wrap.toml, expected value, expected source: every row takes away the winner before it
SETTING = [
    (VARIABLE, SHARED + OWN, 1, "DBMATE_WRAP_LOCK_RETRIES in the process environment"),
    ({}, SHARED + OWN, 2, "dbmate-wrap.toml: environments.staging.lock_retries"),
    ({}, SHARED, 3, "dbmate-wrap.toml: lock_retries"),
    ({}, "", 8, "default"),
    ({"DBMATE_WRAP_LOCK_RETRIES": ""}, SHARED, 3, "dbmate-wrap.toml: lock_retries"),
    ({}, "[environments.production]\nlock_retries = 2\n", 8, "default"),
]

# environment, dbmate-wrap.toml, setting, expected value, expected source
IMPLIED = [
    ("production", "", "protected", True, "default for production"),
    ("production", "protected = false", "protected", False, "dbmate-wrap.toml: protected"),
    ("production", "", "require_tls", True, "default (as protected)"),
    ("production", "require_tls = false", "require_tls", False, "dbmate-wrap.toml: require_tls"),
    ("staging", "", "protected", False, "default"),
    ("staging", "[environments.staging]\nprotected = true", "require_tls", True, "default (as protected)"),
    ("dev", "", "dump_schema", True, "default for dev"),
    ("test", "", "dump_schema", False, "default"),
    ("dev", "", "create_database", True, "default for dev"),
    ("test", "", "create_database", True, "default for test"),
    ("staging", "", "create_database", False, "default"),
    ("dev", "", "disposable", True, "default for dev"),
    ("staging", "", "disposable", False, "default"),
    ("staging", "disposable = true", "disposable", True, "dbmate-wrap.toml: disposable"),
    (
        "production",
        "disposable = true",
        "disposable",
        False,
        "dbmate-wrap.toml: disposable; not where protected",
    ),
    ("qa", "[environments.qa]", "create_database", False, "default"),
    ("qa", "[environments.qa]", "plan_size_limit", None, "default"),
    ("dev", "[plan]\nsize_limit = '1kB'", "plan_size_limit", 1024, "dbmate-wrap.toml: plan.size_limit"),
    (
        "staging",
        "[plan]\nfail_on = 'rewrites'\n[environments.staging.plan]\nfail_on = 'blocks all'",
        "plan_fail_on",
        "blocks all",
        "dbmate-wrap.toml: environments.staging.plan.fail_on",
    ),
]

STAGING_PLACES = [
    "STAGING_DATABASE_URL in the process environment",
    "the output of dbmate-wrap.toml: environments.staging.url_command",
    "mounted (dbmate-wrap.toml: environments.staging.url_file)",
    "STAGING_DATABASE_URL in .env.staging line 2",
    "DATABASE_URL in .env.staging line 3",
    "STAGING_DATABASE_URL in .env line 1",
]
DEFAULT_PLACES = [*STAGING_PLACES, "DATABASE_URL in the process environment", "DATABASE_URL in .env line 2"]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty_project(tmp_path, monkeypatch)


@pytest.mark.parametrize(("variables", "toml", "expected", "source"), SETTING)
def test_setting(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    toml: str,
    expected: int,
    source: str,
) -> None:
    write(project, {"dbmate-wrap.toml": toml})
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    staging = settings.load(environment="staging").environment()
    assert staging.values.lock_retries == expected
    assert staging.sources["lock_retries"] == source


@pytest.mark.parametrize(("environment", "toml", "key", "expected", "source"), IMPLIED)
def test_default_that_the_environment_implies(
    project: Path, environment: str, toml: str, key: str, expected: object, source: str
) -> None:
    write(project, {"dbmate-wrap.toml": toml})
    found = settings.load().environment(environment)
    assert getattr(found.values, key) == expected
    assert found.sources[key] == source


def _places(project: Path, monkeypatch: pytest.MonkeyPatch, present: range, default: str) -> None:
    """Set the URL in the places of those numbers; each place has a database of its own number."""

    def line(name: str, number: int) -> str:
        return f"{name}=postgres://h/db{number}\n" if number in present else "\n"

    toml = f'default_environment = "{default}"\n[environments.staging]\n'
    if 1 in present:
        toml += 'url_command = "ask"\n'
        printed = process.Completed(("ask",), 0, "postgres://h/db1\n", "", timed_out=False)
        monkeypatch.setattr(url_command, "run", lambda argv, **options: printed)
    toml += 'url_file = "mounted"\n' if 2 in present else ""
    files = {
        "dbmate-wrap.toml": toml,
        "mounted": "postgres://h/db2\n",
        ".env.staging": "\n" + line("STAGING_DATABASE_URL", 3) + line("DATABASE_URL", 4),
        ".env": line("STAGING_DATABASE_URL", 5) + line("DATABASE_URL", 7),
    }
    write(project, files)
    for number, name in ((0, "STAGING_DATABASE_URL"), (6, "DATABASE_URL")):
        monkeypatch.setenv(name, f"postgres://h/db{number}" if number in present else "")


@pytest.mark.parametrize("winner", range(6))
def test_url_of_an_environment_first_found_wins(
    project: Path, monkeypatch: pytest.MonkeyPatch, winner: int
) -> None:
    _places(project, monkeypatch, range(winner, 8), default="dev")
    found = settings.load(environment="staging").environment().resolve_url()
    assert found is not None
    assert found.url.database == f"db{winner}"
    assert found.source.removeprefix(f"{project}/") == STAGING_PLACES[winner]


@pytest.mark.parametrize("winner", range(8))
def test_url_of_the_default_environment_first_found_wins(
    project: Path, monkeypatch: pytest.MonkeyPatch, winner: int
) -> None:
    _places(project, monkeypatch, range(winner, 8), default="staging")
    found = settings.load().environment().resolve_url()
    assert found is not None
    assert found.url.database == f"db{winner}"
    assert found.source.removeprefix(f"{project}/") == DEFAULT_PLACES[winner]


BARE = "postgres://u:S3CR-ET@h/db"

# process variables, .env, dbmate-wrap.toml, --env, the environment whose URL is found (None: an error)
WHOSE = [
    ({"DATABASE_URL": BARE}, "", "", None, "dev"),
    ({}, f"DATABASE_URL={BARE}", "", None, "dev"),
    ({"DATABASE_URL": BARE}, "", "", "dev", "dev"),
    ({"DATABASE_URL": BARE, "DBMATE_WRAP_ENV": "staging"}, "", "", None, "staging"),
    ({"DATABASE_URL": BARE}, "", 'default_environment = "staging"', None, "staging"),
    (
        {"DATABASE_URL": BARE, "DBMATE_WRAP_ENV": "staging"},
        "",
        'default_environment = "test"',
        None,
        "staging",
    ),
    ({"DATABASE_URL": BARE}, "", "", "staging", None),
    ({"DATABASE_URL": BARE}, "", "", "test", None),
    ({}, f"DATABASE_URL={BARE}", "", "production", None),
    ({"DATABASE_URL": BARE, "DBMATE_WRAP_ENV": "staging"}, "", "", "dev", None),
    ({"DATABASE_URL": BARE}, "", 'default_environment = "staging"', "dev", None),
    # Nor does one environment's own URL serve another.
    ({"DEV_DATABASE_URL": BARE}, "", "", "staging", None),
    ({}, f"STAGING_DATABASE_URL={BARE}", "", "production", None),
]


@pytest.mark.parametrize(("variables", "dotenv", "toml", "asked", "expected"), WHOSE)
def test_bare_database_url_belongs_to_the_default_environment_only(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    dotenv: str,
    toml: str,
    asked: str | None,
    expected: str | None,
) -> None:
    write(project, {".env": dotenv, "dbmate-wrap.toml": toml})
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    environment = settings.load(environment=asked).environment()
    if expected is None:
        with pytest.raises(ConfigError) as caught:
            environment.resolve_url()
        assert "S3CR" not in f"{caught.value.message} {caught.value.hint}"
        if "DATABASE_URL" in variables or dotenv.startswith("DATABASE_URL"):
            assert "belongs to the default environment" in caught.value.message
    else:
        found = environment.resolve_url()
        assert environment.name == expected
        assert found is not None


def test_dotenv_does_not_choose_the_environment(project: Path) -> None:
    write(project, {".env": "DBMATE_WRAP_ENV=staging\nDBMATE_MIGRATIONS_TABLE=x\n"})
    loaded = settings.load()
    assert loaded.selected == "dev"
    assert [fault.source for fault in loaded.warnings] == [".env line 1", ".env line 2"]


@pytest.mark.parametrize("environment", ["dev", "test"])
def test_dev_and_test_without_any_url_are_embedded(environment: str) -> None:
    assert settings.load().environment(environment).resolve_url() is None


SHARED_PLACE = [
    # url_file in the TOML, environment asked for, database found (None: an error)
    ('url_file = "one"', "dev", "one"),
    ('url_file = "one"', "staging", None),
    ('url_file = "{environment}"', "dev", "dev"),
    ('url_file = "{environment}"', "staging", "staging"),
    ('[environments.staging]\nurl_file = "one"', "staging", "one"),
]


@pytest.mark.parametrize(("toml", "environment", "expected"), SHARED_PLACE)
def test_a_place_for_all_must_name_the_environment(
    project: Path, toml: str, environment: str, expected: str | None
) -> None:
    write(project, {name: f"postgres://h/{name}" for name in ("one", "dev", "staging")})
    write(project, {"dbmate-wrap.toml": toml})
    found = settings.load(environment=environment).environment()
    if expected is None:
        with pytest.raises(ConfigError, match="names no environment, so it belongs to dev"):
            found.resolve_url()
    else:
        resolved = found.resolve_url()
        assert resolved is not None
        assert resolved.url.database == expected
