"""The targets of a fleet: their URLs, their shards, and the digest by which two runs compare them."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbmate_wrap.domain.database_url import parse
from dbmate_wrap.domain.fleet import FleetTarget, Inventory, Shard, TargetSelection, shard_index
from dbmate_wrap.domain.fleet_reference import FleetReference, read_reference
from dbmate_wrap.errors import UsageError

BASE = parse("postgres://app:s3cr3t@db:5433/catalog?sslmode=require", os_user="nobody")


@pytest.mark.parametrize(
    ("target", "url"),
    [
        (FleetTarget("acme", "acme"), "postgres://app@db:5433/acme?sslmode=require"),
        (FleetTarget("acme", "crm", "db2"), "postgres://app@db2:5433/crm?sslmode=require"),
        (FleetTarget("acme", "crm", None, 6432), "postgres://app@db:6432/crm?sslmode=require"),
        (FleetTarget("a", "b c", "::1", 1), "postgres://app@[::1]:1/b%20c?sslmode=require"),
    ],
)
def test_a_targets_url_is_that_of_its_environment_with_database_host_and_port(
    target: FleetTarget, url: str
) -> None:
    assert target.url(BASE).public() == url
    assert target.url(BASE).password == "s3cr3t"


# As the shell says it: $(( 16#$(printf %s acme | sha256sum | cut -c64) % 8 + 1 )).
SHARDS = [("acme", 8), ("bolt", 6), ("tenant-0001", 3), ("tenant-0002", 1), ("müller", 3)]


@pytest.mark.parametrize(("name", "index"), SHARDS)
def test_a_target_belongs_to_the_same_shard_for_ever(name: str, index: int) -> None:
    assert shard_index(name, 8) == index
    assert Shard(index, 8).has(name)


def test_shards_share_the_targets_among_them_evenly_and_without_a_rest() -> None:
    names = [f"tenant-{number}" for number in range(4000)]
    found = Counter(shard_index(name, 8) for name in names)
    assert set(found) == set(range(1, 9))
    assert sum(found.values()) == 4000
    assert max(found.values()) < 1.25 * min(found.values())


@settings(derandomize=True)
@given(st.lists(st.text(min_size=1), unique=True, max_size=20), st.integers(1, 12))
def test_every_target_is_in_one_shard_alone(names: list[str], count: int) -> None:
    targets = [FleetTarget(name, name) for name in names]
    shards = [TargetSelection(shard=Shard(index, count)).find(targets) for index in range(1, count + 1)]
    assert sorted(each.name for shard in shards for each in shard) == sorted(names)
    assert all(list(shard) == [each for each in targets if each in shard] for shard in shards)


def inventory(*targets: FleetTarget) -> Inventory:
    return Inventory("crm", "production", targets)


ACME = FleetTarget("acme", "acme", labels={"region": "eu", "wave": "canary"})
BOLT = FleetTarget("bolt", "bolt", "db2", 5432)


def test_the_digest_is_of_the_targets_alone_in_whatever_order() -> None:
    digest = inventory(ACME, BOLT).digest
    # Two versions of the program must agree on it.
    assert digest == "fd513343187c7e8768996c8b8482776ec01007e7251396cbf6a3f5828e7dd17c"
    turned = FleetTarget("acme", "acme", labels={"wave": "canary", "region": "eu"})
    assert inventory(BOLT, turned).digest == digest
    assert Inventory("other", "staging", (ACME, BOLT)).digest == digest


@pytest.mark.parametrize(
    "other",
    [
        inventory(ACME),
        inventory(ACME, BOLT, FleetTarget("c", "c")),
        inventory(ACME, FleetTarget("bolt", "bolt2", "db2", 5432)),
        inventory(ACME, FleetTarget("bolt", "bolt", "db3", 5432)),
        inventory(ACME, FleetTarget("bolt", "bolt", "db2", None)),
        inventory(FleetTarget("acme", "acme", labels={"region": "eu"}), BOLT),
    ],
)
def test_another_list_has_another_digest(other: Inventory) -> None:
    assert other.digest != inventory(ACME, BOLT).digest


TARGETS = st.lists(
    st.builds(
        FleetTarget,
        name=st.text('ab=,"', max_size=3),
        database=st.text("ab", max_size=2),
        host=st.none() | st.text("ab", max_size=2),
        port=st.none() | st.integers(1, 3),
        labels=st.dictionaries(st.sampled_from("ab"), st.text("ab=", max_size=2), max_size=2),
    ),
    unique_by=lambda each: each.name,
    max_size=3,
)


@settings(derandomize=True)
@given(TARGETS, TARGETS, st.randoms())
def test_two_lists_have_one_digest_where_their_targets_are_the_same(
    one: list[FleetTarget], other: list[FleetTarget], random: Random
) -> None:
    shuffled = random.sample(one, len(one))
    assert inventory(*one).digest == inventory(*shuffled).digest
    by_name = [{each.name: each for each in targets} for targets in (one, other)]
    assert (inventory(*one).digest == inventory(*other).digest) == (by_name[0] == by_name[1])


def test_a_selection_is_of_labels_and_of_a_shard() -> None:
    targets = (ACME, BOLT, FleetTarget("c", "c", labels={"region": "eu"}))
    assert TargetSelection().find(targets) == targets
    assert [each.name for each in TargetSelection({"region": "eu"}).find(targets)] == ["acme", "c"]
    assert [each.name for each in TargetSelection({"region": "eu", "wave": "canary"}).find(targets)] == [
        "acme"
    ]
    parts = [TargetSelection(shard=Shard(index, 3)).find(targets) for index in (1, 2, 3)]
    assert sorted(each.name for part in parts for each in part) == ["acme", "bolt", "c"]


@pytest.mark.parametrize(
    ("typed", "reference"),
    [
        (None, None),
        ("production", None),
        ("fleet", None),
        ("fleet:crm/acme", FleetReference("crm", "acme")),
    ],
)
def test_one_target_is_named_as_an_environment_is(
    typed: str | None, reference: FleetReference | None
) -> None:
    assert read_reference(typed) == reference


@pytest.mark.parametrize("typed", ["fleet:", "fleet:crm", "fleet:crm/", "fleet:/acme"])
def test_a_fleet_without_a_target_is_no_target(typed: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_reference(typed)
    assert caught.value.hint == "write -e fleet:NAME/TARGET"
