"""A fleet as a person types it: its list, and any verb about one of its targets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.cli import TWO, RunCli, RunJson, applied, assert_refused
from tests.support.projects import MakeProject, ProjectFolder
from tests.support.servers import Database, Server

pytestmark = pytest.mark.e2e

ACME = ["-e", "production", "--target", "acme"]


@dataclass(frozen=True)
class Fleet:
    """Two databases of one environment, whose own database is a third."""

    folder: ProjectFolder
    acme: Database
    bolt: Database
    env: dict[str, str]


@pytest.fixture
def fleet(project: MakeProject, embedded: Server) -> Iterator[Fleet]:
    with embedded.new_database() as base, embedded.new_database() as acme, embedded.new_database() as bolt:
        folder = project(TWO, sealed=True, toml='[fleets.crm]\ntargets = "tenants.csv"\n')
        lines = ["name,database,region,wave", f"acme,{acme.name},eu,canary", f"bolt,{bolt.name},us,"]
        (folder.root / "tenants.csv").write_text("\n".join(lines), encoding="utf-8")
        yield Fleet(folder, acme, bolt, {"PRODUCTION_DATABASE_URL": base.url})


def test_a_fleet_is_listed_with_its_labels_shards_count_and_digest(
    fleet: Fleet, run_cli: RunCli, run_json: RunJson
) -> None:
    done = run_cli(["fleet", "list", "--shards", "2"], fleet.folder.root)
    assert done.returncode == 0, done.stderr
    header, first, second, _, summary = done.stdout.splitlines()
    assert header.split() == ["target", "database", "labels", "shard"]
    assert re.fullmatch(rf"acme +{fleet.acme.name} +region=eu wave=canary +[12]/2", first)
    assert re.fullmatch(rf"bolt +{fleet.bolt.name} +region=us +[12]/2", second)
    assert re.fullmatch(r"crm of production: 2 targets, digest [0-9a-f]{64}", summary)
    document = run_json(["fleet", "list", "crm", "--where", "region=eu"], fleet.folder.root)
    inventory = document["inventory"]
    assert isinstance(inventory, dict)
    assert document["environment"] == "production"
    assert (inventory["size"], len(inventory["targets"])) == (2, 1)
    assert summary.endswith(inventory["digest"])
    markdown = run_cli(["fleet", "list", "--format", "markdown"], fleet.folder.root).stdout
    assert f"| `acme` | `{fleet.acme.name}` | `region=eu wave=canary` |" in markdown


def test_the_shards_of_an_engine_are_all_targets_once(fleet: Fleet, run_cli: RunCli) -> None:
    listed: list[str] = []
    for index in range(3):
        env = {"STRATEGY_JOB_INDEX": str(index), "STRATEGY_JOB_TOTAL": "3"}
        done = run_cli(["fleet", "list", "--shard", "auto"], fleet.folder.root, env)
        assert done.returncode == 0
        listed += re.findall("^(acme|bolt) ", done.stdout, re.MULTILINE)
    assert sorted(listed) == ["acme", "bolt"]
    assert_refused(
        run_cli(["fleet", "list", "--shard", "auto"], fleet.folder.root), 2, "no engine says", "--shard I/N"
    )


def test_one_target_is_migrated_and_no_other(fleet: Fleet, run_cli: RunCli, run_json: RunJson) -> None:
    root, env = fleet.folder.root, fleet.env
    refused = run_cli(["up", *ACME], root, env)
    assert_refused(refused, 20, "production is protected", "plan -e production --target acme; then add --yes")
    assert run_cli(["up", *ACME, "--yes"], root, env).returncode == 0
    assert (applied(fleet.acme), applied(fleet.bolt)) == (["001", "002"], [])
    for words in (["status", *ACME], ["-e", "fleet:crm/acme", "status"]):
        document = run_json(words, root, env)
        target = document["target"]
        assert isinstance(target, dict)
        assert (document["environment"], target["database"]) == ("production", fleet.acme.name)
    pending = run_cli(["status", "-e", "fleet:crm/bolt", "--exit-code"], root, env)
    assert pending.returncode == 32
    history = run_json(["history", *ACME], root, env)["entries"]
    assert isinstance(history, list)
    assert [entry["version"] for entry in history] == ["001", "002"]
    stamped = "select environment from dbmate_wrap.stamp"
    assert fleet.acme.execute(stamped) == [("production",)]


def test_the_other_verbs_are_about_the_target_too(fleet: Fleet, run_cli: RunCli) -> None:
    root, env = fleet.folder.root, fleet.env
    assert run_cli(["up", *ACME, "--yes"], root, env).returncode == 0
    for words, said in (
        (["plan", *ACME], "nothing is pending"),
        (["drift", *ACME], "no difference"),
        (["dump", *ACME, "--output", "-"], "CREATE TABLE public.a"),
        (["exec", *ACME, "--", "status"], "Applied: 2"),
        (["psql", *ACME, "--", "-Atc", "select current_database()"], fleet.acme.name),
        (["doctor", *ACME], f"/{fleet.acme.name}"),
        (["stamp", *ACME, "--yes"], "stamped as production"),
    ):
        done = run_cli(words, root, env)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout, words
    assert_refused(
        run_cli(["rollback", *ACME], root, env), 20, "rollback is refused on production", "new NAME"
    )
    baseline = run_cli(["baseline", *ACME, "--dry-run"], root, env)
    assert_refused(baseline, 13, f"{fleet.acme.name} has a history", "status -e production --target acme")


def test_a_target_that_is_none_runs_nothing(fleet: Fleet, run_cli: RunCli) -> None:
    root, env = fleet.folder.root, fleet.env
    for words, message, hint in (
        (
            ["-e", "production", "--target", "acne"],
            "acne is not a target of the fleet crm",
            "did you mean acme?",
        ),
        (
            ["-e", "staging", "--target", "acme"],
            "there is no fleet of staging",
            r"fleets here: crm \(-e production\)",
        ),
        (["--target", "acme"], "there is no fleet of dev", r"fleets here: crm \(-e production\)"),
        (["-e", "fleet:crn/acme"], "crn is not a fleet", "did you mean crm?"),
    ):
        assert_refused(run_cli(["up", *words, "--yes"], root, env), 10, message, hint)
    assert applied(fleet.acme) == []


def test_a_target_of_the_embedded_server_is_a_database_beside_dev(
    project: MakeProject, run_cli: RunCli
) -> None:
    toml = '[fleets.local]\nenvironment = "dev"\ntargets = "t.jsonl"\n'
    folder = project(TWO, sealed=True, toml=toml)
    (folder.root / "t.jsonl").write_text(
        '{"name": "acme"}\n{"name": "bolt", "host": "db2"}\n', encoding="utf-8"
    )
    done = run_cli(["up", "--target", "acme"], folder.root)
    assert done.returncode == 0, done.stderr
    assert "created the database acme" in done.stderr
    again = run_cli(["status", "--target", "acme"], folder.root)
    assert "2 applied" in again.stdout
    assert "database acme on" in again.stdout
    assert_refused(
        run_cli(["status", "--target", "bolt"], folder.root), 10, "dev has no URL", "set DEV_DATABASE_URL"
    )
