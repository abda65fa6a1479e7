"""`fleet report` needs files alone: no project, no environment, no database."""

import io
import json
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from dbmate_wrap.cli.command import command, group_options
from dbmate_wrap.cli.fleet_report_command import fleet_report
from dbmate_wrap.domain.fleet import FleetTarget, Inventory
from tests.support.fleets import end_of
from tests.support.shard_files import NAMES, shard_lines

ROOT = Path(__file__).resolve().parents[3]
FIRST = shard_lines([end_of(name, "applied", "014") for name in NAMES[:2]], shard="1/2")
SECOND = shard_lines([end_of(name, "applied", "014") for name in NAMES[2:]], shard="2/2")


def app() -> typer.Typer:
    """A program that has this command alone."""
    made = typer.Typer()
    group_options(made)
    command(made, "report")(fleet_report)
    return made


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a project, with the files of two shards."""
    (tmp_path / "s1.jsonl").write_bytes(b"".join(FIRST))
    (tmp_path / "s2.jsonl").write_bytes(b"".join(SECOND))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def report(*arguments: str, code: int = 0) -> str:
    """What it prints on stdout."""
    found = CliRunner().invoke(app(), ["report", *arguments])
    assert found.exit_code == code, found.output
    return found.stdout


def document(*arguments: str, code: int = 0) -> dict[str, Any]:
    """The document that it prints, which the published schema describes."""
    found = json.loads(report(*arguments, "--format", "json", code=code))
    schema = json.loads((ROOT / "docs" / "output.schema.json").read_text(encoding="utf-8"))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(found)] == []
    assert isinstance(found, dict)
    assert found["exit"]["code"] == code
    return found


@pytest.mark.usefixtures("folder")
def test_it_merges_files_and_writes_a_document_for_people_and_programs() -> None:
    assert report("s1.jsonl", "s2.jsonl") == (
        "production  fleet tenants: 4 databases\n\n"
        "version  file                  databases\n"
        "014      014_unique_email.sql          4\n\n"
        "4 applied\n"
    )
    found = document("s1.jsonl", "s2.jsonl")
    assert (found["command"], found["environment"], found["target"]) == ("fleet report", "production", None)
    assert found["fleet"]["states"] == [{"state": "applied", "targets": 4}]
    assert "\n**4** applied\n" in report("s1.jsonl", "s2.jsonl", "--format", "markdown")


@pytest.mark.usefixtures("folder")
def test_what_is_not_reported_has_its_exit_code_and_names() -> None:
    found = document("s1.jsonl", code=34)
    assert found["fleet"]["unreported"] == ["cactus", "delta"]
    assert found["error"]["message"] == "2 of 4 databases reported by no shard"


def test_it_writes_a_junit_report_with_a_case_for_each_target(folder: Path) -> None:
    report("s1.jsonl", "--junit", "out.xml", code=34)
    cases = ET.fromstring((folder / "out.xml").read_text(encoding="utf-8")).findall(".//testcase")
    kinds = {case.get("name"): [each.tag for each in case] for case in cases}
    done, unknown = ["system-out"], ["error"]
    assert kinds == {"fleet report": [], "acme": done, "bolt": done, "cactus": unknown, "delta": unknown}


@pytest.mark.usefixtures("folder")
def test_a_hyphen_is_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    found = CliRunner().invoke(app(), ["report", "-", "s2.jsonl"], input=b"".join(FIRST))
    assert (found.exit_code, "4 applied" in found.stdout) == (0, True)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert "no JSON lines of a run over a fleet in stdin" in document("-", code=10)["error"]["message"]


@pytest.mark.usefixtures("folder")
def test_a_file_that_is_given_twice_is_read_once() -> None:
    assert len(document("s1.jsonl", "s2.jsonl", "s1.jsonl")["checks"]) == 2


@pytest.mark.parametrize(
    ("name", "why"), [("s3.jsonl", "No such file or directory"), (".", "Is a directory")]
)
@pytest.mark.usefixtures("folder")
def test_a_file_that_cannot_be_read_is_an_error_and_no_missing_shard(name: str, why: str) -> None:
    error = document("s1.jsonl", name, code=10)["error"]
    assert error["message"] == f"cannot read {name}: {why}"
    assert "fleet up --format json" in error["hint"]


@pytest.mark.usefixtures("folder")
def test_the_files_say_which_environment_it_is() -> None:
    document("-e", "production", "s1.jsonl", "s2.jsonl")
    error = document("-e", "staging", "s1.jsonl", "s2.jsonl", code=10)["error"]
    assert error["message"] == "the files are of production, not of staging"


def test_where_no_shard_ended_the_project_says_which_databases_there_are(folder: Path) -> None:
    inventory = Inventory("tenants", "production", tuple(FleetTarget(name, name) for name in NAMES))
    ends = [end_of(name, "applied", "014") for name in NAMES[:2]]
    ends = [replace(end, row=replace(end.row, digest=inventory.digest)) for end in ends]
    (folder / "killed.jsonl").write_bytes(b"".join(shard_lines(ends, is_killed=True)))
    hint = document("killed.jsonl", code=10)["error"]["hint"]
    assert hint.endswith("dbmate-wrap fleet report --fleet tenants FILE...")
    (folder / "dbmate-wrap.toml").write_text('[fleets.tenants]\ntargets = "list.csv"\n', encoding="utf-8")
    (folder / "list.csv").write_text("name\n" + "".join(f"{name}\n" for name in NAMES), encoding="utf-8")
    found = document("--fleet", "tenants", "killed.jsonl", code=34)
    assert found["fleet"]["unreported"] == ["cactus", "delta"]
    # Another list: the shards saw one that is not here any more.
    (folder / "list.csv").write_text("name\nacme\n", encoding="utf-8")
    error = document("--fleet", "tenants", "killed.jsonl", code=10)["error"]
    assert "the files are not of one inventory" in error["message"]


def test_without_a_file_there_is_nothing_to_report() -> None:
    assert CliRunner().invoke(app(), ["report"]).exit_code == 2
