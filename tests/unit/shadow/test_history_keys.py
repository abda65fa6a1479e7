"""Which histories share a key, and what the comment of a template records."""

from dataclasses import replace

import pytest

from dbmate_wrap.domain.migration import MigrationFile, checksum
from dbmate_wrap.shadow import template
from dbmate_wrap.shadow.cache import history_keys
from dbmate_wrap.shadow.template import Template


def file(name: str, content: bytes) -> MigrationFile:
    return MigrationFile(name, name[:3], checksum(content), content)


FILES = [file("001_a.sql", b"one\n"), file("002_b.sql", b"two\n"), file("003_c.sql", b"three\n")]


def named(
    files: list[MigrationFile], major: int = 18, pin: str = "2.37.0", table: str = "t", setup: str = ""
) -> tuple[str, ...]:
    return history_keys(files, major=major, pin=pin, migrations_table=table, setup=setup)


def test_what_is_run_before_the_first_file_is_part_of_every_key() -> None:
    keys = [*named(FILES), *named(FILES, setup="create role a"), *named(FILES, setup="create role b")]
    assert len(set(keys)) == 9


def test_roles_that_are_made_for_the_history_are_part_of_every_key() -> None:
    keys = [
        key
        for roles in ((), ("a",), ("b",), ("a", "b"))
        for key in history_keys(FILES, major=18, pin="2.37.0", migrations_table="t", roles=roles)
    ]
    assert len(set(keys)) == 12
    assert keys[:3] == [*named(FILES)]


def test_a_key_stands_for_the_files_up_to_its_own_and_no_others() -> None:
    whole = named(FILES)
    assert named(FILES[:2]) == whole[:2]
    assert len(set(whole)) == 3
    assert {len(key) for key in whole} == {64}
    assert named([]) == ()


@pytest.mark.parametrize(
    "changed",
    [
        replace(FILES[1], content=b"two\r\n"),
        replace(FILES[1], content=b"two"),
        replace(FILES[1], name="002_x.sql"),
    ],
    ids=["line ending", "one byte less", "name"],
)
def test_a_changed_file_changes_its_key_and_all_later_ones(changed: MigrationFile) -> None:
    before, after = named(FILES), named([FILES[0], changed, FILES[2]])
    assert before[0] == after[0]
    assert before[1] != after[1]
    assert before[2] != after[2]


def test_the_boundary_between_name_and_content_counts() -> None:
    assert named([file("001_a.sql", b"xy")]) != named([file("001_a.sqlx", b"y")])


def test_server_dbmate_and_history_table_are_part_of_every_key() -> None:
    others = [named(FILES), named(FILES, major=15), named(FILES, pin="2.38.0"), named(FILES, table="u")]
    assert len({key for names in others for key in names}) == 12


def test_the_keys_are_the_same_on_every_machine() -> None:
    assert named(FILES)[0] == "2c70cf2b1781868208c479e3f22bb60fb4784f32308fedac3c33ba5fd83cc194"


def test_a_comment_is_read_back_whatever_the_names_of_the_roles() -> None:
    written = Template(1700000000.5, frozenset({"app", "a\"b\\c'é"}), "state", 42)
    assert template.parse_template_comment(written.comment()) == written


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "a note",
        "[]",
        "{}",
        '{"format": 2}',
        '{"format": 1, "used_at": 1, "roles": [1], "state": "", "size": 1}',
    ],
)
def test_a_foreign_comment_is_no_template(comment: str) -> None:
    assert template.parse_template_comment(comment) is None


def test_a_template_has_a_name_that_postgresql_does_not_cut() -> None:
    name = template.template_name(named(FILES)[-1])
    assert name == f"dbmate_wrap_shadow_{named(FILES)[-1][:24]}"
    assert len(name) < 64
