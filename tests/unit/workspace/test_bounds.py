"""Which migrations a run takes on before the rollout, and what it says of the others."""

import pytest

from dbmate_wrap.domain.history import Phase, Sealed, compare_history
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.errors import PolicyError
from dbmate_wrap.migrations.parse import parse_migration
from dbmate_wrap.migrations.phase import PHASE_COMMENT
from dbmate_wrap.workspace.bounds import Bounds
from dbmate_wrap.workspace.history import History
from dbmate_wrap.workspace.project_files import ProjectFiles
from tests.support.migrations import file_of, project_files


def migration(name: str, head: str = "") -> ParsedMigration:
    """A migration with this line before its first directive."""
    text = f"{head}\n-- migrate:up\nSELECT 1;\n-- migrate:down\n"
    found = parse_migration(file_of(name, text), text)
    assert isinstance(found, ParsedMigration)
    return found


FILES = project_files(
    migration("001_a.sql"),
    migration("002_b.sql"),
    migration("003_drop.sql", PHASE_COMMENT),
    migration("004_c.sql"),
    migration("005_drop.sql", PHASE_COMMENT),
)
BEFORE = Phase.BEFORE


def history_of(files: ProjectFiles, *applied: str) -> History:
    """The history of a database that has these versions."""
    return History(applied, compare_history(files.migrations, (), applied))


@pytest.mark.parametrize(
    ("applied", "wanted", "run", "held"),
    [
        ((), Bounds(), ["001", "002", "003", "004", "005"], []),
        ((), Bounds(None, BEFORE), ["001", "002"], ["003", "004", "005"]),
        (("001",), Bounds("001", BEFORE), [], []),
        ((), Bounds("002", BEFORE), ["001", "002"], []),
        ((), Bounds("004", BEFORE), ["001", "002"], ["003", "004"]),
        (("001", "002"), Bounds(None, BEFORE), [], ["003", "004", "005"]),
        (("001", "002", "003"), Bounds(None, BEFORE), ["004"], ["005"]),
        (("001", "002", "003", "004", "005"), Bounds(None, BEFORE), [], []),
    ],
)
def test_a_run_before_the_rollout_stops_in_front_of_the_first_that_waits(
    applied: tuple[str, ...], wanted: Bounds, run: list[str], held: list[str]
) -> None:
    found = wanted.find(history_of(FILES, *applied), FILES)
    assert [each.file.version for each in found.migrations] == run
    assert [each.file.version for each in found.held] == held


def test_what_is_said_names_the_file_and_the_command_for_afterwards() -> None:
    _, held = Bounds(None, BEFORE).find(history_of(FILES, "001"), FILES)
    assert Bounds(None, BEFORE).describe_stop(held, "staging") == (
        "\nstopped in front of 003_drop.sql, which waits for the rollout"
        "\nthe 2 migrations after it wait too: the order stays"
        "\nonce the new code is out everywhere: `dbmate-wrap up -e staging`"
    )
    two = Bounds("004", BEFORE).describe_stop(held[:2], "a")
    assert "\n004_c.sql comes after it, and waits too\n" in two
    assert two.endswith("`dbmate-wrap up -e a --to 004`")
    assert Bounds(None, BEFORE).describe_stop(held[:1], "a").count("\n") == 2
    assert Bounds(None, BEFORE).describe_stop((), "a") == ""


def test_nothing_pending_is_said_of_the_side_that_was_asked_for() -> None:
    found = history_of(FILES, "001", "002")
    assert Bounds("002", BEFORE).describe_nothing(found) == (
        "nothing is pending up to 002 before the rollout: 2 migrations applied before"
    )


def test_a_comment_that_gives_no_phase_ends_a_run_before_the_rollout_where_the_file_is_pending() -> None:
    files = project_files(migration("001_a.sql"), migration("002_b.sql", "-- dbmate-wrap: phase afer"))
    with pytest.raises(PolicyError) as raised:
        Bounds(None, BEFORE).find(history_of(files, "001"), files)
    error = raised.value
    assert (error.migration, error.line) == ("002_b.sql", 1)
    assert error.hint == f"write exactly: {PHASE_COMMENT}"
    assert Bounds().find(history_of(files, "001"), files).held == ()
    assert Bounds(None, BEFORE).find(history_of(files, "001", "002"), files).migrations == ()


def test_a_sealed_file_is_mended_by_its_own_command() -> None:
    pending = migration("001_a.sql", "-- dbmate-wrap: phase afer")
    files = project_files(pending)
    sealed = ProjectFiles(files.folder, files.migrations, (Sealed("001_a.sql", "", 1),), files.parsed)
    with pytest.raises(PolicyError) as raised:
        Bounds(None, BEFORE).find(history_of(files), sealed)
    assert "`dbmate-wrap amend 001_a.sql --because TEXT`" in (raised.value.hint or "")
