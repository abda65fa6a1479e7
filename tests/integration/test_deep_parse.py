"""A statement that would end the process is tried in a child first."""

import pytest

from dbmate_wrap.sql.deep_parse import survives
from dbmate_wrap.sql.parse import read

pytestmark = pytest.mark.integration


def test_a_long_statement_is_read_after_the_child_survived_it() -> None:
    values = ", ".join(f"({number}, 'x')" for number in range(5_000))
    reading = read(f"insert into t values {values}; select 1; select " + "+".join(["1"] * 12_000))
    assert [type(one.tree).__name__ for one in reading.statements] == [
        "InsertStmt",
        "SelectStmt",
        "SelectStmt",
    ]
    assert reading.unreadable == ()


def test_what_is_deeper_than_protobuf_reads_is_told_and_the_rest_is_read() -> None:
    reading = read("select " + "+".join(["1"] * 40_000) + "; select 1")
    assert [place.kind for place in reading.unreadable] == ["too-deep"]
    assert len(reading.statements) == 1


def test_a_mistake_in_a_long_statement_is_told_at_its_place() -> None:
    sql = "select 'ü', " + ", ".join(["1"] * 12_000) + " form a b c; select 1"
    reading = read(sql)
    (place,) = reading.unreadable
    assert place.kind == "syntax"
    assert sql[place.offset :].startswith("a b c;")
    assert len(reading.statements) == 1


@pytest.mark.slow
def test_a_child_that_dies_or_takes_too_long_ends_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dbmate_wrap.sql.deep_parse._CHILD_ROOM", 1 << 20)
    deep = "select " + "+".join(["1"] * 12_000)
    assert survives(["select 1", deep, "select 'ü\n'", deep, "select 2"]) == [True, False, True, False, True]
    assert survives([deep] * 20) == [False] * 20


def test_a_text_that_is_no_sql_at_all_ends_in_a_bounded_number_of_problems() -> None:
    assert len(read("x;" * 100_000).unreadable) < 1_000
    assert len(read("(;" * 100_000).unreadable) < 1_000
    assert len(read("select :a;" * 3_000).unreadable) < 1_000
