"""No secret stays in text, in whatever spelling it comes and wherever the text is cut."""

import json
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbmate_wrap.redact import MASK, NOTHING, Redactor, Secrets
from dbmate_wrap.redact import redactor as module
from tests.support.spellings import ENCODERS

SECRETS = (
    *(
        "hunter2-Long",
        "p@ss/w:rd?x",
        "with space+plus",
        "quote'double\"",
        "back\\slash\\\\two",
        "100%25%40",
        "%41%zz",
    ),
    *(
        "pässwörd€",
        "smile😀x",
        "line\nbreak\ttab",
        "\x01control\x7f",
        "<&>;=,$",
        "''\"\"''",
        "a\\nb\\u0041",
        "{json}",
    ),
    *("\\\n\\\"\\'x", "!!!!", "0123456789", "*****", "no-break\xa0space", "\u202edlrow"),
)


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("secret", SECRETS, ids=ascii)
def test_a_secret_is_masked_in_every_spelling(secret: str, encoder: str) -> None:
    spelled = ENCODERS[encoder](secret)
    assert Redactor([secret]).mask(f"<{spelled}> and <{spelled}>") == "<***> and <***>"


@given(st.text(min_size=4).map("x9{}".format), st.sampled_from(sorted(ENCODERS)))
def test_any_secret_is_masked_in_any_spelling(secret: str, encoder: str) -> None:
    assert Redactor([secret]).mask(f"<{ENCODERS[encoder](secret)}>") == "<***>"


# What stands around the secrets; no secret holds any of it.
AROUND = st.text(alphabet="·¦ \n", max_size=4)
STRONG = st.text(st.characters(exclude_characters="·¦ \n"), min_size=4, max_size=12).map("x9{}".format)


@settings(derandomize=True, max_examples=30)
@given(st.lists(STRONG, min_size=1, max_size=3), st.data())
def test_no_four_characters_of_a_secret_are_left_in_any_spelling_and_order(
    secrets: list[str], data: st.DataObject
) -> None:
    spelled = st.sampled_from(secrets).map(
        lambda each: ENCODERS[data.draw(st.sampled_from(sorted(ENCODERS)))](each)
    )
    pieces = data.draw(st.lists(st.tuples(AROUND, spelled, AROUND), max_size=6))
    shown = Redactor(secrets).mask("".join(before + secret + after for before, secret, after in pieces))
    assert set(shown) <= set("·¦ \n*")


def test_percent_encoding_in_mixed_case_and_only_in_part_is_seen() -> None:
    assert Redactor(["p@ss/wörd"]).mask("p%40ss/w%c3%B6rd") == MASK


def test_a_secret_of_undecodable_bytes_is_masked_also_after_it_was_replaced() -> None:
    secret = b"pass\xff\xfeword".decode("utf-8", "surrogateescape")
    redactor = Redactor([secret])
    assert redactor.mask(f"<{secret}>") == "<***>"
    assert redactor.mask("<" + b"pass\xff\xfeword".decode("utf-8", "replace") + ">") == "<***>"
    assert redactor.mask("<pass%FF%feword>") == "<***>"


def test_of_two_secrets_one_may_begin_with_the_other() -> None:
    for secrets in (["hunter", "hunter22"], ["hunter22", "hunter"]):
        assert Redactor(secrets).mask("hunter22 hunter hunter2") == "*** *** ***2"


def test_secrets_that_overlap_become_one_mask() -> None:
    assert Redactor(["abcd", "cdef"]).mask("-abcdef-") == "-***-"
    assert Redactor(["cdef", "abcd"]).mask("-abcdef-abcd-cdef-") == "-***-***-***-"
    assert Redactor(["abab"]).mask("-ababab-") == "-***-"
    assert Redactor(["aaaa"]).mask("aaaaaaa") == "***"


def test_a_secret_within_another_is_masked_with_it() -> None:
    assert Redactor(["middle", "in-the-middle-of"]).mask("in-the-middle-of middle") == "*** ***"


def test_no_secret_leaves_text_as_it_is() -> None:
    text = "postgres://u:p@h/d \ud800 *** password=x"
    assert NOTHING.mask(text) == text
    assert Redactor(["", ""]).mask(text) == text


def test_masking_twice_is_masking_once() -> None:
    for secret in ("****", "hunter2-Long", "a", "***"):
        once = Redactor([secret]).mask(f"x {secret} :{secret}@ password={secret} y")
        assert Redactor([secret]).mask(once).replace("****", MASK) == once.replace("****", MASK)


@pytest.mark.parametrize(
    "weak", ["postgres", "a", "abc", "POSTGRES", "app_owner", "app", "orders-db", "1", "***", "%"]
)
def test_a_weak_secret_is_masked_only_where_it_stands_as_a_password(weak: str) -> None:
    redactor = Redactor([weak], ["app_owner", "orders-db.example.com"])
    for text in (
        "postgres://app_owner:{}@orders-db.example.com/x",
        "password={} user=app_owner",
        "password = '{}'",
        '"password": "{}",',
        "PGPASSWORD={}",
        "Password: {}",
        "passwd={};",
        '{{\\"password\\": \\"{}\\"}}',
    ):
        assert redactor.mask(text.format(weak)) == text.format(MASK)
    public = f"{weak} role {weak} database a-{weak}-b {weak}:5432 passwordless"
    assert redactor.mask(public) == public


def test_a_weak_secret_does_not_tell_itself_by_masking_the_beginning_of_a_word() -> None:
    assert Redactor(["a"]).mask("password=authentication failed") == "password=authentication failed"


def test_a_weak_secret_is_masked_percent_encoded_too() -> None:
    assert Redactor(["@"]).mask("postgres://u:%40@h password=%40") == "postgres://u:***@h password=***"


@pytest.mark.parametrize(
    "word", ["pending", "version", "database", "true", "null", "fail", "migrations", "pass"]
)
def test_the_words_that_our_output_is_made_of_are_no_secret(word: str) -> None:
    document = json.dumps(
        {"version": "001", "state": "pending", "checks": [{"status": "pass"}], "error": None}
    )
    assert Redactor([word]).mask(document) == document
    assert Redactor([word]).mask(f"postgres://u:{word}@h") == "postgres://u:***@h"


def test_in_place_masks_a_strong_secret_only_where_it_stands_as_a_password() -> None:
    redactor = Redactor(["customers"])
    text = "CREATE TABLE customers (); CONNECTION 'host=x password=customers'"
    assert redactor.mask_in_place(text) == text.replace("=customers", "=***")
    assert redactor.mask(text) == text.replace("customers", "***")


PIECES = st.sampled_from(
    [
        "secret",
        "secr",
        "et",
        "s",
        "ecret",
        "\n",
        "a\nb",
        "a",
        "b",
        "%40",
        "@",
        "p@ss",
        ":",
        "password=",
        "'",
        "\\",
        " ",
    ]
)
SOME = st.lists(
    st.sampled_from(["secret", "ecrets", "p@ss", "a\nb", "a", "@:", "\\'\\", "cretsec"]), max_size=3
)


@given(SOME, st.lists(PIECES, max_size=40).map("".join), st.data())
def test_a_stream_says_the_same_wherever_it_is_cut(
    secrets: list[str], text: str, data: st.DataObject
) -> None:
    redactor = Redactor(secrets, ["ordinary"])
    stream = redactor.stream()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))))
    pieces = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]
    assert "".join([stream.feed(piece) for piece in pieces]) + stream.close() == redactor.mask(text)


@given(st.lists(st.sampled_from(["secret", "secr", "et", "s", "\n", " "])).map("".join), st.integers(1, 7))
def test_what_a_stream_has_told_never_holds_the_secret(text: str, size: int) -> None:
    redactor = Redactor(["secret"])
    stream = redactor.stream()
    told = ""
    for start in range(0, len(text), size):
        told += stream.feed(text[start : start + size])
        assert redactor.mask(text).startswith(told)


def test_a_finished_line_does_not_wait_for_the_next() -> None:
    stream = Redactor(["hunter2-Long"]).stream()
    assert stream.feed("Applying: 001_") == ""
    assert stream.feed("a.sql\n") == "Applying: 001_a.sql\n"
    assert stream.feed("password hunter2-") == ""
    assert stream.feed("Long\nnext") == "password ***\n"
    assert stream.close() == "next"


def test_a_secret_of_two_lines_is_masked_across_pieces() -> None:
    stream = Redactor(["first\nsecond"]).stream()
    assert "".join([stream.feed("x first\n"), stream.feed("second y\n"), stream.close()]) == "x *** y\n"
    stream = Redactor(["first\nsecond"]).stream()
    told = [stream.feed(each) for each in "first\nsecond y"]
    assert "".join([*told, stream.close()]) == "*** y"


def test_a_stream_keeps_no_more_than_it_needs() -> None:
    stream = Redactor(["hunter2-Long", "aaaa"]).stream()
    told = sum(len(stream.feed("x" * 10_000 + "a" * 10_000)) for _ in range(20))
    assert told > 20 * 10_000 - 10_000
    assert len(stream.close()) < 10_000


def test_neither_secret_nor_text_can_make_masking_take_long() -> None:
    for secret, text in (
        ("'" * 40, "'" * 39 + "x"),
        ("\\" * 40 + "!", "\\" * 5_000 + "x"),
        ("\\!" * 20 + "x", "\\\\\\\\!" * 40 + "y"),
        ("%25" * 30, "%25" * 29 + "%2"),
        ("'\"" * 30 + "x", "'\"" * 60 + "y"),
        (" +" * 30 + "x", "+ " * 60 + "y"),
        ("\udcff" * 30 + "x", "\ufffd" * 5_000),
    ):
        assert Redactor([secret]).mask(text) == text


def test_ten_megabytes_are_masked() -> None:
    lines = 200_000
    text = "INSERT INTO customers VALUES ('lorem', hunter2-Long);\n" * lines
    masked = Redactor(["hunter2-Long", "never there", "&&&&"]).mask(text)
    assert masked.count(MASK) == lines
    assert "hunter" not in masked


def test_secrets_are_learned_as_the_run_goes_on() -> None:
    secrets = Secrets()
    secrets.learn(None)
    secrets.learn("")
    assert secrets.mask("first-secret app_owner") == "first-secret app_owner"
    secrets.learn("first-secret")
    secrets.learn("app_owner", ["app_owner"])
    assert secrets.mask("first-secret app_owner :app_owner@") == "*** app_owner :***@"
    secrets.learn("another")
    assert secrets.mask("first-secret another") == "*** ***"


def test_a_fleet_that_learns_a_thousand_makes_one_redactor(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def make(secrets: Sequence[str], ordinary: Sequence[str]) -> Redactor:
        made.append(len(secrets))
        return Redactor(secrets, ordinary)

    monkeypatch.setattr(module, "Redactor", make)
    secrets = Secrets()
    for number in range(1_000):
        secrets.learn(f"secret-of-{number}", ["app", f"db_{number}"])
    assert secrets.mask("secret-of-0 secret-of-999 db_7") == "*** *** db_7"
    secrets.learn("secret-of-0", ["app"])
    assert secrets.redactor is secrets.redactor
    assert made == [1_000]


def test_a_secret_that_another_thread_learns_meanwhile_is_masked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets, later = Secrets(), ["another-secret"]

    def make(known: Sequence[str], ordinary: Sequence[str]) -> Redactor:
        if later:
            secrets.learn(later.pop())
        return Redactor(known, ordinary)

    monkeypatch.setattr(module, "Redactor", make)
    secrets.learn("first-secret")
    assert secrets.mask("first-secret another-secret") == "*** ***"


def test_a_weak_secret_is_told_from_a_word_that_is_learned_later() -> None:
    secrets = Secrets()
    secrets.learn("orders")
    assert secrets.mask("orders :orders@") == "*** :***@"
    secrets.learn("orders", ["orders"])
    assert secrets.mask("orders :orders@") == "orders :***@"
