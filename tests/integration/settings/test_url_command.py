"""The database URL of an environment from a command that is run."""

from pathlib import Path

import pytest

from dbmate_wrap.settings import url_command
from tests.support.settings_files import empty_project, refusal, script, staging, write

pytestmark = pytest.mark.integration

URL = "postgres://u:S3CR-ET@h/db"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty_project(tmp_path, monkeypatch)


# the script, words of the refusal
COMMANDS = [
    ("raise SystemExit(3)", "failed with exit code 3"),
    ("import sys; print('no login', file=sys.stderr); sys.exit(1)", "exit code 1: no login"),
    (
        f"import sys; print('bad {URL}', file=sys.stderr); sys.exit(1)",
        "exit code 1: bad postgres://u:***@h/db",
    ),
    (
        f"import sys; print('{URL}'); print('got S3CR-ET', file=sys.stderr); sys.exit(1)",
        "exit code 1: got ***",
    ),
    ("import sys; print('token=S3CR-ET', file=sys.stderr); sys.exit(1)", "token=***"),
    (f"print('{URL}'); raise SystemExit(1)", "failed with exit code 1"),
    ("", "printed nothing"),
    ("print()", "printed nothing"),
    ("print('  ')", "printed nothing"),
    (f"print('{URL}'); print('{URL}')", "printed 2 lines"),
    (f"print('{URL}'); print(); print('S3CR-ET')", "printed 3 lines"),
    ("import sys; sys.stdout.buffer.write(b'postgres://u:S3CR\\xe4@h/db')", "not UTF-8"),
    ("import sys; sys.stdout.buffer.write(b'postgres://u:S3CR\\0@h/db')", "not UTF-8"),
    ("print('u:S3CR-ET@h/db')", "does not begin with postgres://"),
    ("print('postgres://u:S3CR#ET@h/db')", "has a # in it"),
    ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended by signal 9"),
]


@pytest.mark.parametrize(("body", "words"), COMMANDS)
def test_a_command_that_gives_no_url_is_explained(project: Path, body: str, words: str) -> None:
    said = refusal(staging(project, url_command=script(project, body)))
    assert words in said
    assert "dbmate-wrap.toml: environments.staging.url_command" in said


def test_a_command_that_hangs_is_ended(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(url_command, "_TIMEOUT_SECONDS", 0.3)
    found = staging(project, url_command=script(project, "import time; time.sleep(60)"))
    assert "did not end within 0.3 s" in refusal(found)


@pytest.mark.parametrize(
    ("command", "words"), [("no-such-program x", "No such file"), ("./not-executable", "Permission denied")]
)
def test_a_command_that_cannot_start_is_explained(project: Path, command: str, words: str) -> None:
    write(project, {"not-executable": URL})
    assert words in refusal(staging(project, url_command=command))


def test_a_command_may_print_with_or_without_a_newline(project: Path) -> None:
    for end in ("", "\\n", "\\r\\n", "\\n\\n"):
        body = f"import sys; sys.stdout.write('{URL}{end}')"
        found = staging(project, url_command=script(project, body)).resolve_url()
        assert found is not None
        assert found.url.password == "S3CR-ET"


def test_a_command_runs_in_the_project_without_a_shell_and_sees_no_url(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEV_DATABASE_URL", URL + "2")
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("VAULT_TOKEN", "t")
    body = (
        "import os, sys\n"
        "assert sys.argv[1:] == ['a b', '$HOME;id', 'staging'], sys.argv\n"
        "assert not [name for name in os.environ if name.endswith('DATABASE_URL')]\n"
        "assert os.environ['VAULT_TOKEN'] == 't' and os.environ['DBMATE_WRAP_ENV'] == 'staging'\n"
        f"assert os.path.realpath('.') == os.path.realpath({str(project)!r})\n"
        "print('postgres://h/db')\n"
    )
    command = script(project, body) + " 'a b' $HOME;id {environment}"
    found = staging(project, url_command=command).resolve_url()
    assert found is not None
