"""Rule syntax-error: places and words of the parser, and notices where it cannot go deep enough."""

from dbmate_wrap.policy.rules.syntax_error import find
from dbmate_wrap.sql.parse import Reading, Unreadable, read_sql


def test_a_syntax_error_is_reported_at_its_place_in_the_parsers_words() -> None:
    (hit,) = find(read_sql("select 'ü'; create tabel a ()"))
    assert (hit.rule, hit.offset) == ("syntax-error", 19)
    assert hit.message == 'syntax error at or near "tabel"'
    assert hit.hint.startswith("fix the statement here or just before")


def test_what_is_too_deep_for_the_parser_was_not_checked() -> None:
    reading = read_sql("select 1; select " + "+".join(["1"] * 50_000) + "; drop table a", skip_long=True)
    (hit,) = find(reading)
    assert (hit.rule, hit.unchecked, hit.offset) == ("syntax-error", True, 10)


def test_every_kind_of_unreadable_text_but_psqls_is_a_hit_with_a_hint() -> None:
    places = (
        Unreadable(0, 1, "syntax", "a"),
        Unreadable(1, 2, "psql", "b"),
        Unreadable(2, 3, "too-deep", "c"),
    )
    hits = list(find(Reading((), places)))
    assert [(hit.rule, hit.offset) for hit in hits] == [("syntax-error", 0), ("syntax-error", 2)]
    assert all(hit.hint for hit in hits)


def test_valid_sql_is_no_hit() -> None:
    assert list(find(read_sql("select 1; create table a.b ()"))) == []
