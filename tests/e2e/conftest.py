"""Fixtures of the end-to-end tests."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import jsonschema
import pytest

from scripts.generate_docs import output_schema
from tests.conftest import CliResult, RunCli
from tests.support.cli import assert_presentable

Document = dict[str, object]
RunJson = Callable[..., Document]


@pytest.fixture(scope="session")
def validator() -> jsonschema.Draft202012Validator:
    """Of the published schema."""
    schema = output_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture
def judged(validator: jsonschema.Draft202012Validator) -> Callable[[CliResult], Document]:
    """The one document of an answer, which must be valid and tell the exit code."""

    def judge(done: CliResult) -> Document:
        assert_presentable(done)
        document = done.json()
        validator.validate(document)
        ended = document["exit"]
        assert isinstance(ended, dict)
        assert ended["code"] == done.returncode
        assert (document["error"] is None) == (done.returncode in (0, 32)), document["error"]
        return document

    return judge


@pytest.fixture
def run_json(run_cli: RunCli, judged: Callable[[CliResult], Document]) -> RunJson:
    """Runs the command with `--format json` and returns its document."""

    def run(args: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> Document:
        return judged(run_cli([*args, "--format", "json"], cwd, env))

    return run
