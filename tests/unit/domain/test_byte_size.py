"""Sizes as people write them and as they are shown."""

import pytest

from dbmate_wrap.domain.byte_size import parse_size, write_size


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("1GB", 1024**3),
        ("500 MB", 500 * 1024**2),
        ("1.5kb", 1536),
        ("0", 0),
        ("2 TB", 2 * 1024**4),
        ("7B", 7),
    ],
)
def test_a_size_is_a_number_with_a_unit(written: str, size: int) -> None:
    assert parse_size(written) == size


@pytest.mark.parametrize("written", ["", "1", "GB", "-1GB", "1 XB", True, 5, None])
def test_anything_else_is_none(written: object) -> None:
    with pytest.raises(ValueError, match="a size is a number with a unit"):
        parse_size(written)


@pytest.mark.parametrize(
    ("size", "written"),
    [(0, "0 B"), (8192, "8 kB"), (1536, "1.5 kB"), (4 * 1024**3 + 8192, "4 GB"), (12345678, "12 MB")],
)
def test_a_size_is_shown_in_its_largest_unit(size: int, written: str) -> None:
    assert write_size(size) == written
