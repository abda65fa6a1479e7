"""Facts of a live schema, made comparable with those of a replay."""

from dbmate_wrap.domain.live_schema import with_owners_kept


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
