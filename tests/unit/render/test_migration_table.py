"""A long history is folded to its end and to what needs somebody's eye."""

from pathlib import PurePosixPath

import pytest

from dbmate_wrap.domain.outcome import MigrationRow
from dbmate_wrap.render import json, markdown, text
from dbmate_wrap.render.annotations import Repository
from dbmate_wrap.render.migration_table import migration_table
from dbmate_wrap.render.table import PLAIN
from tests.support.outcomes import ENDED, outcome, row


def rows(number: int, *others: MigrationRow) -> list[MigrationRow]:
    """So many applied migrations, and the others, in the order of their versions."""
    made = [row(each, "a", "applied") for each in range(1, number + 1)]
    return sorted([*made, *others], key=lambda each: each.version)


def shown(of: list[MigrationRow], *, folded: bool = True) -> list[str]:
    """Version and state of each line below the header, and the count of a folded one."""
    lines = [line.split("  ") for line in migration_table(of, PLAIN, folded=folded).split("\n")[1:]]
    return [f"{line[0]} {line[-1] if line[0] != '...' else line[-2]}".strip() for line in lines]


@pytest.mark.parametrize("number", [0, 1, 10, 30])
def test_what_is_short_is_shown_whole(number: int) -> None:
    assert migration_table(rows(number), PLAIN, folded=True) == migration_table(rows(number), PLAIN)


def test_of_a_long_history_the_last_ones_and_a_count_are_shown() -> None:
    table = migration_table(rows(300, row(301, "b", "pending")), PLAIN, folded=True).split("\n")
    assert table[1].split("  ")[0] == "..."
    assert "290 migrations, 001 to 290 (--full)" in table[1]
    assert [line.split()[0] for line in table[2:]] == [str(number) for number in range(291, 302)]
    assert table[-1].endswith("pending")


def test_nothing_else_than_applied_is_folded() -> None:
    others = [
        row(500, "x", state) for state in ("edited", "unknown", "applied (former text)", "out-of-order")
    ]
    found = migration_table([*others, *rows(300)], PLAIN, folded=True)
    assert all(each.state in found for each in others)


def test_what_stands_between_parts_the_counts_and_one_alone_is_no_count() -> None:
    edited = [MigrationRow(version, f"{version}_x.sql", "edited", None, None) for version in ("0045", "0495")]
    found = shown(rows(60, *edited))
    counts = [line for line in found if line.startswith("...")]
    assert counts == ["... 4 migrations, 001 to 004 (--full)", "... 45 migrations, 005 to 049 (--full)"]
    assert [line for line in found if "edited" in line] == ["0045 edited", "0495 edited"]
    assert "050  applied" in found


def test_json_and_markdown_have_all_of_it() -> None:
    run = outcome("status")
    run.migrations = rows(300)
    assert "002_a.sql" not in text.render(run, PLAIN)
    assert all(each.file in json.render(run, ENDED) for each in run.migrations if each.file)
    whole = markdown.render(run, Repository(PurePosixPath("/srv")))
    assert all(each.file in whole for each in run.migrations if each.file)
    run.full = True
    assert all(each.file in text.render(run, PLAIN) for each in run.migrations if each.file)
