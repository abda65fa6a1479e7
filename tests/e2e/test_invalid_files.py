"""Migration files and lockfiles that are wrong: 12 or 13, the file, the remedy, and an untouched database."""

import os
from collections.abc import Callable

import pytest

from tests.support.cli import TWO, RunCli, applied, assert_refused, staging, tables
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

THIRD = migration("create table public.c (i int);", "drop table public.c;")

ODD_OPTION = migration("select 1;", options="transaction: false")


def folder_003(project: ProjectFolder) -> None:
    (project.migrations / "003_x.sql").mkdir()


def fifo(project: ProjectFolder) -> None:
    os.mkfifo(project.migrations / "003_x.sql")


def dangling_link(project: ProjectFolder) -> None:
    (project.migrations / "003_x.sql").symlink_to("/nonexistent/003_x.sql")


def link_out(project: ProjectFolder) -> None:
    outside = project.root / "outside.sql"
    outside.write_text(THIRD)
    (project.migrations / "003_x.sql").symlink_to(outside)


def add(name: str, content: str | bytes) -> Callable[[ProjectFolder], None]:
    def change(project: ProjectFolder) -> None:
        project.add(name, content)

    return change


def move(old: str, new: str) -> Callable[[ProjectFolder], None]:
    def change(project: ProjectFolder) -> None:
        (project.migrations / old).rename(project.migrations / new)

    return change


# What changes, the rule that the finding names, a word of its remedy.
BAD_FILES: dict[str, tuple[Callable[[ProjectFolder], None], str, str]] = {
    "folder": (folder_003, "003_x.sql is a folder.*ignored-file", "move it out"),
    "fifo": (fifo, "003_x.sql is not a regular file.*file-name", "regular file"),
    "dangling-link": (dangling_link, "003_x.sql is a symbolic link.*file-name", "the file itself"),
    "link-out": (link_out, "003_x.sql is a symbolic link.*file-name", "the file itself"),
    "bom": (
        add("003_x.sql", b"\xef\xbb\xbf" + THIRD.encode()),
        "003_x.sql:1.*byte order mark.*not-utf8",
        "without",
    ),
    "nul": (add("003_x.sql", THIRD.encode() + b"-- \0\n"), "003_x.sql:6.*NUL byte.*not-utf8", "UTF-8"),
    "latin-1": (add("003_x.sql", THIRD.encode() + b"-- caf\xe9\n"), "003_x.sql:6.*0xe9.*not-utf8", "UTF-8"),
    "two-002": (add("002_c.sql", THIRD), "002_c.sql.*002_b.sql.*duplicate-version", "next free number"),
    "gap": (add("004_x.sql", THIRD), "004_x.sql.*003.*version-gap", "number 004_x.sql as 003"),
    "upper-case": (add("003_x.SQL", THIRD), "003_x.SQL is skipped by dbmate.*ignored-file", "lower case"),
    "no-up": (add("003_x.sql", "select 1;\n"), "003_x.sql.*migrate:up.*missing-up", "begin the file"),
    "no-down": (add("003_x.sql", "-- migrate:up\nselect 1;\n"), "003_x.sql.*missing-down", "migrate:down"),
    "empty": (add("003_x.sql", ""), "003_x.sql.*migrate:up.*missing-up", "begin the file"),
    "option": (add("003_x.sql", ODD_OPTION), "003_x.sql.*transaction:.*unknown-option", "transaction:false"),
    "width": (add("0003_x.sql", THIRD), "0003_x.sql would run before.*version-width", "digits"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_stops_up_before_anything_is_applied(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, name: str
) -> None:
    change, cause, remedy = BAD_FILES[name]
    folder = project(TWO, sealed=True)
    change(folder)
    done = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    assert_refused(done, 12, cause, remedy)
    assert tables(embedded_database) == []


def edit(project: ProjectFolder) -> None:
    project.add("002_b.sql", THIRD)


def remove(project: ProjectFolder) -> None:
    (project.migrations / "002_b.sql").unlink()


def lock(content: bytes) -> Callable[[ProjectFolder], None]:
    def change(project: ProjectFolder) -> None:
        project.lockfile.write_bytes(content)

    return change


def lock_folder(project: ProjectFolder) -> None:
    project.lockfile.unlink()
    project.lockfile.mkdir()


def conflict(project: ProjectFolder) -> None:
    with project.lockfile.open("a") as file:
        file.write("<<<<<<< HEAD\n")


BAD_HISTORY: dict[str, tuple[Callable[[ProjectFolder], None], str, str]] = {
    "edited": (edit, "002_b.sql was changed after it was sealed", "restore it"),
    "deleted": (remove, "002_b.sql is sealed and is gone", "restore it"),
    "renamed": (
        move("002_b.sql", "002_c.sql"),
        "was renamed to 002_c.sql",
        "rename 002_c.sql back to 002_b.sql",
    ),
    "conflict": (conflict, "migrations.lock:4: .*merge conflict", "keep the lines of the main branch"),
    "nonsense": (lock(b"hello\n"), "migrations.lock:1: .*not of the form", "git checkout"),
    "latin-1": (lock(b"caf\xe9\n"), "migrations.lock:1: .*not UTF-8", "git checkout"),
    "folder": (lock_folder, "migrations.lock.* cannot be read: Is a directory", "ls -ld"),
}


@pytest.mark.parametrize("name", BAD_HISTORY)
def test_a_lockfile_that_does_not_fit_stops_up_before_anything_is_applied(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, name: str
) -> None:
    change, cause, remedy = BAD_HISTORY[name]
    folder = project(TWO, sealed=True)
    change(folder)
    done = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    assert_refused(done, 13, cause, remedy)
    assert tables(embedded_database) == []


def test_files_are_complained_about_before_the_lockfile(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    conflict(folder)
    folder.add("003_x.sql", "")
    done = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    assert_refused(done, 12, "no `-- migrate:up`", "begin the file")


def test_a_missing_migrations_folder_says_how_to_make_it(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(toml='migrations_dir = "sql"\n')
    done = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    assert_refused(done, 10, "migrations folder .*/sql does not exist", "dbmate-wrap new NAME")
    assert tables(embedded_database) == []


def test_a_migrations_folder_that_is_a_file_is_told(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(toml='migrations_dir = "dbmate-wrap.toml"\n')
    done = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    assert_refused(done, 10, "is not a folder", "set migrations_dir")


def test_line_ends_of_windows_work_and_keep_the_checksum(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    for name, text in TWO.items():
        folder.add(name, text.replace("\n", "\r\n"))
    done = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    assert done.returncode == 0, done.stderr
    assert applied(embedded_database) == ["001", "002"]
    assert tables(embedded_database) == ["a", "b", "schema_migrations"]


def test_ten_megabytes_are_a_migration_like_any_other(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    comment = "-- " + "x" * 97 + "\n"
    big = migration("create table public.big (i int);\n" + comment * 104_858 + "select 1;")
    assert len(big) > 10 << 20
    done = run_cli(
        ["up", "-e", "staging"], project({"001_big.sql": big}, sealed=True).root, staging(embedded_database)
    )
    assert done.returncode == 0, done.stderr
    assert tables(embedded_database) == ["big", "schema_migrations"]


def test_a_failing_migration_of_ten_megabytes_does_not_flood_the_terminal(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    # The server quotes the value. (Above some 30 kB of error dbmate 2.37.0 hangs by itself.)
    comment = "-- " + "x" * 97 + "\n"
    big = migration(comment * 104_858 + "select '" + "y" * 20_000 + "'::int;")
    done = run_cli(
        ["up", "-e", "staging"], project({"001_big.sql": big}, sealed=True).root, staging(embedded_database)
    )
    assert_refused(
        done,
        30,
        r"001_big.sql:104860:\d+: invalid input syntax .*\(22P02\)",
        "fix 001_big.sql .*amend 001_big.sql .* and run again",
    )
    assert applied(embedded_database) == []


def test_an_empty_folder_has_nothing_to_do(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    done = run_cli(["up", "-e", "staging"], project().root, staging(embedded_database))
    assert done.returncode == 0, done.stderr
    assert "nothing is pending" in done.stdout
    assert tables(embedded_database) == []
