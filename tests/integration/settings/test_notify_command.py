"""What the notify_command of an environment gets, and what comes of its failure."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from dbmate_wrap.cli.notification import notify
from dbmate_wrap.cli.terminal import Terminal
from dbmate_wrap.domain.invocation import Invocation
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ErrorReport, ExitCode
from dbmate_wrap.redact import Secrets
from dbmate_wrap.settings import load, notify_command
from dbmate_wrap.workspace.context import Context
from tests.support.outcomes import STARTED
from tests.support.repository import REPOSITORY
from tests.support.settings_files import empty_project, script, write

pytestmark = pytest.mark.integration

SECRET = "S3CR-ET"
KEEP = "import os, sys, json; open('got.json', 'w').write(sys.stdin.read())"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty_project(tmp_path, monkeypatch)


def notified(
    project: Path,
    command: str,
    capsys: pytest.CaptureFixture[str],
    *,
    wrote: bool = True,
    verbose: bool = False,
) -> str:
    """What is said after a run of staging that ended with 30 and a secret in its error."""
    write(project, {"dbmate-wrap.toml": f"[environments.staging]\nnotify_command = {json.dumps(command)}\n"})
    secrets = Secrets()
    secrets.learn(SECRET)
    terminal = Terminal(secrets.mask, verbose=verbose)
    found = load(None, "staging")
    context = Context(found, found.environment(), Invocation("up", "0"), secrets, terminal, project, "")
    outcome = Outcome("up", "staging", "0123456789ab", STARTED, exit=ExitCode.FAILED, wrote=wrote)
    outcome.error = ErrorReport(f"no {SECRET} here")
    notify(context, outcome, terminal)
    assert outcome.exit is ExitCode.FAILED
    return capsys.readouterr().err


def test_it_gets_the_masked_document_and_no_secret_in_its_environment(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("STAGING_DATABASE_URL", "DBMATE_WRAP_SHADOW_URL", "OTHER_URL"):
        monkeypatch.setenv(name, f"postgres://u:{SECRET}@h/d")
    monkeypatch.setenv("PGPASSWORD", "another")
    monkeypatch.setenv("DB_PASSWORD", SECRET)
    monkeypatch.setenv("CHAT_WEBHOOK", "https://chat.example/hook")
    body = f"{KEEP}; open('env', 'w').write(repr(dict(os.environ)) + repr(sys.argv[1:]))"
    assert notified(project, f"{script(project, body)} '{{environment}}' $HOME", capsys) == ""
    document = json.loads((project / "got.json").read_text())
    assert (document["command"], document["exit"]["code"]) == ("up", 30)
    assert document["error"]["message"] == "no *** here"
    seen = (project / "env").read_text()
    assert SECRET not in seen
    assert "another" not in seen
    assert "https://chat.example/hook" in seen
    assert seen.endswith("['staging', '$HOME']")


def test_it_is_not_run_where_nothing_was_written(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert notified(project, script(project, KEEP), capsys, wrote=False) == ""
    assert not (project / "got.json").exists()


def test_its_failure_is_a_warning_without_what_it_printed(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = script(project, "import sys; print('out'); print('the hook', file=sys.stderr); sys.exit(3)")
    warning = "warning: the notify_command of staging ended with exit code 3\n"
    assert notified(project, failing, capsys) == warning
    assert notified(project, failing, capsys, verbose=True) == f"out\nthe hook\n{warning}"
    said = notified(project, "no-such-program", capsys)
    assert said.startswith("warning: the notify_command of staging was not run: dbmate-wrap.toml: ")
    assert "environments.staging.notify_command: cannot be started: No such file" in said


def test_one_that_hangs_is_ended(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify_command, "_TIMEOUT_SECONDS", 0.3)
    said = notified(project, script(project, "import time; time.sleep(60)"), capsys)
    assert said == "warning: the notify_command of staging did not end within 0.3 s\n"


def test_one_that_reads_nothing_is_no_failure(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert notified(project, script(project, "pass"), capsys) == ""


def test_a_bug_in_it_is_a_warning_too(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dbmate_wrap.render.json.render_line", lambda *given: 1 / 0)
    said = notified(project, script(project, "pass"), capsys)
    assert said == "warning: the notify_command of staging was not run: ZeroDivisionError: division by zero\n"


def test_the_example_of_the_docs_posts_a_line(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (REPOSITORY / "docs" / "settings.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(# scripts/notify\.py.*?)```", page, re.DOTALL)
    assert example is not None
    posted: list[bytes] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *given: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Webhook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("CHAT_WEBHOOK", f"http://127.0.0.1:{server.server_port}/")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert notified(project, script(project, example[1]), capsys) == ""
        server.shutdown()
    assert [json.loads(each) for each in posted] == [{"text": "up on staging: failed\nno *** here"}]
