"""A comment that is meant to give a phase, and gives none, is never passed over in silence."""

import pytest

from dbmate_wrap.migrations.phase import PHASE_COMMENT
from dbmate_wrap.policy.file_rules import check_contents
from dbmate_wrap.policy.phase_comment import is_phase_comment
from dbmate_wrap.policy.suppressions import apply_suppressions, suppressions_of
from tests.support.cases import migration_file

TAIL = "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n"


def found_in(text: str) -> list[tuple[str, int | None, int | None]]:
    """Rule, line and column of all that the rules of files and the allow comments report."""
    checked = check_contents([migration_file("001_a.sql", text)], "f")
    # Every rule counts as checked, so that a comment which is taken for an allow comment would be reported.
    allowed = apply_suppressions(checked.findings, suppressions_of(checked.migrations, "f"), {}, {})
    return [(each.rule, each.line, each.column) for each in allowed]


@pytest.mark.parametrize(
    "comment",
    [
        "-- dbmate-wrap: phase before",
        "-- dbmate-wrap: phase",
        "-- dbmate-wrap: phase afer",
        "-- dbmate-wrap: phase after the rollout",
        "-- dbmate-wrap: phse after",
        "-- dbmate-wrap: Phase After",
        "-- dbmate-wrap: phase: after",
        "-- dbmate-wrap: phases after",
        "-- dbmate-wrap: after",
        "-- dbmate-wrap phase after",
        "-- dbmate_wrap: phase after",
        "--dbmate-wrap: phase after",
        "--  dbmate-wrap: phase after",
    ],
)
def test_a_misspelt_comment_is_an_error_at_its_line(comment: str) -> None:
    assert found_in(f"-- head\n{comment}\n{TAIL}") == [("unknown-option", 2, 1)]
    assert found_in(TAIL.replace("SELECT 2", f"  {comment}\nSELECT 2")) == [("unknown-option", 4, 3)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (TAIL.replace("SELECT 1", f"{PHASE_COMMENT}\nSELECT 1"), (2, 1)),
        (TAIL.replace("SELECT 1", f"SELECT {PHASE_COMMENT}\n1"), (2, 8)),
        (TAIL.replace("SELECT 1", "/* dbmate-wrap: phase after */ SELECT 1"), (2, 1)),
        (TAIL.replace("SELECT 2", f"{PHASE_COMMENT}\nSELECT 2"), (4, 1)),
        (f"{TAIL}{PHASE_COMMENT}\n{TAIL}", (5, 1)),
        (f"{PHASE_COMMENT}\n{PHASE_COMMENT}\n{TAIL}", (2, 1)),
        (f"-- migrate:up phase:after\n{TAIL[14:]}", (1, 1)),
    ],
)
def test_a_comment_in_the_wrong_place_is_an_error_at_its_line(text: str, place: tuple[int, int]) -> None:
    assert found_in(text) == [("unknown-option", *place)]


@pytest.mark.parametrize(
    "text",
    [
        f"{PHASE_COMMENT}\n{TAIL}",
        f"{PHASE_COMMENT}\n-- dbmate-wrap phases out soon\n{TAIL}",
        TAIL.replace("SELECT 1", f"SELECT '\n{PHASE_COMMENT}\n'"),
        TAIL.replace("SELECT 1", f"DO $$ BEGIN\n{PHASE_COMMENT}\nEND $$"),
    ],
)
def test_what_is_right_or_no_comment_is_none(text: str) -> None:
    assert found_in(text) == []


@pytest.mark.parametrize(
    "comment",
    [
        "-- dbmate-wrap: allow data-write because the phase after this one needs it",
        "-- dbmate-wrap: ignore data-write",
        "-- the phase after",
        "-- dbmate-wrap applies it",
    ],
)
def test_other_comments_are_none(comment: str) -> None:
    assert not is_phase_comment(comment)


def test_the_hint_has_what_to_write() -> None:
    text = f"-- dbmate-wrap: phase before\n{TAIL.replace('SELECT 1', f'{PHASE_COMMENT} SELECT 1')}"
    findings = check_contents([migration_file("001_a.sql", text)], "f").findings
    assert [PHASE_COMMENT in (each.hint or "") for each in findings if each.rule == "unknown-option"] == [
        True
    ] * 2
