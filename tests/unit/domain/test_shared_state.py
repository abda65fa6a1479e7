"""What is left beside the schema is named by the roles that were there before."""

import pytest

from dbmate_wrap.domain.schema_diff import Difference
from dbmate_wrap.domain.shared_state import SharedFact, SharedState, compare_shared


def state(*facts: tuple[str, str]) -> SharedState:
    """Facts with their values; each is about the roles a, b and c that its name ends with."""
    return SharedState(
        {
            name: SharedFact(frozenset(word for word in name.split() if word in ("a", "b", "c")), value)
            for name, value in facts
        }
    )


BEFORE = (("role a", ""), ("role b", ""), ("the membership of a in b", "x"), ("the setting jit of a", "on"))


@pytest.mark.parametrize(
    ("found", "difference"),
    [
        (BEFORE, Difference()),
        ((*BEFORE, ("the attribute LOGIN of a", "")), Difference(extra=("the attribute LOGIN of a",))),
        (BEFORE[:-1], Difference(missing=("the setting jit of a",))),
        ((*BEFORE[:-1], ("the setting jit of a", "off")), Difference(changed=("the setting jit of a",))),
        ((*BEFORE, ("the version of hstore", "1.8")), Difference(extra=("the version of hstore",))),
    ],
)
def test_what_is_more_less_or_other_is_named(
    found: tuple[tuple[str, str], ...], difference: Difference
) -> None:
    assert compare_shared(state(*BEFORE), state(*found)) == difference


def test_a_role_that_is_new_may_stay_with_all_about_it() -> None:
    new = (("role c", ""), ("the attribute LOGIN of c", ""), ("the membership of c in a", ""))
    assert not compare_shared(state(*BEFORE), state(*BEFORE, *new))


def test_a_role_that_is_gone_is_named_alone() -> None:
    found = state(("role b", ""))
    assert compare_shared(state(*BEFORE), found) == Difference(missing=("role a",))
