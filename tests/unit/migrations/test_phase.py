"""The comment that lets a migration wait for the rollout, and the phase of all that is not applied."""

import pytest

from dbmate_wrap.domain.history import Phase, compare_history
from dbmate_wrap.migrations.phase import PHASE_COMMENT, phases, set_phases, waits_for_rollout
from tests.support.cases import migration_file

TAIL = "-- migrate:up\nDROP TABLE app.a;\n-- migrate:down\n"
PLAIN, MARKED = TAIL, f"{PHASE_COMMENT}\n{TAIL}"


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        (PLAIN, False),
        (MARKED, True),
        (MARKED.replace("\n", "\r\n"), True),
        (f"  {PHASE_COMMENT} \t\n{TAIL}", True),
        (f"-- dbmate-wrap:  phase  after\n{TAIL}", True),
        # Other comments may stand between, the allow comments of the file among them.
        (f"{PHASE_COMMENT}\n\n-- dbmate-wrap: allow no-effect because it drops\n{TAIL}", True),
        (f"-- dbmate-wrap: phase before\n{TAIL}", False),
        (f"-- dbmate-wrap: phase after all\n{TAIL}", False),
        (f"-- dbmate-wrap: Phase after\n{TAIL}", False),
        (f"--dbmate-wrap: phase after\n{TAIL}", False),
        (TAIL.replace("DROP", f"{PHASE_COMMENT}\nDROP"), False),
        (f"{TAIL}{PHASE_COMMENT}\n", False),
        (f"{PHASE_COMMENT}\n", False),
        (f"{TAIL}{PHASE_COMMENT}\n{TAIL}", False),
    ],
)
def test_only_the_exact_comment_before_the_first_directive_marks_a_migration(text: str, waits: bool) -> None:
    assert waits_for_rollout(migration_file("001_a.sql", text)) is waits


def test_bytes_that_are_no_text_are_read_too() -> None:
    assert waits_for_rollout(migration_file("001_a.sql", b"-- caf\xe9\n" + MARKED.encode()))


def test_the_comment_changes_the_checksum() -> None:
    assert migration_file("001_a.sql", PLAIN).checksum != migration_file("001_a.sql", MARKED).checksum


def test_what_comes_after_a_migration_that_waits_waits_too() -> None:
    files = [migration_file(f"00{number}_a.sql", text) for number, text in enumerate((PLAIN, MARKED, PLAIN))]
    assert phases(files) == [Phase.BEFORE, Phase.AFTER, Phase.AFTER]
    assert phases([]) == []


@pytest.mark.parametrize(
    ("applied", "expected"),
    [
        ((), [Phase.BEFORE, Phase.AFTER, Phase.AFTER]),
        (("001",), [None, Phase.AFTER, Phase.AFTER]),
        (("001", "002"), [None, None, Phase.BEFORE]),
        (("001", "003"), [None, Phase.AFTER, None]),
        (("001", "002", "003", "004"), [None, None, None, None]),
    ],
)
def test_a_marked_migration_that_is_applied_holds_nothing_up(
    applied: tuple[str, ...], expected: list[Phase | None]
) -> None:
    files = [
        migration_file(f"00{number}_a.sql", text) for number, text in ((1, PLAIN), (2, MARKED), (3, PLAIN))
    ]
    entries = set_phases(compare_history(files, (), applied), files)
    assert [entry.phase for entry in entries] == expected
