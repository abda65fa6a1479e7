"""Settings that are wrong: every fault at once, each with its source, and never a secret."""

import sys
from pathlib import Path

import pytest

from dbmate_wrap import settings
from dbmate_wrap.errors import ConfigError, ExitCode, Fault
from dbmate_wrap.policy.registry import FAMILIES, RULES
from tests.support.settings_files import empty_project, write

SECRET = "postgres://u:S3CR-ET@h/db"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty_project(tmp_path, monkeypatch)


def faults(**arguments: str) -> tuple[Fault, ...]:
    with pytest.raises(ConfigError) as caught:
        settings.load(**arguments)  # type: ignore[arg-type]
    error = caught.value
    assert error.code is ExitCode.CONFIG
    assert "S3CR" not in f"{error.message} {error.hint} {error.faults}"
    assert error.__cause__ is None
    return error.faults


# dbmate-wrap.toml, words of the fault, its source
TOML = [
    ("lock_retries = ,\n", "not valid TOML: Invalid value", "dbmate-wrap.toml line 1, column 16"),
    ("\nlock_retries = 'x", "not valid TOML", "dbmate-wrap.toml line 2, at its end"),
    ("[environments.staging\n", "not valid TOML", "dbmate-wrap.toml line 1, column 22"),
    (f"shadow_url = {SECRET}", "not valid TOML", "dbmate-wrap.toml line 1, column 14"),
    ("ledger = true\nledger = true", "not valid TOML", "dbmate-wrap.toml line 2"),
    ("lock_timout = '5s'", "is not a setting", "dbmate-wrap.toml: lock_timout"),
    ("[environments.staging]\nlock_timout = 1", "is not a setting", "environments.staging.lock_timout"),
    ("[environments.staging.policy]", "is not a setting", "environments.staging.policy"),
    ("environments = 1", "must be a table", "dbmate-wrap.toml: environments"),
    ("[environments]\nstaging = 'x'", "must be a table", "dbmate-wrap.toml: environments.staging"),
    ("[environments.'a b']", "must be a name", "dbmate-wrap.toml: environments.(a key)"),
    (f"[environments.'{SECRET}']", "must be a name", "environments.(a key)"),
    ("[environments.a-b]\n[environments.A_B]", "share the variable A_B_DATABASE_URL", "environments"),
    ("[environments.Dev]", "dev and Dev share the variable DEV_DATABASE_URL", "environments"),
    ("default_environment = 'stagin'", "stagin is not an environment", "default_environment"),
    ("default_environment = 1", "must be the name", "default_environment"),
    (f"default_environment = '{SECRET}'", "must be the name", "default_environment"),
    ("policy = 1", "must be a table", "policy"),
    ("[policy]\nsquawk = 'of'", "must be error, warning or off", "policy.squawk"),
    ("[policy]\nserch-path = 'off'", "is not a rule or a family", "policy.serch-path"),
    (f"[policy]\n'{SECRET}' = 'off'", "is not a rule or a family", "policy.(a key)"),
    ("plan = 1", "must be a table", "dbmate-wrap.toml: plan"),
    ("[plan]\nfail_on = 'blocks'", "must be 'rewrites', 'blocks all', 'blocks writes'", "plan.fail_on"),
    ("[plan]\nfail_on = 'not judged'", "must be 'rewrites'", "plan.fail_on"),
    ("[plan]\nfail_in = 'rewrites'", "is not a setting", "dbmate-wrap.toml: plan.fail_in"),
    ("[plan]\nsize_limit = '1'", "is not a size", "plan.size_limit"),
    ("[plan]\nsize_limit = true", "must not be true or false", "plan.size_limit"),
    ("plan_fail_on = 'rewrites'", "is not a setting", "dbmate-wrap.toml: plan_fail_on"),
    (
        "[environments.staging.plan]\nsize_limit = '1 elephant'",
        "is not a size",
        "environments.staging.plan.size_limit",
    ),
    ("drift_ignore = 'x'", "must be a list of tables", "dbmate-wrap.toml: drift_ignore"),
    ("drift_ignore = [{kind = 'table', name = 'x'}]", "must say because", "drift_ignore"),
    (f"drift_ignore = [{{name = '{SECRET}'}}]", "is a secret", "drift_ignore"),
    # Secrets.
    (f"url = '{SECRET}'", "is a secret", "dbmate-wrap.toml: url"),
    ("database_url = 'postgres://localhost/db'", "is a secret", "database_url"),
    ("[environments.staging]\nDATABASE_URL = 'x'", "is a secret", "environments.staging.DATABASE_URL"),
    ("[environments.staging]\npassword = 'S3CR-ET'", "is a secret", "environments.staging.password"),
    (f"migrations_dir = '{SECRET}'", "is a secret", "migrations_dir"),
    (f"shadow_url = '{SECRET}'", "is a secret", "shadow_url"),
    (f"url_command = 'echo {SECRET}'", "is a secret", "url_command"),
    (f"lock_timout = ['{SECRET}']", "is a secret", "lock_timout"),
    (f"x = {{ y = '{SECRET}' }}", "is a secret", "dbmate-wrap.toml: x"),
    (f"'{SECRET}' = 1", "is not a setting", "dbmate-wrap.toml: (a key)"),
    # Types.
    ("protected = 'perhaps'", "must be true or false", "protected"),
    ("lock_retries = 'S3CR'", "must be a whole number", "lock_retries"),
    ("lock_retries = 1.5", "must be a whole number", "lock_retries"),
    ("lock_retries = true", "must not be true or false", "lock_retries"),
    ("lock_retries = -1", "must be at least 0", "lock_retries"),
    ("lock_retries = 1001", "must be at most 1000", "lock_retries"),
    ("migrations_dir = 1", "must be a path", "migrations_dir"),
    ("migrations_dir = ''", "must be a path", "migrations_dir"),
    ("url_file = 'postgres://h/db'", "must be a path, not a URL", "url_file"),
    ("migrations_table = 'a b'", "must be a table name", "migrations_table"),
    ("migrations_table = 'a.b.c'", "must be a table name", "migrations_table"),
    ("migrations_table = 5", "must be text", "migrations_table"),
    ("numbering = 'random'", "must be 'auto', 'sequential' or 'timestamp'", "numbering"),
    ("shadow = 'docker'", "must be auto, embedded, local", "shadow"),
    ("shadow = 'url:15'", "must be auto, embedded, local", "shadow"),
    ("shadow = 'url'", "no shadow_url is set", "shadow"),
    ("shadow_setup = '../shadow.sql'", "must be a file in the project's folder", "shadow_setup"),
    ("shadow_setup = '/etc/passwd'", "must be a file in the project's folder", "shadow_setup"),
    ("shadow_url = 5", "must be text", "shadow_url"),
    ("shadow_url = 'mysql://h/db'", "does not begin with postgres://", "shadow_url"),
    ('url_command = "echo \'x"', "is not a command line", "url_command"),
    ("url_command = ' '", "is not a command line", "url_command"),
    # Durations.
    ("lock_timeout = 5", "must be written as text with a unit", "lock_timeout"),
    ("lock_timeout = '5'", "500ms, 5s, 2m or 1h", "lock_timeout"),
    ("lock_timeout = '5 seconds'", "is not a duration", "lock_timeout"),
    ("lock_timeout = '-5s'", "is not a duration", "lock_timeout"),
    ("lock_timeout = '0'", "must be more than 0", "lock_timeout"),
    ("connect_timeout = 'none'", "must not be none", "connect_timeout"),
    (
        "[environments.production]\ndisposable = true",
        "is true, and so is protected",
        "environments.production.disposable",
    ),
    ("lock_timeout = true", "must not be true or false", "lock_timeout"),
    ("statement_timeout = '0.1ms'", "between 1ms and 24 days", "statement_timeout"),
    ("statement_timeout = '999h'", "between 1ms and 24 days", "statement_timeout"),
    ("advisory_lock_wait = 'none'", "must not be none", "advisory_lock_wait"),
]


@pytest.mark.parametrize(("toml", "words", "source"), TOML)
def test_toml_fault_has_its_source(project: Path, toml: str, words: str, source: str) -> None:
    write(project, {"dbmate-wrap.toml": toml})
    (only,) = faults()
    assert words in only.message
    assert source in only.source


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        ("serch-path", "did you mean search-path?"),
        ("file-nam", "did you mean file-name?"),
        ("lock-file", "did you mean lockfile?"),
        ("Squawk", "did you mean squawk?"),
        ("SQL", "did you mean sql?"),
        ("squawk/ban-drop-colum", "did you mean squawk/ban-drop-column?"),
        ("xyz", "`dbmate-wrap explain rules` lists the rules"),
    ],
)
def test_an_unknown_rule_suggests_the_nearest(project: Path, rule: str, hint: str) -> None:
    write(project, {"dbmate-wrap.toml": f"[policy]\n'{rule}' = 'off'"})
    (only,) = faults()
    assert only.hint == hint


def test_every_rule_and_family_can_have_a_severity(project: Path) -> None:
    names = [*RULES, *FAMILIES, "squawk/ban-drop-column", "squawk/some-rule-of-a-newer-squawk"]
    lines = "\n".join(f"'{name}' = 'warning'" for name in names)
    write(project, {"dbmate-wrap.toml": f"[policy]\n{lines}"})
    assert settings.load().policy.severities == dict.fromkeys(names, "warning")


# The place of a syntax error is another in pyproject.toml.
@pytest.mark.parametrize(("toml", "words"), [(toml, words) for toml, words, at in TOML if "line" not in at])
def test_pyproject_fault_has_its_source(project: Path, toml: str, words: str) -> None:
    nested = toml
    for table in ("environments", "policy", "plan"):
        nested = nested.replace(f"[{table}", f"[tool.dbmate-wrap.{table}")
    write(project, {"pyproject.toml": f"[project]\nname = 'x'\n[tool.dbmate-wrap]\n{nested}"})
    (only,) = faults()
    assert words in only.message
    assert only.source.startswith("pyproject.toml: tool.dbmate-wrap.")


DURATIONS = [
    ("lock_timeout", "'5s'", 5.0),
    ("lock_timeout", "'500ms'", 0.5),
    ("lock_timeout", "' 2M '", 120.0),
    ("lock_timeout", "'none'", None),
    ("concurrent_lock_timeout", "'0'", None),
    ("lock_timeout", "'1.5h'", 5400.0),
    ("lock_timeout", "'5min'", 300.0),
    ("statement_timeout", "'none'", None),
    ("statement_timeout", "0", None),
    ("statement_timeout", "'0'", None),
    ("statement_timeout", "'0s'", None),
    ("advisory_lock_wait", "0", 0.0),
    ("advisory_lock_wait", "'0s'", 0.0),
]


@pytest.mark.parametrize(("key", "written", "seconds"), DURATIONS)
def test_duration_is_in_seconds(project: Path, key: str, written: str, seconds: float | None) -> None:
    write(project, {"dbmate-wrap.toml": f"{key} = {written}"})
    assert getattr(settings.load().environment().values, key) == seconds


# variable, value, words of the fault, words of the hint
VARIABLES = [
    ("DBMATE_WRAP_LOCK_TIMOUT", "5s", "is not a setting", "did you mean DBMATE_WRAP_LOCK_TIMEOUT?"),
    ("dbmate_wrap_lock_timeout", "5s", "is not a setting", "did you mean DBMATE_WRAP_LOCK_TIMEOUT?"),
    ("DBMATE_WRAP_DATABASE_URL", SECRET, "is not a setting", ""),
    ("DBMATE_WRAP_LOCK_TIMEOUT", SECRET, "holds a URL with a password", ""),
    ("DBMATE_WRAP_URL_FILE", "postgres://h/db", "must be a path, not a URL", ""),
    ("DBMATE_WRAP_URL_COMMAND", f"echo {SECRET}", "holds a URL with a password", ""),
    ("DBMATE_WRAP_LOCK_RETRIES", "S3CR", "must be a whole number", ""),
    ("DBMATE_WRAP_PROTECTED", "perhaps", "must be true or false", ""),
    ("DBMATE_WRAP_SHADOW_URL", "postgres://u:S3CR#@h/db", "has a # in it", "%23"),
    ("DBMATE_WRAP_ENV", "stagin", "stagin is not an environment", "did you mean staging?"),
    ("DBMATE_WRAP_ENV", SECRET, "this is not an environment", "dev, test, staging, production"),
]


@pytest.mark.skipif(sys.platform == "win32", reason="variables have one case there")
@pytest.mark.parametrize(("name", "value", "words", "hint"), VARIABLES)
def test_variable_fault_has_its_source(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str, hint: str
) -> None:
    monkeypatch.setenv(name, value)
    found = [fault for fault in faults() if words in fault.message]
    assert found
    assert found[0].source == f"{name} in the process environment"
    assert hint in (found[0].hint or "")


@pytest.mark.parametrize("name", ["DBMATE_WRAP_LOCK_RETRIES", "DBMATE_WRAP_TYPO", "DBMATE_WRAP_ENV"])
def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "")
    assert settings.load().environment().values.lock_retries == 8


# name given, hint
UNKNOWN = [
    ("prod", "did you mean production?"),
    ("stg", "did you mean staging?"),
    ("elsewhere", "there are dev, test, staging, production"),
    ("produktion", "did you mean production?"),
    ("Staging", "did you mean staging?"),
    ("../../etc/passwd", "there are"),
]


@pytest.mark.parametrize(("name", "hint"), UNKNOWN)
def test_an_unknown_environment_suggests_the_nearest(name: str, hint: str) -> None:
    (only,) = faults(environment=name)
    assert only.source == "--env"
    assert hint in str(only.hint)
    with pytest.raises(ConfigError):
        settings.load().environment(name)


# the bytes of .env, words of the fault, its line
DOTENV = [
    (b"A=1\nDEV_DATABASE_URL='postgres://u:S3CR@h/db\n", "not an assignment", ".env line 2"),
    (b'\n\n  X_DATABASE_URL="S3CR\n', "not an assignment", ".env line 3"),
    (b"A=1\nB=S3\0CR\n", "NUL", ".env line 2"),
    (b"A=1\n# gr\xfc\xdfe\n", "not UTF-8", ".env line 2"),
    (b"\xef\xbb\xbfA=1\n", "byte order mark", ".env"),
    ("A=1\n".encode("utf-16"), "NUL", ".env line 1"),
    (b"A=1\nDEV_DATABASE_URL\n", "a name without a value", ".env line 2"),
    (b"A=1\nDEV_DATABASE_URL is S3CR-ET\n", "not an assignment", ".env line 2"),
    (b"database_url: S3CR-ET\n", "not an assignment", ".env line 1"),
    (b"A=1\npostgres://u:S3CR@h/db x\n", "not an assignment", ".env line 2"),
    (b"DATABASE_URL='S3CR'ET\n", "not an assignment", ".env line 1"),
    (b"DEV_DATABASE_URL=a\nX=1\nDEV_DATABASE_URL=b\n", "again, after line 1", ".env line 3"),
    (b"A='x\nDEV_DATABASE_URL=postgres://u:S3CR@h/db\nB='\n", "runs over a line", ".env line 1"),
    (b"x" * (1 << 21), "larger than 1 MiB", ".env"),
]


@pytest.mark.parametrize(("content", "words", "source"), DOTENV)
def test_a_broken_dotenv_file_is_refused(project: Path, content: bytes, words: str, source: str) -> None:
    (project / ".env").write_bytes(content)
    first, *_ = faults()
    assert words in first.message
    assert first.source == source


def test_a_dotenv_file_of_another_environment_may_be_broken(project: Path) -> None:
    write(project, {".env.staging": "DATABASE_URL='"})
    settings.load(environment="production")
    (only,) = faults(environment="staging")
    assert only.source == ".env.staging line 1"


@pytest.mark.parametrize(
    "line",
    ["source ./more.env", 'A="open', "A='closed'again", "NAME", "- a list", "'", "[section]", "if x; then"],
)
def test_a_line_that_is_no_assignment_and_not_ours_is_ignored(project: Path, line: str) -> None:
    write(project, {".env": f"A=1\n{line}\nDEV_DATABASE_URL=postgres://u@h/found\n"})
    found = settings.load().environment().resolve_url()
    assert found is not None
    assert found.url.database == "found"
    assert settings.load().warnings == ()


def test_other_programs_may_keep_lines_in_dotenv(project: Path) -> None:
    write(project, {".env": "KEY='-----BEGIN\nZm9v==\n-----END'\nA=\nA=2\nexport B=$A # c\n\n# d\n'E F'=1\n"})
    assert settings.load().environment().resolve_url() is None


def test_every_fault_is_reported_at_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        project,
        {
            "dbmate-wrap.toml": "lock_retries = 'x'\ntypo = 1\n[environments.qa]\nlock_timeout = 5\nurl = ''",
            ".env": "DATABASE_URL",
        },
    )
    monkeypatch.setenv("DBMATE_WRAP_TYPO", "1")
    assert [fault.source for fault in faults(environment="stagin")] == [
        "dbmate-wrap.toml: environments.qa.url",
        "dbmate-wrap.toml: typo",
        "DBMATE_WRAP_TYPO in the process environment",
        "--env",
        "dbmate-wrap.toml: lock_retries",
        "dbmate-wrap.toml: environments.qa.lock_timeout",
        ".env line 1",
    ]


def test_a_broken_file_hides_no_other_fault_and_invents_none(project: Path) -> None:
    write(project, {"dbmate-wrap.toml": "[environments.qa", ".env": "DATABASE_URL"})
    assert [fault.source for fault in faults(environment="qa")] == [
        "dbmate-wrap.toml line 1, at its end",
        ".env line 1",
    ]


def test_one_fault_is_the_message_itself(project: Path) -> None:
    write(project, {"dbmate-wrap.toml": "lock_timout = '5s'"})
    with pytest.raises(ConfigError) as caught:
        settings.load()
    assert caught.value.message == "dbmate-wrap.toml: lock_timout: is not a setting"
    assert caught.value.hint == "did you mean lock_timeout?"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\xef\xbb\xbfx = 1", "byte order mark"), (b"x = '\xe4'", "not UTF-8"), (b"\0", "NUL")],
)
def test_toml_that_is_no_text_is_explained(project: Path, content: bytes, words: str) -> None:
    (project / "dbmate-wrap.toml").write_bytes(content)
    (only,) = faults()
    assert words in only.message


def test_a_folder_in_place_of_a_file_is_explained(project: Path) -> None:
    (project / "dbmate-wrap.toml").mkdir()
    (project / ".env").mkdir()
    assert [fault.source for fault in faults()] == ["dbmate-wrap.toml", ".env"]
