"""How many targets may fail: as typed, and when it is too many."""

import pytest

from dbmate_wrap.domain.failure_limit import FailureLimit, parse_failure_limit


@pytest.mark.parametrize(
    ("written", "limit"),
    [
        ("0", FailureLimit(0, None)),
        ("5", FailureLimit(5, None)),
        (5, FailureLimit(5, None)),
        ("10%", FailureLimit(None, 10.0)),
        (" 2.5 % ", FailureLimit(None, 2.5)),
        ("100%", FailureLimit(None, 100.0)),
    ],
)
def test_a_limit_is_a_number_or_a_share(written: object, limit: FailureLimit) -> None:
    assert parse_failure_limit(written) == limit


@pytest.mark.parametrize("written", ["", "-1", "1.5", "101%", "%", "five", "5 %%", True, None, 2.5, ["5"]])
def test_what_is_no_limit_is_refused_with_the_forms(written: object) -> None:
    with pytest.raises(ValueError, match="5, or a share of them, 10%"):
        parse_failure_limit(written)


@pytest.mark.parametrize(
    ("written", "failed", "of", "allowed"),
    [
        ("0", 0, 100, True),
        ("0", 1, 100, False),
        ("3", 3, 100, True),
        ("3", 4, 100, False),
        ("10%", 10, 100, True),
        ("10%", 11, 100, False),
        # One of three is more than a tenth.
        ("10%", 1, 3, False),
        ("0%", 1, 1000, False),
        ("100%", 3, 3, True),
    ],
)
def test_a_run_goes_on_while_not_more_than_the_limit_have_failed(
    written: str, failed: int, of: int, allowed: bool
) -> None:
    assert parse_failure_limit(written).allows(failed, of) is allowed


@pytest.mark.parametrize("written", ["5", "10%", "2.5%"])
def test_a_limit_is_shown_as_it_is_typed(written: str) -> None:
    assert str(parse_failure_limit(written)) == written
