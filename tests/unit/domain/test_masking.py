"""What is shown of other people's queries: never a value."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.domain.masking import masked_query

# In no keyword, name or operator that the tests put around literals.
SECRET = "Ж"
EVERYTHING = 1_000_000
NAMES = 'select a$b$c, t1.c2, "it\'s $$", "a""b", U&"d\\0061t"'


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("update public.t set a = true where b = 42", "update public.t set a = true where b = ?"),
        ("select 'it''s', E'it\\'s', n'x', b'01', X'1F', U&'d\\0061t'", "select ?, ?, ?, ?, ?, ?"),
        ("select 1, -2.5, .5, 1e-10, 0x1F, 1_000, 1..2", "select ?, -?, ?, ?, ?, ?, ?"),
        ("select $$a'b$$, $tag$ $$ $x$ $tag$, $1, $2", "select ?, ?, $1, $2"),
        (NAMES, NAMES),
        ("select 'a'\n  'b', 'c' -- d\n from t", "select ? ?, ? from t"),
        ("/* a /* b */ 'c */ select\t1--'\r\n+ 2 /*", "select ? + ?"),
        ("select typeE'a\\\\' , 'b'", "select typeE? , ?"),
        ("vacuum (verbose, analyze) public.t;", "vacuum (verbose, analyze) public.t;"),
        ("select a->>'b', a @> '{}', a ? 'c', a::int", "select a->>?, a @> ?, a ? ?, a::int"),
        ("  \n ", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_literals_become_question_marks_and_names_stay(query: str, shown: str) -> None:
    assert masked_query(query) == shown


@pytest.mark.parametrize(
    "query",
    [
        f"select 'a{SECRET}",
        f"select 'a''{SECRET}",
        f"select E'a\\'{SECRET}",
        f"select E'a{SECRET}\\",
        f"select $a$ x $b$ {SECRET}",
        f"select $$ $a$ {SECRET} $a",
        f"select U&'{SECRET}",
        f"/* {SECRET} */ -- {SECRET}",
        f"/* /* */ {SECRET}",
        # The same bytes with standard_conforming_strings on and off.
        f"select 'a\\', '{SECRET}', 'b'",
        f"select 'it\\'s {SECRET}', 'b'",
        f"select E'a'\n'b\\' {SECRET}'",
        # The same bytes in PostgreSQL 14 and 16.
        f"select 0x1f$$ {SECRET} $$",
        f"select 1a$$'$$ {SECRET}'",
    ],
)
def test_what_may_be_in_a_literal_is_masked_to_its_end(query: str) -> None:
    assert SECRET not in masked_query(query, EVERYTHING)


def test_it_is_cut_with_an_ellipsis() -> None:
    shown = masked_query("select " + ", ".join(f"column_{number}" for number in range(100)))
    assert shown == "select column_0, column_1, column_2, column_3, column_4, column_5, column_6,..."
    assert masked_query("x" * 80) == "x" * 80
    assert masked_query("x" * 81) == "x" * 77 + "..."
    assert masked_query("select 1", 2) == ".."


HIDDEN = st.text(alphabet=f"{SECRET}'\\$\"-/*a1 \n").map(lambda text: f"{text}{SECRET}")
HARMLESS = st.sampled_from(
    (
        *("select", "a", "t1.c2", '"quo\'ted"', '"$$"', ",", "(", ")", "="),
        *("->>", "::text", "$1", ";", "a$b", "@>"),
    )
)


def quoted(text: str, prefix: str = "") -> str:
    return f"{prefix}'" + text.replace("'", "''") + "'"


LITERALS = st.one_of(
    HIDDEN.map(quoted),
    HIDDEN.map(lambda text: quoted(text, "N")),
    HIDDEN.map(lambda text: quoted(text, "U&")),
    HIDDEN.map(lambda text: quoted(text.replace("\\", "\\\\"), "E")),
    # Where standard_conforming_strings is off, or by E''.
    HIDDEN.map(lambda text: "'" + re.sub(r"(['\\])", r"\\\1", text) + "'"),
    HIDDEN.map(lambda text: "e'" + re.sub(r"(['\\])", r"\\\1", text) + "'"),
    HIDDEN.map(lambda text: f"$tag${text}$tag$"),
    HIDDEN.map(lambda text: "$$" + text.replace("$", "") + "$$"),
    HIDDEN.map(lambda text: "/*" + re.sub(r"[/*]", "", text) + "*/"),
    HIDDEN.map(lambda text: "--" + text.replace("\n", "") + "\n"),
)


@given(
    st.lists(st.one_of(HARMLESS, LITERALS), max_size=8),
    st.sampled_from([" ", "\n", " \t"]),
    st.integers(0, 200),
)
def test_no_secret_in_a_literal_is_ever_shown(pieces: list[str], between: str, cut: int) -> None:
    query = between.join(pieces)
    assert SECRET not in masked_query(query, EVERYTHING)
    assert SECRET not in masked_query(query[:cut], EVERYTHING)
    assert len(masked_query(query)) <= 80


@given(
    st.lists(
        st.integers(0, 10**18) | st.floats(min_value=0, allow_infinity=False, allow_nan=False), min_size=1
    )
)
def test_no_number_is_ever_shown(numbers: list[int | float]) -> None:
    shown = masked_query("select " + ", ".join(str(number) for number in numbers), EVERYTHING)
    assert not re.search(r"\d", shown)


SCRAPS = st.sampled_from(
    (
        *(
            "'",
            "'",
            "''",
            '"',
            "$",
            "$$",
            "$a$",
            "$b$",
            "\\",
            "--",
            "/*",
            "*/",
            "\n",
            "\r",
            " ",
            "\xa0",
            ";",
            "&",
        ),
        *("E", "e", "E'", "u&", "U&", "b", "x", "N", "a", "_", SECRET, SECRET),
        *("7", "1", "0x", "1e", ".", "+", "*", "/", "-", "$1"),
    )
)


@given(st.lists(SCRAPS, max_size=14).map("".join), st.integers(0, 20))
def test_postgresql_itself_would_show_no_less_as_a_literal(text: str, cut: int) -> None:
    """What PostgreSQL's own scanner takes for a literal or a comment is not shown."""
    postgast = pytest.importorskip("postgast")
    from postgast import pg_query_pb2 as pb

    try:
        tokens = postgast.scan(text).tokens
    except postgast.PgQueryError:
        return
    names = ("IDENT", "UIDENT", "PARAM")
    raw, size = text.encode(), len(text[:cut].encode())
    spans = [
        (token.start, token.end)
        for token in tokens
        if pb.Token.Name(token.token) in names or token.keyword_kind
    ]
    for end, shown in (
        (len(raw), masked_query(text, EVERYTHING)),
        (size, masked_query(text[:cut], EVERYTHING)),
    ):
        outside = "".join(raw[start : min(stop, end)].decode() for start, stop in spans if start < end)
        for mark in (SECRET, "7"):
            assert shown.count(mark) <= outside.count(mark)


def test_nothing_steers_the_terminal() -> None:
    query = 'select "a\x1b[2J\u202eb" /* \x1b */ from\u2028 t\x00\x85\udcff'
    assert masked_query(query) == 'select "a[2Jb" from t'
