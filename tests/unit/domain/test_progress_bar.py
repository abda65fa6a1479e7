"""The bar has twenty places, and says a percentage that is never beyond its ends."""

import pytest

from dbmate_wrap.domain.progress_bar import bar, percent_of


@pytest.mark.parametrize(
    ("done", "total", "shown"),
    [
        (0, 7, "[....................] 0 %"),
        (9, 20, "[#########...........] 45 %"),
        (999, 1000, "[###################.] 99 %"),
        (20, 20, "[####################] 100 %"),
        (30, 20, "[####################] 100 %"),
        (0, 0, "[####################] 100 %"),
    ],
)
def test_what_is_done_is_drawn(done: int, total: int, shown: str) -> None:
    assert bar(percent_of(done, total)) == shown
