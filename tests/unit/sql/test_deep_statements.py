"""A statement up to the limit of depth is read, and one beyond it is told, without the end of the process."""

import threading
from collections.abc import Sequence
from itertools import product
from random import Random

import pytest
from google.protobuf.message import Message

from dbmate_wrap.sql import grammar, parse
from dbmate_wrap.sql.grammar import DEEPEST, SAFE_LENGTH, Refused, parse_statements
from dbmate_wrap.sql.parse import read_sql
from tests.support.nested_sql import FLAT_KINDS, KINDS, depth_of, flat_sql, levels_below, nested_sql


@pytest.mark.parametrize("kind", KINDS)
def test_a_statement_is_read_up_to_the_limit_and_told_beyond(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # tests/integration/test_parser_stack.py does it with the real limits.
    for name, small in (("DEEPEST", DEEPEST // 10), ("SAFE_LENGTH", SAFE_LENGTH // 10)):
        monkeypatch.setattr(parse, name, small)
    limit = levels_below(kind, DEEPEST // 10)
    sql = [f"{nested_sql(kind, levels)}; " for levels in (100, limit, limit + 3)]
    reading = read_sql("".join(sql) + "select 2")
    *refused, last = reading.unreadable
    assert all(place.kind == "syntax" and place.offset >= len(sql[0]) for place in refused)
    assert (last.kind, last.offset) == ("too-deep", len(sql[0] + sql[1]))
    assert len(reading.statements) + len(refused) == 3
    assert reading.statements[-1].text == "select 2"


@pytest.mark.parametrize("kind", KINDS)
def test_what_fills_a_short_text_is_read_without_being_counted(kind: str) -> None:
    repeated = len(nested_sql(kind, 1)) - len(nested_sql(kind, 0))
    levels = (SAFE_LENGTH - len(nested_sql(kind, 0))) // repeated
    assert len(nested_sql(kind, levels)) <= SAFE_LENGTH
    reading = read_sql(nested_sql(kind, levels))
    assert {place.kind for place in reading.unreadable} <= {"syntax"}


@pytest.mark.parametrize("kind", FLAT_KINDS)
def test_a_long_list_is_not_deep(kind: str) -> None:
    reading = read_sql(flat_sql(kind, 100_000 if kind == "in list" else 20_000))
    assert (len(reading.statements), reading.unreadable) == (1, ())


@pytest.mark.parametrize(
    "sql", ["select " + "(" * 10**5, "select " + "+-" * 10**5, "case " * 10**5, "[" * 10**5]
)
def test_a_hundred_thousand_levels_are_told_and_the_rest_is_read(sql: str) -> None:
    reading = read_sql(f"select 2; {sql}")
    assert [place.kind for place in reading.unreadable] == ["too-deep"]
    assert [one.text for one in reading.statements] == ["select 2"]


def test_chains_within_each_other_count_together() -> None:
    chain = "+1" * 10_500
    assert depth_of(f"select (((1{chain}){chain}){chain})") < 10_520
    assert depth_of(f"select 1{chain} + (1{chain} + (1{chain}))") > DEEPEST
    assert depth_of(f"select case when 1{chain} + case when 1{chain} + case when 1{chain} then") > DEEPEST
    assert depth_of(f"select not 1{chain} between 1 and not 1{chain} between 1 and not 1{chain}") > DEEPEST
    assert depth_of(f"select 1{chain}, 1{chain}, 1{chain}") < 10_520


@pytest.mark.parametrize(
    "hidden", ["'{}'", "e'\\'{}'", "$${}$$", "$a${}$a$", "/* /* */ {} */", "-- {}\n", '"{}"']
)
def test_what_strings_and_comments_hold_is_no_nesting(hidden: str) -> None:
    assert depth_of("select 1 " + hidden.format("+(" * 1_000)) < 10


@pytest.mark.parametrize("shown", ["'\\'{}", "a$b${}$b$", "'' {} ''", "/* */{}/* */", "x'' {}"])
def test_what_only_looks_hidden_is_counted(shown: str) -> None:
    assert depth_of("select " + shown.format("+(" * 1_000)) > 2_000


def test_many_deep_statements_are_read_up_to_a_limit_of_work() -> None:
    deep = nested_sql("union", 29_000)
    reading = read_sql(f"{deep};" * 3 + "select 2")
    assert [place.kind for place in reading.unreadable] == ["too-deep"]
    assert len(reading.statements) == 3
    assert reading.statements[-1].text == "select 2"


def test_a_mistake_in_a_long_statement_is_told_at_its_place() -> None:
    sql = "select 'ü', " + ", ".join(["1"] * 12_000) + " form a b c; select 1"
    reading = read_sql(sql)
    (place,) = reading.unreadable
    assert place.kind == "syntax"
    assert sql[place.offset :].startswith("a b c;")
    assert len(reading.statements) == 1


def test_the_size_of_other_threads_stacks_is_left_alone() -> None:
    for size in (0, 1 << 20):
        before = threading.stack_size(size)
        try:
            read_sql(nested_sql("addition", 3_000))
            assert threading.stack_size() == size
        finally:
            threading.stack_size(before)


def test_a_machine_that_starts_no_thread_calls_it_too_deep(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    size = threading.stack_size()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert [place.kind for place in read_sql(nested_sql("addition", 15_000)).unreadable] == ["too-deep"]
    assert threading.stack_size() == size
    assert read_sql("select 1").unreadable == ()


def test_threads_may_parse_at_the_same_time() -> None:
    found: list[int] = []

    def parse_some() -> None:
        for kind, levels in product(("addition", "call"), (70, 3_000)):
            found.append(len(read_sql(nested_sql(kind, levels)).statements))

    threads = [threading.Thread(target=parse_some) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 16


def test_the_depth_limit_of_protobuf_is_back_after_each_text() -> None:
    turned: list[bool] = []
    real = grammar._depth_switch()
    if real is None:
        pytest.skip("this protobuf has no switch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grammar, "_depth_switch", lambda: turned.append)
        read_sql("select 1; select from from")
    assert turned == [True, False] * (len(turned) // 2)
    assert turned


_EXPRESSIONS = (
    *("a", "1", "'x'", "({0})", "{0} + {1}", "- {0}", "not {0}", "({0}) = {1}", "{0} and {1}", "{0} or {1}"),
    *("case when {0} then {1} else {2} end", "case {0} when {1} then {2} end", "array[{0}, {1}]", "a[{0}]"),
    *(
        "1 between {0} and {1}",
        "1 between {0} and not {1}",
        "f({0}, {1})",
        "{0}::a",
        "({0}, {1})",
        "({2})[{0}]",
    ),
    *("({0}) is null", "{0} in ({1}, {2})", "exists({q})", "(({q}))", "array({q})", "{0} = any({q})"),
    *("f({0}) over (partition by {1} order by {2})", "coalesce({0}, {1})", "{0} collate b", "{0} like {1}"),
)
_QUERIES = (
    *("select {0}", "select {0}, {1} from a", "select 1 from ({q}) a", "select 1 where {0}", "values ({0})"),
    *("select {0} union select {1}", "({q}) union all ({q})", "with a as ({q}) select {0}", "table a"),
    *("select 1 from a join b on {0} join c on {1}", "select 1 from a join b join c on {0} on {1}"),
    *("select 1 from f({0}), ({q}) a order by {0}", "select {0} group by grouping sets ({1}, {2})"),
)


def _random_sql(random: Random, forms: Sequence[str], size: int) -> str:
    if size <= 1:
        return "a" if forms is _EXPRESSIONS else "select 1"
    form = random.choice(forms)
    parts = [
        _random_sql(random, _EXPRESSIONS, random.randrange(size)) if f"{{{place}}}" in form else ""
        for place in range(3)
    ]
    query = _random_sql(random, _QUERIES, random.randrange(size)) if "{q}" in form else ""
    return form.format(*parts, q=query)


def _message_depth(tree: Message) -> int:
    depth, row = 0, [tree]
    while row:
        depth += 1
        fields = [value for message in row for _, value in message.ListFields()]
        row = [value for value in fields if isinstance(value, Message)]
        for value in fields:
            if not isinstance(value, Message | str | int | float | bytes):
                row += [each for each in value if isinstance(each, Message)]
    return depth


def test_no_tree_is_deeper_than_it_was_counted() -> None:
    """A level of the stack test is two messages; a dozen is what every statement has."""
    random, read_whole = Random(8), 0
    for _ in range(3_000):
        sql = _random_sql(random, _QUERIES, random.choice((5, 20, 60)))
        tree = parse_statements(sql)
        if not isinstance(tree, Refused):
            read_whole += 1
            assert _message_depth(tree[0]) <= 2 * depth_of(sql) + 12, sql
    assert read_whole > 1_000
