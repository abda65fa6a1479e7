"""The options of the fleet commands: what they mean, and what is refused with a way out."""

import pytest
import typer

from dbmate_wrap.cli import fleet_options
from dbmate_wrap.domain.failure_limit import FailureLimit
from dbmate_wrap.domain.fleet import Shard, TargetSelection
from dbmate_wrap.domain.shard_variables import SHARD_VARIABLES


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests may themselves be run by an engine."""
    for name in SHARD_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_a_selection_has_every_label_and_the_shard() -> None:
    assert fleet_options.selection_of(None, None) == TargetSelection()
    found = fleet_options.selection_of(["region=eu", "tier=a=b", "region=eu"], "2/8")
    assert found == TargetSelection({"region": "eu", "tier": "a=b"}, Shard(2, 8))
    canaries = fleet_options.selection_of(["region=eu", "wave=canary"], None, "canary")
    assert canaries == TargetSelection({"region": "eu", "wave": "canary"})


def test_the_shard_of_auto_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_NODE_INDEX", "2")
    monkeypatch.setenv("CI_NODE_TOTAL", "4")
    assert fleet_options.shard_of("auto") == Shard(2, 4)
    assert fleet_options.shard_of(None) is None


@pytest.mark.parametrize("where", [["region"], ["=eu"], ["region="], ["region=eu", "region=us"]])
def test_what_is_no_label_is_refused(where: list[str]) -> None:
    with pytest.raises(typer.BadParameter):
        fleet_options.labels_of(where)


def test_a_shard_that_is_not_known_is_refused_with_the_hint_beside_it() -> None:
    with pytest.raises(typer.BadParameter) as caught:
        fleet_options.shard_of("auto")
    assert "or write --shard I/N" in caught.value.__notes__[0]


def test_limits_are_read_as_they_are_typed() -> None:
    assert fleet_options.failure_limit_of("5%") == FailureLimit(None, 5.0)
    assert fleet_options.failure_limit_of(None) is None
    assert fleet_options.deadline_of("30m") == 1800.0
    assert fleet_options.deadline_of(None) is None


def test_limits_that_are_none_are_refused() -> None:
    for call in (
        lambda: fleet_options.failure_limit_of("some"),
        lambda: fleet_options.deadline_of("30"),
        lambda: fleet_options.deadline_of("0"),
        lambda: fleet_options.selection_of(None, None, "canaries"),
        lambda: fleet_options.selection_of(["wave=2"], None, "canary"),
    ):
        with pytest.raises(typer.BadParameter):
            call()
