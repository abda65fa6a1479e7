"""What a document shows is compared with all of what happened."""

import pytest

from tests.support.play import assert_shown, is_whole

OUTPUT = "waiting for pid 71\napplied 001_a.sql in 8 ms\n\nversion  state\n001      applied\n"


@pytest.mark.parametrize(
    "shown",
    [
        OUTPUT,
        "waiting for pid 4711\napplied 001_a.sql in 1.2 s\n\nversion     state\n001  applied",
        "...\nversion  state\n001  applied",
        "waiting for pid 1\n...",
        "...\n001  applied",
        "...",
    ],
)
def test_only_times_ids_and_what_is_left_out_may_differ(shown: str) -> None:
    assert is_whole(shown.splitlines(), OUTPUT)


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "waiting for pid 71",
        "001  applied",
        "...\nversion  state",
        "...\n001  pending",
        OUTPUT.replace("001_a", "002_b"),
        OUTPUT.replace("\n\n", "\n"),
    ],
)
def test_a_line_that_is_wrong_or_missing_is_noticed(shown: str) -> None:
    assert not is_whole(shown.splitlines(), OUTPUT)


def test_elsewhere_lines_between_may_be_missing_but_not_be_wrong() -> None:
    assert_shown(["applied 001_a.sql in 2 ms", "001  applied"], OUTPUT)
    with pytest.raises(AssertionError):
        assert_shown(["001  pending"], OUTPUT)
