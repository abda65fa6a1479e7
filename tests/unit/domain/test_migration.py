"""File names, versions and checksums."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.domain.migration import Block, checksum, is_sequential, version_of
from tests.support.cases import Case, cases, name_of, text


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("001_init.sql", "001"),
        ("001.sql", "001"),
        ("001a.sql", "001"),
        ("20240131120000_x.sql", "20240131120000"),
        ("1_x.down.sql", "1"),
        ("001_ä b.sql", "001"),
        ("001_\udcff.sql", "001"),
        ("001_x.SQL", None),
        ("001_x.sql ", None),
        ("001_x.sql\n", None),
        ("001_x\n.sql", None),
        ("001_x.sql~", None),
        ("a001_x.sql", None),
        (" 001_x.sql", None),
        (".sql", None),
        ("001", None),
        ("001sql", None),
        ("٣_x.sql", None),
        ("³_x.sql", None),
    ],
)
def test_the_version_is_what_dbmate_takes_from_the_name(name: str, version: str | None) -> None:
    assert version_of(name) == version


@pytest.mark.parametrize("case", cases("checksums"), ids=name_of)
def test_the_checksum_is_that_of_the_published_vectors(case: Case) -> None:
    assert checksum(bytes.fromhex(text(case, "bytes"))) == case["sha256"]


@given(st.binary(max_size=200))
def test_the_checksum_is_sha256_of_the_bytes_with_line_feeds(content: bytes) -> None:
    normalised = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert checksum(content) == hashlib.sha256(normalised).hexdigest()
    assert checksum(normalised.replace(b"\n", b"\r\n")) == checksum(content)


@pytest.mark.parametrize(
    ("options", "transaction"),
    [
        ((), True),
        ((("transaction", "false"),), False),
        ((("transaction", "true"),), True),
        ((("transaction", "False"),), True),
        ((("transaction", "false"), ("transaction", "true")), True),
        ((("x", "y"), ("transaction", "false")), False),
    ],
)
def test_a_block_runs_in_a_transaction_unless_its_last_word_on_it_is_false(
    options: tuple[tuple[str, str], ...], transaction: bool
) -> None:
    assert Block("", 1, options).transaction is transaction


@pytest.mark.parametrize(
    ("numbering", "versions", "sequential"),
    [
        ("auto", (), True),
        ("auto", ("001", "002"), True),
        ("auto", ("001", "20240105120000"), False),
        ("auto", ("20240105120000",), False),
        ("auto", ("1725004977",), False),
        ("auto", ("20240105",), False),
        ("auto", ("00000000000001",), True),
        ("sequential", ("20240105120000",), True),
        ("timestamp", ("001",), False),
    ],
)
def test_numbers_go_on_as_the_newest_version_does_unless_a_setting_says_how(
    numbering: str, versions: tuple[str, ...], sequential: bool
) -> None:
    assert is_sequential(numbering, versions) is sequential
