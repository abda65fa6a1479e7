"""Which targets a run is about; what selects nothing is an error, and is never taken for a success."""

import pytest

from dbmate_wrap.domain.fleet import FleetTarget, Inventory, Shard, TargetSelection
from dbmate_wrap.errors import ConfigError, UsageError
from dbmate_wrap.fleet.selection import find_target, select

CRM = Inventory(
    "crm",
    "production",
    (
        FleetTarget("acme", "acme", labels={"region": "eu", "wave": "canary"}),
        FleetTarget("bolt", "bolt", labels={"region": "us"}),
        FleetTarget("core", "core"),
    ),
)


def names(selection: TargetSelection) -> list[str]:
    return [each.name for each in select(CRM, selection)]


def test_the_targets_with_all_labels_are_selected() -> None:
    assert names(TargetSelection()) == ["acme", "bolt", "core"]
    assert names(TargetSelection({"region": "eu"})) == ["acme"]


def test_a_shard_may_be_empty_but_labels_that_nobody_has_are_an_error() -> None:
    assert sum(len(names(TargetSelection({"region": "eu"}, Shard(index, 9)))) for index in range(1, 10)) == 1
    with pytest.raises(UsageError):
        select(CRM, TargetSelection({"region": "ap"}, Shard(1, 9)))


@pytest.mark.parametrize(
    ("where", "message", "hint"),
    [
        ({"region": "eu1"}, "no target of crm has region=eu1", "did you mean eu?"),
        ({"region": "asia"}, "no target of crm has region=asia", "values of region: eu, us"),
        ({"regoin": "eu"}, "no target of crm has regoin=eu", "did you mean region?"),
        ({"tier": "gold"}, "no target of crm has tier=gold", "labels: region, wave"),
        ({"region": "us", "wave": "canary"}, "no target of crm has region=us and wave=canary", "none has"),
    ],
)
def test_a_label_that_nobody_has_suggests_the_nearest(where: dict[str, str], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        select(CRM, TargetSelection(where))
    assert caught.value.message == message
    assert hint in str(caught.value.hint)


def test_a_target_is_found_by_its_name() -> None:
    assert find_target(CRM, "bolt").database == "bolt"


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("acne", "acne is not a target of the fleet crm", "did you mean acme?"),
        ("zzz", "zzz is not a target of the fleet crm", "`dbmate-wrap fleet list crm` lists them"),
        ("postgres://u:S3CRET@h/d", "this is not a target of the fleet crm", "lists them"),
    ],
)
def test_an_unknown_target_suggests_the_nearest_name(name: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find_target(CRM, name)
    assert message in caught.value.message
    assert hint in str(caught.value.hint)
    assert "S3CR" not in f"{caught.value.message} {caught.value.hint}"
