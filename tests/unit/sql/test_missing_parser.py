"""Without a parser (Intel Macs) every caller does what is right without one."""

import sys

import pytest

from dbmate_wrap import sql
from dbmate_wrap.sql.requirements import requirements_of


def test_the_parser_is_there() -> None:
    assert sql.is_available()
    assert sql.unavailable_reason() is None


def test_a_missing_parser_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "postgast", None)
    assert not sql.is_available()
    assert "postgast" in str(sql.unavailable_reason())
    assert requirements_of(["create schema a"]) is None
