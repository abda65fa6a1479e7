"""The name that a wrong one is meant for."""

import pytest

from dbmate_wrap.domain.similar_name import similar_name

ENVIRONMENTS = ("dev", "test", "staging", "production")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("prod", "production"),
        ("PROD", "production"),
        ("prd", "production"),
        ("produktion", "production"),
        ("stg", "staging"),
        ("stage", "staging"),
        ("development", "dev"),
        ("tests", "test"),
        ("qa", None),
        ("p", None),
        ("pr", None),
        ("live", None),
        ("", None),
    ],
)
def test_a_name_that_is_misspelled_shortened_or_prolonged(typed: str, meant: str | None) -> None:
    assert similar_name(typed, ENVIRONMENTS) == meant


def test_a_beginning_of_two_names_is_neither() -> None:
    assert similar_name("pro", ("production-eu", "production-us")) is None
