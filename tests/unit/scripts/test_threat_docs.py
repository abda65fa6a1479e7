"""What docs/threats.toml claims to be stopped is held by tests that exist."""

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from scripts.threat_docs import Threat, page, read_threats

ROOT = Path(__file__).resolve().parents[3]
PATH = ROOT / "docs" / "threats.toml"
ATTACKERS, THREATS = read_threats(PATH)


@cache
def functions(file: str) -> frozenset[str]:
    """The names of the functions of a file's top level."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("threat", THREATS, ids=lambda threat: threat.id)
def test_what_is_claimed_is_held_by_tests_that_exist(threat: Threat) -> None:
    assert bool(threat.stops) == bool(threat.tests)
    for test in threat.tests:
        file, _, function = test.partition("::")
        assert file.startswith("tests/")
        assert function.startswith("test_")
        assert function in functions(file), test


@pytest.mark.parametrize("threat", THREATS, ids=lambda threat: threat.id)
def test_where_nothing_stops_it_there_is_something_to_do(threat: Threat) -> None:
    assert threat.stops or (threat.remains and threat.do)


def test_each_threat_has_one_name_and_each_attacker_a_threat() -> None:
    assert [name for name, count in Counter(each.id for each in THREATS).items() if count > 1] == []
    assert {each.who for each in THREATS} == {each.id for each in ATTACKERS}


def test_the_page_has_every_threat_and_links_its_tests() -> None:
    text = page(PATH)
    for threat in THREATS:
        assert f"### {threat.id}\n" in text
        assert text.count(threat.tries)
    assert "[test_one_flipped_bit_is_seen](../tests/unit/dbmate/test_binary.py)" in text


def test_a_key_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "threats.toml"
    path.write_text('who = []\n[[threat]]\nid = "a"\nwho = "b"\ntries = "c"\nstopps = "d"\n')
    with pytest.raises(TypeError, match="stopps"):
        read_threats(path)
