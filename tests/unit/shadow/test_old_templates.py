"""Which templates are too many."""

import pytest

from dbmate_wrap.shadow import old_templates
from dbmate_wrap.shadow.old_templates import surplus
from dbmate_wrap.shadow.template import Template


def of_ages(*ages: float, size: int = 10) -> dict[str, Template]:
    """Templates that are called as the time when each was used."""
    return {str(age): Template(age, frozenset(), "", size) for age in ages}


@pytest.mark.parametrize(
    ("most", "spared", "dropped"),
    [(4, "", []), (3, "", ["1"]), (1, "", ["3", "2", "1"]), (1, "2", ["3", "1"]), (0, "4", ["3", "2", "1"])],
)
def test_the_least_recently_used_are_too_many(most: int, spared: str, dropped: list[str]) -> None:
    assert surplus(of_ages(2, 1, 4, 3), spared=spared, most=most) == dropped


def test_those_that_are_too_large_together_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(old_templates, "MOST_BYTES", 25)
    assert surplus(of_ages(1, 2, 3), spared="3", most=9) == ["1"]
    assert surplus(of_ages(1, 2, size=100), spared="2", most=9) == ["1"]
