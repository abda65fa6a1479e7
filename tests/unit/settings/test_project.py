"""The folder of the project and the file that configures it are found."""

import os
import sys
from pathlib import Path

import pytest

from dbmate_wrap import settings
from dbmate_wrap.errors import ConfigError
from tests.support.settings_files import empty_project, write

REPOSITORY = Path(__file__).resolve().parents[3]
TABLE = "[tool.dbmate-wrap]\nlock_retries = 3\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty_project(tmp_path, monkeypatch)


# files, the folder we are in, the root found, both relative to the project (which has a .git)
ROOTS = [
    ({"dbmate-wrap.toml": ""}, ".", "."),
    ({"dbmate-wrap.toml": "", "a/b/x": ""}, "a/b", "."),
    ({"pyproject.toml": TABLE, "a/x": ""}, "a", "."),
    ({"db/migrations/x": "", "a/x": ""}, "a", "."),
    ({"db/migrations/x": ""}, "db/migrations", "."),
    # The nearest one.
    ({"dbmate-wrap.toml": "", "a/dbmate-wrap.toml": "", "a/b/x": ""}, "a/b", "a"),
    ({"dbmate-wrap.toml": "", "a/db/migrations/x": ""}, "a/db", "a"),
    # A pyproject.toml without our table is none of our business, broken ones included.
    ({"dbmate-wrap.toml": "", "a/pyproject.toml": "[tool.x]"}, "a", "."),
    ({"dbmate-wrap.toml": "", "a/pyproject.toml": "[project]\nname = 'dbmate-wrap'"}, "a", "."),
    ({"dbmate-wrap.toml": "", "a/pyproject.toml": "[["}, "a", "."),
    # Nothing anywhere; and not above a .git.
    ({"a/x": ""}, "a", "a"),
    ({"../dbmate-wrap.toml": ""}, ".", "."),
    ({"../dbmate-wrap.toml": "", "a/x": ""}, "a", "a"),
]


@pytest.mark.parametrize(("files", "here", "root"), ROOTS)
def test_root(
    project: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], here: str, root: str
) -> None:
    write(project, files)
    monkeypatch.chdir(project / here)
    assert settings.load().root == Path(os.path.normpath(project / root))


def test_the_project_option_names_the_folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, {"a/dbmate-wrap.toml": "lock_retries = 3", "dbmate-wrap.toml": ""})
    loaded = settings.load(project=Path("a"))
    assert loaded.root == project / "a"
    assert loaded.config_file == project / "a/dbmate-wrap.toml"
    assert loaded.environment().values.lock_retries == 3
    assert loaded.environment().values.migrations_dir == project / "a/db/migrations"


@pytest.mark.parametrize("name", ["missing", "dbmate-wrap.toml"])
def test_the_project_option_must_be_a_folder(project: Path, name: str) -> None:
    write(project, {"dbmate-wrap.toml": ""})
    with pytest.raises(ConfigError, match="is not a folder"):
        settings.load(project=Path(name))


def test_a_folder_that_is_gone_is_explained(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "gone").mkdir()
    monkeypatch.chdir(project / "gone")
    (project / "gone").rmdir()
    with pytest.raises(ConfigError, match="does not exist any more"):
        settings.load()


def test_dbmate_wrap_toml_wins_entirely_over_pyproject(project: Path) -> None:
    write(project, {"dbmate-wrap.toml": "", "pyproject.toml": TABLE})
    loaded = settings.load()
    assert loaded.environment().values.lock_retries == 8
    assert [fault.source for fault in loaded.warnings] == ["pyproject.toml"]


def test_a_broken_table_in_pyproject_is_a_fault(project: Path) -> None:
    write(project, {"pyproject.toml": TABLE + "lock_retries = ["})
    with pytest.raises(ConfigError, match=r"pyproject\.toml line 3"):
        settings.load()


def test_dbmates_own_variables_are_known_to_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBMATE_MIGRATIONS_DIR", "x")
    (warning,) = settings.load().warnings
    assert warning.source == "DBMATE_MIGRATIONS_DIR in the process environment"


def test_environments_are_the_four_and_those_declared(project: Path) -> None:
    write(
        project, {"dbmate-wrap.toml": "[environments.qa]\n[environments.staging]\n[policy]\nsquawk = 'off'"}
    )
    loaded = settings.load()
    assert tuple(loaded.environments) == ("dev", "test", "staging", "production", "qa")
    assert loaded.policy.severities == {"squawk": "off"}


def test_paths_are_absolute(project: Path) -> None:
    write(project, {"dbmate-wrap.toml": "dbmate_path = 'bin/dbmate'\nschema_file = '/elsewhere/schema.sql'"})
    values = settings.load().environment().values
    assert values.dbmate_path == project / "bin/dbmate"
    assert values.schema_file == Path("/elsewhere/schema.sql")
    assert values.lockfile == project / "db/migrations.lock"


@pytest.mark.skipif(sys.platform == "win32", reason="no passwd there")
@pytest.mark.parametrize(("login", "user"), [("ada", "ada"), ("", None)])
def test_a_container_whose_user_has_no_name(
    monkeypatch: pytest.MonkeyPatch, login: str, user: str | None
) -> None:
    import pwd

    def unknown(uid: int) -> pwd.struct_passwd:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("LOGNAME", "USER", "USERNAME"):
        monkeypatch.setenv(name, login)
    monkeypatch.setenv("DEV_DATABASE_URL", "postgres://h/db")
    environment = settings.load().environment()
    if user is None:
        with pytest.raises(ConfigError, match="names no user"):
            environment.resolve_url()
    else:
        found = environment.resolve_url()
        assert found is not None
        assert found.url.user == user


def test_env_example_copied_unchanged_leaves_dev_embedded(project: Path) -> None:
    write(project, {".env": (REPOSITORY / ".env.example").read_text(encoding="utf-8")})
    loaded = settings.load()
    assert loaded.environment("dev").resolve_url() is None
    assert loaded.warnings == ()
