"""Two dumps of one schema are the same bytes, and nothing of the schema itself is touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.postgres.schema import normalise
from tests.support.cases import HERE

# By pg_dump 15.18 and 18.6 of one database, whose function has the very lines that are removed elsewhere.
DUMPS = ("15", "18", "15-empty", "18-empty")
BEGIN, END = "\n-- Name: ", "\n--\n-- PostgreSQL database dump complete"
VARYING = (
    "Dumped from database version",
    "Dumped by pg_dump version",
    "\\restrict",
    "\\unrestrict",
    "transaction_timeout",
)


def dump(name: str) -> str:
    """What pg_dump wrote."""
    return (HERE / "pg_dump" / f"{name}.sql").read_bytes().decode()


def entries(text: str) -> str:
    """From the first object's heading to the end of the last."""
    return text[text.index(BEGIN) : text.rindex(END)]


@pytest.mark.parametrize("name", ["15", "18"])
def test_the_objects_stay_byte_for_byte(name: str) -> None:
    raw = dump(name)
    assert entries(normalise(raw)) == entries(raw)
    assert "SELECT 'é €'" in normalise(raw)


@pytest.mark.parametrize("name", DUMPS)
def test_what_varies_around_them_is_gone(name: str) -> None:
    text = normalise(dump(name))
    around = text.replace(entries(text), "") if BEGIN in text else text
    assert not [line for line in around.splitlines() if any(word in line for word in VARYING)]
    assert "SET client_encoding = 'UTF8';\n" in around
    assert "-- PostgreSQL database dump complete\n" in around
    assert "\n\n\n" not in around
    assert text.endswith("--\n")
    assert text.startswith("--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n")


@pytest.mark.parametrize(("old", "new"), [("15", "18"), ("15-empty", "18-empty")])
def test_two_majors_of_pg_dump_agree_on_what_both_know(old: str, new: str) -> None:
    assert normalise(dump(old)) == normalise(dump(new))


@pytest.mark.parametrize("name", DUMPS)
def test_normalising_twice_changes_nothing_more(name: str) -> None:
    once = normalise(dump(name))
    assert normalise(once) == once


@pytest.mark.parametrize("name", DUMPS)
def test_the_key_and_the_versions_do_not_matter(name: str) -> None:
    other = dump(name).replace("15.18 (Debian 15.18-0+deb12u1)", "15.3")
    key = other.split("\\restrict ", 1)[1].split("\n", 1)[0]
    if BEGIN in other:
        body = entries(other)
        other = (
            other.replace(body, "\0")
            .replace(key, "another")
            .replace("\0", body.replace("15.3", "15.18 (Debian 15.18-0+deb12u1)"))
        )
    else:
        other = other.replace(key, "another")
    assert normalise(other) == normalise(dump(name))


def test_a_dump_without_its_end_keeps_its_objects() -> None:
    raw = dump("18")
    cut = raw[: raw.rindex(END)]
    assert normalise(cut).endswith(entries(raw).rstrip("\n") + "\n")


@given(st.lists(st.sampled_from([*dump("18").splitlines(), "", "\\restrict x", "-- Name: y"])).map("\n".join))
def test_any_body_of_a_function_stays(body: str) -> None:
    raw = dump("18").replace("SELECT 'é €'", body)
    assert entries(normalise(raw)) == entries(raw)
