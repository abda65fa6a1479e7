"""Who owns what the migrations have made says nothing."""

from collections.abc import Mapping

import pytest

from dbmate_wrap.domain.live_schema import extension_versions, with_owners_kept, without_owner

T = "the privileges of table app.t"


@pytest.mark.parametrize(
    ("facts", "owner", "called", "left"),
    [
        ({"the owner of table app.t": "replay"}, "replay", "app", {}),
        (
            {"the owner of table app.t": "other"},
            "replay",
            "app",
            {"the owner of table app.t": "other"},
        ),
        ({"the owner of the database": "other"}, "replay", "app", {}),
        (
            {"the owner of schema dbmate_wrap": "x", "the privileges of table dbmate_wrap.ledger": "x"},
            "a",
            "b",
            {},
        ),
        ({T: "app SELECT f, app_rw SELECT f"}, "app", "z", {T: "app_rw SELECT f, z SELECT f"}),
        (
            {T: "replay DELETE f, zed SELECT f"},
            "replay",
            "My Owner",
            {T: '"My Owner" DELETE f, zed SELECT f'},
        ),
        ({"the owner of table app.t": '"My Owner"'}, "My Owner", "My Owner", {}),
        (
            {"the default privileges for role replay in schema app on tables": "reporting SELECT f"},
            "replay",
            "app",
            {"the default privileges for role app in schema app on tables": "reporting SELECT f"},
        ),
        (
            {"the setting x of the database": "replay x=1\nzed x=replay"},
            "replay",
            "zz",
            {"the setting x of the database": "zed x=replay\nzz x=1"},
        ),
    ],
    ids=["own", "other", "database", "ledger", "part of a name", "order", "odd", "defaults", "settings"],
)
def test_the_owner_is_called_otherwise(
    facts: Mapping[str, str], owner: str, called: str, left: Mapping[str, str]
) -> None:
    assert without_owner(facts, owner, called) == left


def test_both_sides_are_the_same_whatever_the_roles_are_called() -> None:
    made = without_owner({T: "dbmate_replay DELETE f, reporting SELECT f"}, "dbmate_replay", "zoe")
    live = without_owner({T: "reporting SELECT f, zoe DELETE f"}, "zoe", "zoe")
    assert made == live


def test_the_owner_of_default_privileges_says_nothing() -> None:
    name = "the default privileges for role {} in schema app on sequences"
    made = without_owner({name.format("replay"): "replay\n- SELECT f"}, "replay", "My Owner")
    live = {name.format('"My Owner"'): '"My Owner"\n- SELECT f'}
    assert made == without_owner(live, "My Owner", "My Owner")
    first = without_owner({name.format("postgres"): "- SELECT f"}, "postgres", "postgres")
    assert first == without_owner({name.format("replay"): "replay\n- SELECT f"}, "replay", "postgres")


def test_only_versions_of_extensions_are_taken_of_what_is_shared() -> None:
    shared = {"the version of extension hstore": "1.8", "role x": ""}
    assert extension_versions(shared) == {"the version of extension hstore": "1.8"}


def test_what_belongs_to_a_role_of_production_counts_as_belonging_to_who_migrates() -> None:
    made = {
        "the privileges of table t": "deploy SELECT f, Reader SELECT f",
        "the owner of table v": "other",
    }
    there = {
        "the owner of table t": '"My app"',
        "the privileges of table t": '"My app" SELECT f, Reader SELECT f',
        "the owner of table u": '"My app"',
        "the owner of table v": "other",
        "the privileges of table v": '"My app" SELECT f',
    }
    left, right = with_owners_kept(made, there, {"My app"}, "deploy")
    assert left["the privileges of table t"] == right["the privileges of table t"]
    assert {name for name in right if name.startswith("the owner")} == {"the owner of table v"}
    assert right["the privileges of table v"] == '"My app" SELECT f', "it is a grant, not the owner's"
    assert with_owners_kept(made, there, frozenset(), "deploy") == (made, there)
