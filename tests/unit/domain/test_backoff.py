"""The delays between tries, and the pauses between looks."""

from itertools import islice

from dbmate_wrap.domain.backoff import FIRST_SECONDS, LONGEST_SECONDS, delays, pauses


def test_there_are_as_many_delays_as_retries() -> None:
    assert len(list(delays(8, lambda: 1.0))) == 8
    assert list(delays(0, lambda: 1.0)) == []


def test_each_step_doubles_up_to_the_longest() -> None:
    steps = list(delays(10, lambda: 1.0))
    assert steps[:3] == [FIRST_SECONDS, 2 * FIRST_SECONDS, 4 * FIRST_SECONDS]
    assert steps[-1] == LONGEST_SECONDS


def test_the_jitter_never_takes_more_than_half_of_a_step() -> None:
    shortest, longest = list(delays(6, lambda: 0.0)), list(delays(6, lambda: 1.0))
    assert [short * 2 for short in shortest] == longest


def test_the_pauses_grow_to_ten_seconds_and_have_no_end() -> None:
    assert list(islice(pauses(lambda: 1.0), 6)) == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert list(islice(pauses(lambda: 0.0), 6)) == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
