"""One table of cases: what a stamp says about a run, and whether the run may go on."""

import re

import pytest

from dbmate_wrap.domain.stamp import (
    Copy,
    Identity,
    Missing,
    OtherEnvironment,
    Same,
    Stamp,
    StampVerdict,
    compare_stamp,
    notice_after,
    refusal,
    refusal_for_dbmate,
    to_be_written,
)
from dbmate_wrap.errors import ExitCode

HERE = Identity("7390000000000000001", 16384)
OTHER_SERVER = Identity("7390000000000000002", 16384)
OTHER_DATABASE = Identity("7390000000000000001", 16999)
# Where EXECUTE on pg_control_system() was revoked.
UNREADABLE = Identity(None, 16384)
UNREADABLE_OTHER_DATABASE = Identity(None, 16999)


def stamp(environment: str, identity: Identity) -> Stamp:
    """A stamp that somebody wrote long ago."""
    return Stamp(environment, identity, "2024-02-29T12:00:00.000Z", "deployer")


MISSING = Missing()
SAME = Same()
OTHER = OtherEnvironment(stamp("production", HERE))


def copy(environment: str, identity: Identity, *, renewable: bool) -> Copy:
    """A verdict."""
    return Copy(stamp(environment, identity), renewable)


# The environment asked for is always staging; what is stamped is in the first columns.
CASES: list[tuple[str, str | None, Identity, Identity, StampVerdict]] = [
    ("no stamp", None, HERE, HERE, MISSING),
    ("no stamp, unreadable", None, HERE, UNREADABLE, MISSING),
    ("mine, here", "staging", HERE, HERE, SAME),
    ("mine, unreadable now", "staging", HERE, UNREADABLE, SAME),
    ("mine, unreadable then", "staging", UNREADABLE, HERE, SAME),
    ("mine, unreadable both times", "staging", UNREADABLE, UNREADABLE, SAME),
    (
        "mine, restored on another server",
        "staging",
        OTHER_SERVER,
        HERE,
        copy("staging", OTHER_SERVER, renewable=True),
    ),
    (
        "mine, template or restore on this server",
        "staging",
        OTHER_DATABASE,
        HERE,
        copy("staging", OTHER_DATABASE, renewable=True),
    ),
    (
        "mine, another oid although unreadable",
        "staging",
        UNREADABLE_OTHER_DATABASE,
        HERE,
        copy("staging", UNREADABLE_OTHER_DATABASE, renewable=True),
    ),
    ("another's, here", "production", HERE, HERE, OTHER),
    ("another's, unreadable now", "production", HERE, UNREADABLE, OTHER),
    (
        "another's, unreadable then",
        "production",
        UNREADABLE,
        HERE,
        OtherEnvironment(stamp("production", UNREADABLE)),
    ),
    (
        "production restored into staging",
        "production",
        OTHER_SERVER,
        HERE,
        copy("production", OTHER_SERVER, renewable=True),
    ),
    (
        "production copied on the same server",
        "production",
        OTHER_DATABASE,
        HERE,
        copy("production", OTHER_DATABASE, renewable=True),
    ),
    (
        "names are compared to the letter",
        "Staging",
        HERE,
        HERE,
        OtherEnvironment(stamp("Staging", HERE)),
    ),
]


@pytest.mark.parametrize(
    ("stamped", "then", "now", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_the_verdict_of_an_unprotected_environment(
    stamped: str | None, then: Identity, now: Identity, expected: StampVerdict
) -> None:
    found = stamp(stamped, then) if stamped is not None else None
    assert compare_stamp(found, "staging", now, protected=False) == expected


@pytest.mark.parametrize(
    ("stamped", "then", "now", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_a_protected_environment_differs_only_in_that_it_renews_no_copy(
    stamped: str | None, then: Identity, now: Identity, expected: StampVerdict
) -> None:
    found = stamp(stamped, then) if stamped is not None else None
    if isinstance(expected, Copy):
        expected = Copy(expected.stamp, renewable=False)
    assert compare_stamp(found, "staging", now, protected=True) == expected


@pytest.mark.parametrize(
    ("verdict", "written", "refused", "said"),
    [
        (MISSING, True, False, False),
        (SAME, False, False, False),
        (OTHER, False, True, False),
        (copy("production", OTHER_SERVER, renewable=True), True, False, True),
        (copy("production", OTHER_SERVER, renewable=False), False, True, False),
    ],
)
def test_every_verdict_is_written_refused_or_said(
    verdict: StampVerdict, written: bool, refused: bool, said: bool
) -> None:
    assert to_be_written(verdict) is written
    assert (refusal(verdict, "staging") is not None) is refused
    assert (notice_after(verdict, "staging") is not None) is said


def test_the_refusal_of_another_environment_names_both_and_how_to_stamp_on_purpose() -> None:
    error = refusal(OTHER, "staging")
    assert error is not None
    assert error.code is ExitCode.REFUSED
    assert error.message == (
        "this database is stamped as production (by deployer, 2024-02-29T12:00:00.000Z), not as staging"
    )
    assert error.hint is not None
    assert "dbmate-wrap stamp -e staging" in error.hint
    assert "dbmate-wrap doctor -e staging" in error.hint


def test_the_refusal_of_a_copy_says_what_else_it_may_be_and_the_way_out() -> None:
    error = refusal(copy("production", OTHER_SERVER, renewable=False), "production")
    assert error is not None
    assert error.code is ExitCode.REFUSED
    assert "restored copy, or its server was upgraded" in error.message
    assert "production is protected" in error.message
    assert error.hint is not None
    assert "dbmate-wrap stamp -e production" in error.hint


def test_a_renewed_copy_names_its_origin() -> None:
    said = notice_after(copy("production", OTHER_SERVER, renewable=True), "staging")
    assert said == "this database is a copy of one stamped as production; it is stamped as staging now"


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (MISSING, None),
        (SAME, None),
        (OTHER, "stamped as production"),
        (copy("production", OTHER_SERVER, renewable=True), "stamp of production .*, which is protected"),
        (copy("production", OTHER_SERVER, renewable=False), "stamp of production .*, which is protected"),
        (copy("test", OTHER_SERVER, renewable=True), None),
        (copy("test", OTHER_SERVER, renewable=False), "not the one that was stamped as test"),
        (copy("staging", OTHER_SERVER, renewable=True), None),
        (copy("staging", OTHER_SERVER, renewable=False), "not the one that was stamped as staging"),
    ],
)
def test_dbmate_alone_does_not_write_to_a_copy_of_what_is_protected(
    verdict: StampVerdict, said: str | None
) -> None:
    error = refusal_for_dbmate(verdict, "staging", ["production"])
    assert (error is None) == (said is None)
    if error is not None and said is not None:
        assert error.code is ExitCode.REFUSED
        assert re.search(said, error.message)
        assert "dbmate-wrap stamp -e staging" in (error.hint or "")
