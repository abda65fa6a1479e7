"""Texts that have collations of ICU, or create extensions."""

import pytest

from dbmate_wrap.sql.collations import uses_icu
from dbmate_wrap.sql.extensions import created_extensions


@pytest.mark.parametrize(
    ("text", "icu"),
    [
        ('create table t (n text collate "de-x-icu")', True),
        ('select n from t order by n collate "und-x-icu"', True),
        ("create collation c (provider = icu, locale = 'de')", True),
        ('create collation c from "de-x-icu"', True),
        ("create table t (difficulty int) -- as in icu", False),
        ("comment on table t is 'collate \"de-x-icu\"'", False),
        ('create table t (n text collate "C")', False),
    ],
)
def test_collations_of_icu(text: str, icu: bool) -> None:
    assert uses_icu(text) is icu


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            'create extension "uuid-ossp"; create extension if not exists citext schema s',
            ["uuid-ossp", "citext"],
        ),
        ("do $$ begin create extension pgcrypto; end $$", ["pgcrypto"]),
        ("-- create extension postgis\nselect 'create extension postgis'", []),
        ("comment on extension hstore is 'x'", []),
        ("create extension create", []),
    ],
)
def test_extensions_that_a_text_creates(text: str, names: list[str]) -> None:
    assert [*created_extensions(text)] == names
