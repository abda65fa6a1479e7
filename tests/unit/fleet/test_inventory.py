"""The inventory of a fleet from files: what is read, and all that is wrong with it at once."""

import json
from pathlib import Path

import pytest

from dbmate_wrap.domain.database_url import parse
from dbmate_wrap.domain.fleet import FleetTarget, Inventory
from dbmate_wrap.errors import ConfigError
from dbmate_wrap.fleet.inventory import load_inventory, refuse_one_database
from tests.support.contexts import fleet_context
from tests.support.settings_files import empty_project, write

TOML = """
[[targets]]
name = "acme"
wave = "canary"
labels = { region = "eu" }

[[targets]]
name = "bolt"
database = "crm"
host = "db2"
port = 5433
"""
CSV = "name,database,host,port,region,wave\nacme,,,,eu,canary\nbolt,crm,db2,5433,,\n"
JSONL = (
    '{"name": "acme", "labels": {"region": "eu"}, "wave": "canary"}\n'
    '{"name": "bolt", "database": "crm", "host": "db2", "port": 5433}\n'
)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty_project(tmp_path, monkeypatch)


def load(project: Path, name: str, text: str, *, toml: str = "", said: list[str] | None = None) -> Inventory:
    """The inventory of a fleet whose targets a file has."""
    write(project, {name: text, "dbmate-wrap.toml": f'{toml}\n[fleets.crm]\ntargets = "{name}"\n'})
    context = fleet_context(project, said if said is not None else [])
    return load_inventory(context, context.project.fleet())


def faults(project: Path, name: str, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(project, name, text)
    assert "S3CR" not in f"{caught.value.message} {caught.value.faults}"
    return [f"{each.source}: {each.message}" for each in caught.value.faults]


def test_the_same_list_in_three_formats_is_one_inventory(project: Path) -> None:
    texts = {"fleet/t.toml": TOML, "t.csv": CSV, "T.JSONL": JSONL}
    found = [load(project, name, text) for name, text in texts.items()]
    for each in found:
        assert (each.fleet, each.environment) == ("crm", "production")
        assert each.targets == (
            FleetTarget("acme", "acme", labels={"region": "eu", "wave": "canary"}),
            FleetTarget("bolt", "crm", "db2", 5433),
        )
    assert len({each.digest for each in found}) == 1


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "t.toml",
            '[[targets]]\nname = "a"\npasword = "S3CRET"\n\n[[targets]]\nname = "a"\n[[targets]]\nport = 0\n',
            [
                "t.toml line 1: pasword is not a key of a target",
                "t.toml line 7: has no name",
                "t.toml line 7: its port must be a number from 1 to 65535",
            ],
        ),
        (
            "t.csv",
            "name,password,port\na,S3CRET,\nb,,x\nb,,\n",
            [
                "t.csv line 2: password is a secret, which does not belong in a list of targets",
                "t.csv line 3: its port must be a number from 1 to 65535",
            ],
        ),
        (
            "t.jsonl",
            '{"name": "a"}\n{"name": "a"}\nS3CRET\n{"name": "b", "database": "a"}\n',
            [
                "t.jsonl line 3: is not JSON",
                "t.jsonl line 2: names a again, after t.jsonl line 1",
                "t.jsonl line 4: b is the same database as a in t.jsonl line 1",
            ],
        ),
        ("t.csv", "name\n", ["dbmate-wrap.toml: fleets.crm.targets: the fleet crm has no targets"]),
        ("t.csv", "", ["dbmate-wrap.toml: fleets.crm.targets: the fleet crm has no targets"]),
        ("t.csv", "\ufeffname\na\n", ["t.csv: begins with a byte order mark"]),
    ],
)
def test_all_faults_of_a_list_are_told_with_their_lines(
    project: Path, name: str, text: str, expected: list[str]
) -> None:
    assert faults(project, name, text) == expected


def test_a_file_that_is_not_there_is_named_with_its_setting(project: Path) -> None:
    write(project, {"dbmate-wrap.toml": '[fleets.crm]\ntargets = "fleet/t.csv"\n'})
    context = fleet_context(project, [])
    with pytest.raises(ConfigError) as caught:
        load_inventory(context, context.project.fleet())
    assert caught.value.message == (
        "dbmate-wrap.toml: fleets.crm.targets: names fleet/t.csv, which does not exist"
    )


def test_of_very_many_faults_the_first_are_told_and_the_rest_counted(project: Path) -> None:
    said = faults(project, "t.csv", "name\n" + "?\n" * 10_000)
    assert len(said) == 51
    assert said[-1] == "the list of targets: 9950 more faults"


def test_ten_thousand_targets_are_read(project: Path) -> None:
    lines = [
        json.dumps({"name": f"t{number}", "labels": {"part": f"{number % 7}"}}) for number in range(10_000)
    ]
    found = load(project, "t.jsonl", "\n".join(lines))
    assert len(found.targets) == 10_000
    assert found.targets[9_999] == FleetTarget("t9999", "t9999", labels={"part": "3"})


def test_where_each_target_has_a_url_of_its_own_what_the_list_says_of_it_is_told_to_have_no_effect(
    project: Path,
) -> None:
    said: list[str] = []
    own = "[environments.production]\nurl_file = 'secrets/{target}'"
    found = load(project, "t.csv", "name,database\na,app\nb,app\n", toml=own, said=said)
    assert len(found.targets) == 2
    assert said == ["warning: the URL of each target is its own: host, port and database have no effect"]


def test_two_targets_that_reach_one_database_are_refused_however_the_host_is_written() -> None:
    urls = ["postgres://u@Db.:5432/a", "postgres://u@db/b", "postgres://x@db/a", "postgres://u@db:5433/a"]
    pairs = [(FleetTarget(f"t{number}", "-"), parse(url, os_user="")) for number, url in enumerate(urls)]
    with pytest.raises(ConfigError) as caught:
        refuse_one_database(pairs)
    assert caught.value.message == "the target t2: is the same database as the target t0: a"
    refuse_one_database(pairs[:2])
