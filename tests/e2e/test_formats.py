"""`--format github|markdown` and report files: where people look, whatever happens."""

import json
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.support.cli import TWO, CliResult, RunCli, assert_presentable, staging
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.schemas import gitlab_faults, junit_faults, sarif_faults
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

FORMATS = ["github", "markdown"]
COMMANDS = [
    ["up"],
    ["plan"],
    ["status"],
    ["status", "--all"],
    ["wait"],
    ["new", "x"],
    ["init"],
    ["check"],
    ["seal"],
    ["amend", "x", "--because", "y"],
    ["renumber", "x"],
    ["snapshot"],
    ["baseline"],
    ["drift"],
    ["rollback"],
]
COMMANDS += [
    ["history"],
    ["stamp"],
    ["dump"],
    ["diagram", "--live"],
    ["doctor"],
    ["envs"],
    ["fleet", "list"],
    ["db", "url"],
    ["db", "stop"],
    ["db", "reset"],
]
STATIC = ["check", "--no-shadow"]
WRITES = {
    "001_init.sql": migration("create table public.a (i int);", "drop table public.a;"),
    "002_b.sql": migration("insert into public.a values (1);", "delete from public.a;"),
}


def commands_in(done: CliResult) -> list[str]:
    """The lines that the runner of GitHub would take for commands, of both streams, as it reads both."""
    lines = (done.stdout + done.stderr).splitlines()
    assert not [line for line in lines if "##[" in line and not line.startswith("::")]
    return [line for line in lines if line.lstrip().startswith("::")]


def reports(folder: Path) -> list[str]:
    """The options for all three."""
    return [
        *("--sarif", str(folder / "a.sarif"), "--junit", str(folder / "a.xml")),
        *("--gitlab", str(folder / "a.json")),
    ]


def valid_reports(folder: Path) -> tuple[str, str, str]:
    """The texts of all three, which fit their schemas."""
    sarif, junit, gitlab = ((folder / name).read_text("utf-8") for name in ("a.sarif", "a.xml", "a.json"))
    assert sarif_faults(json.loads(sarif)) == []
    assert junit_faults(junit) == []
    assert gitlab_faults(json.loads(gitlab)) == []
    return sarif, junit, gitlab


@pytest.fixture
def writing(project: MakeProject) -> ProjectFolder:
    """A project in a sub-folder of a repository, whose second migration writes rows."""
    folder = project(WRITES, sealed=True, name="shop/crm")
    (folder.root.parent / ".git").mkdir()
    return folder


def test_annotations_name_files_from_the_root_of_the_checkout(
    writing: ProjectFolder, run_cli: RunCli
) -> None:
    workspace = {"GITHUB_WORKSPACE": str(writing.root.parent)}
    done = run_cli([*STATIC, "--format", "github"], writing.root, workspace)
    assert done.returncode == 12
    place = "file=crm/db/migrations/002_b.sql,line=2,col=1,title=data-write::"
    assert [line for line in commands_in(done) if line.startswith(f"::error {place}")]
    assert "exit: 12 (policy)" in done.stderr


def test_a_checkout_in_a_folder_of_the_workspace_names_files_from_its_own_root(
    writing: ProjectFolder, run_cli: RunCli
) -> None:
    # actions/checkout with `path`: what GitHub shows is relative to the repository, not to the workspace.
    workspace = {"GITHUB_WORKSPACE": str(writing.root.parents[1])}
    done = run_cli([*STATIC, "--format", "github"], writing.root, workspace)
    assert any("file=crm/db/migrations/002_b.sql," in line for line in commands_in(done))


def test_a_download_without_git_names_files_from_the_workspace(
    writing: ProjectFolder, run_cli: RunCli
) -> None:
    (writing.root.parent / ".git").rmdir()
    workspace = {"GITHUB_WORKSPACE": str(writing.root.parents[1])}
    done = run_cli([*STATIC, "--format", "github"], writing.root, workspace)
    assert any("file=shop/crm/db/migrations/002_b.sql," in line for line in commands_in(done))


@pytest.mark.parametrize("chosen", FORMATS)
def test_the_log_has_every_warning_of_a_rule_where_the_result_may_be_cut(
    project: MakeProject, run_cli: RunCli, chosen: str
) -> None:
    folder = project(
        {f"{n:03}_a.sql": migration(f"create table public.a{n} (i bigint);") for n in range(1, 8)}
    )
    assert run_cli(STATIC, folder.root).stderr.count("[unsealed]") == 1
    done = run_cli([*STATIC, "--format", chosen], folder.root)
    assert done.stderr.count("[unsealed]") == 7


def test_a_finding_is_shown_with_its_line(writing: ProjectFolder, run_cli: RunCli) -> None:
    done = run_cli(STATIC, writing.root)
    assert "\n    2 | insert into public.a values (1);\n      | ^\n" in done.stderr


def test_the_step_summary_is_appended_to_what_is_there(
    writing: ProjectFolder, run_cli: RunCli, tmp_path: Path
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# before\n")
    done = run_cli([*STATIC, "--format", "github"], writing.root, {"GITHUB_STEP_SUMMARY": str(summary)})
    assert done.returncode == 12
    text = summary.read_text("utf-8")
    assert text.startswith("# before\n<!-- dbmate-wrap check -->\n## dbmate-wrap check: failed")
    assert "`crm/db/migrations/002_b.sql:2` | `data-write`" in text


@pytest.mark.parametrize(
    ("size", "name"), [(0, "nosuch/summary.md"), (0, "."), ((1 << 20) - 1000, "summary.md")]
)
def test_a_step_summary_that_cannot_be_written_is_a_warning(
    writing: ProjectFolder, run_cli: RunCli, tmp_path: Path, size: int, name: str
) -> None:
    path = tmp_path / name
    if size:
        path.write_bytes(b"x" * size)
    done = run_cli([*STATIC, "--format", "github"], writing.root, {"GITHUB_STEP_SUMMARY": str(path)})
    assert done.returncode == 12
    assert f"step summary {path}" in done.stderr
    assert "::error " in done.stdout
    if size:
        assert path.stat().st_size == size


def test_without_github_only_text_and_json_know_nothing_of_a_step(
    writing: ProjectFolder, run_cli: RunCli, tmp_path: Path
) -> None:
    summary = tmp_path / "summary.md"
    for chosen in ("text", "json", "markdown"):
        run_cli([*STATIC, "--format", chosen], writing.root, {"GITHUB_STEP_SUMMARY": str(summary)})
    assert not summary.exists()


def test_names_of_files_are_no_commands(project: MakeProject, run_cli: RunCli) -> None:
    names = (
        "::error::x.sql",
        "a\n::add-mask::x.sql",
        "001_##[error]x.sql",
        "002_a\n  ::stop-commands::t.sql",
    )
    folder = project({name: migration("select 1;") for name in names})
    done = run_cli([*STATIC, "--format", "github"], folder.root)
    assert done.returncode == 12
    assert_presentable(done)
    annotations = commands_in(done)
    assert annotations
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in annotations)


@pytest.mark.parametrize("chosen", FORMATS)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_reports_wrong_settings_in_every_format(
    project: MakeProject, run_cli: RunCli, chosen: str, command: list[str]
) -> None:
    folder = project(TWO, sealed=True, toml='lock_timeout = "soon"\nnonsense = 1\n')
    done = run_cli([*command, "--format", chosen], folder.root)
    assert done.returncode == 10
    assert_presentable(done)
    if chosen == "github":
        assert done.stdout.startswith("::error title=config::")
        assert "%0A" in done.stdout.splitlines()[0]
    else:
        lines = done.stdout.splitlines()
        assert lines[0].startswith("<!-- dbmate-wrap ")
        assert lines[1].endswith("failed (exit 10, config)")
        assert "nonsense" in done.stdout


@pytest.mark.parametrize("chosen", FORMATS)
def test_the_whole_way_in_every_format_shows_no_password(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, chosen: str, tmp_path: Path
) -> None:
    parts = urlsplit(embedded_database.url)
    place = f"{parts.username}:s3cr3t-pw@{parts.netloc.rpartition('@')[2]}"
    env = {"STAGING_DATABASE_URL": urlunsplit(parts._replace(netloc=place))}
    summary = tmp_path / "summary.md"
    env["GITHUB_STEP_SUMMARY"] = str(summary)
    files = {**TWO, "003_c.sql": migration("select 's3cr3t-pw'::int;")}
    folder = project(files, sealed=True)
    for command, code in (["plan"], 30), (["up"], 30), (["status"], 0), (["history"], 0), (["envs"], 0):
        done = run_cli([*command, "-e", "staging", "--format", chosen], folder.root, env)
        assert done.returncode == code, done
        assert_presentable(done)
        assert "s3cr3t" not in done.stdout + done.stderr
        assert "001_a.sql" in done.stdout or command == ["envs"]
    if chosen == "github":
        text = summary.read_text("utf-8")
        assert text.count("<!-- dbmate-wrap ") == 5
        assert "s3cr3t" not in text


def test_exec_shows_dbmates_output_in_every_format(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    for chosen in FORMATS:
        args = ["exec", "-e", "staging", "--format", chosen, "--", "status"]
        done = run_cli(args, folder.root, staging(embedded_database))
        assert "[ ] 001_a.sql" in done.stdout


@pytest.mark.parametrize("chosen", ["text", "json", "github", "markdown"])
def test_reports_are_written_beside_every_format_also_when_a_rule_is_broken(
    writing: ProjectFolder, run_cli: RunCli, tmp_path: Path, chosen: str
) -> None:
    done = run_cli([*STATIC, *reports(tmp_path), "--format", chosen], writing.root)
    assert done.returncode == 12
    assert done.stdout or chosen == "text"
    for text in valid_reports(tmp_path):
        assert "data-write" in text
        assert "crm/db/migrations/002_b.sql" in text


def test_reports_of_a_good_run_have_no_results(project: MakeProject, run_cli: RunCli, tmp_path: Path) -> None:
    folder = project({"001_init.sql": WRITES["001_init.sql"]}, sealed=True)
    assert run_cli([*STATIC, *reports(tmp_path)], folder.root).returncode == 0
    sarif, junit, gitlab = valid_reports(tmp_path)
    assert json.loads(sarif)["runs"][0]["results"] == []
    assert json.loads(gitlab) == []
    assert "<failure" not in junit


@pytest.mark.parametrize(("damage", "code"), [("lockfile", 13), ("settings", 10), ("folder", 10)])
def test_a_run_that_fails_without_findings_is_a_result_of_its_own(
    project: MakeProject, run_cli: RunCli, tmp_path: Path, damage: str, code: int
) -> None:
    folder = project({"001_init.sql": WRITES["001_init.sql"]}, sealed=True)
    if damage == "lockfile":
        folder.lockfile.write_text("no lockfile\n")
    elif damage == "settings":
        (folder.root / "dbmate-wrap.toml").write_text("nonsense = 1\n")
    else:
        (folder.migrations / "001_init.sql").unlink()
        folder.migrations.rmdir()
    done = run_cli([*STATIC, *reports(tmp_path)], folder.root)
    assert done.returncode == code
    sarif, junit, gitlab = valid_reports(tmp_path)
    assert len(json.loads(sarif)["runs"][0]["results"]) == len(json.loads(gitlab)) == 1
    assert junit.count("<failure") == 1


def test_relative_report_paths_begin_where_the_command_was_typed(
    project: MakeProject, run_cli: RunCli, tmp_path: Path
) -> None:
    folder = project({"001_init.sql": WRITES["001_init.sql"]}, sealed=True)
    run_cli([*STATIC, "-C", str(folder.root), "--sarif", "a.sarif"], tmp_path)
    assert (tmp_path / "a.sarif").exists()


@pytest.mark.parametrize("path", ["nosuch/a.sarif", "."])
def test_a_report_that_cannot_be_written_ends_a_good_run_with_ten_and_hides_nothing(
    project: MakeProject, run_cli: RunCli, tmp_path: Path, path: str
) -> None:
    folder = project({"001_init.sql": WRITES["001_init.sql"]}, sealed=True)
    args = [*STATIC, "--sarif", str(tmp_path / path), "--junit", str(tmp_path / "a.xml")]
    done = run_cli([*args, "--format", "json"], folder.root)
    assert done.returncode == 10
    document = done.json()
    assert document["exit"] == {"code": 10, "name": "config"}
    assert f"cannot write {tmp_path / path}" in str(document["error"])
    assert "hint: " in done.stderr
    assert (tmp_path / "a.xml").exists()
    assert "1 migration checked" in run_cli(args, folder.root).stdout


def test_a_report_that_cannot_be_written_does_not_hide_a_broken_rule(
    writing: ProjectFolder, run_cli: RunCli, tmp_path: Path
) -> None:
    done = run_cli([*STATIC, "--sarif", str(tmp_path / "nosuch" / "a.sarif")], writing.root)
    assert done.returncode == 12
    assert "cannot write" in done.stderr
    assert "data-write" in done.stderr
    assert f"mkdir -p {tmp_path / 'nosuch'}" in done.stderr


def test_an_old_report_is_replaced_and_nothing_else_is_left(
    project: MakeProject, run_cli: RunCli, tmp_path: Path
) -> None:
    folder = project({"001_init.sql": WRITES["001_init.sql"]}, sealed=True)
    place = tmp_path / "reports"
    place.mkdir()
    (place / "a.json").write_text("old")
    run_cli([*STATIC, "--gitlab", str(place / "a.json")], folder.root)
    assert [path.name for path in place.iterdir()] == ["a.json"]
    assert (place / "a.json").read_text() == "[]\n"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_report_goes_into_a_pipe_and_leaves_it_there(
    writing: ProjectFolder, run_cli: RunCli, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert run_cli([*STATIC, "--gitlab", str(pipe)], writing.root).returncode == 12
        assert json.loads(os.read(reader, 1 << 16))
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_two_reports_cannot_be_one_file(project: MakeProject, run_cli: RunCli, tmp_path: Path) -> None:
    folder = project(TWO, sealed=True)
    done = run_cli([*STATIC, "--sarif", "a", "--junit", str(folder.root / "a")], folder.root)
    assert done.returncode == 2
    assert "cannot be one file" in done.stderr
    (folder.root / "b").symlink_to("a")
    assert run_cli([*STATIC, "--sarif", "a", "--junit", "b"], folder.root).returncode == 2


@pytest.mark.parametrize("runner", ["GITHUB_ACTIONS", "TF_BUILD"])
@pytest.mark.parametrize("chosen", ["text", "json", "github", "markdown"])
def test_no_message_of_a_server_is_a_command_to_the_runner_whose_log_it_is_in(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, chosen: str, runner: str
) -> None:
    nasty = r"a\n::error file=x::y\n ##[error]z ##vso[task.complete]\x1b[31m\r::add-mask::q"
    sql = f"do $$ begin raise exception using message = E'{nasty}'; end $$;"
    folder = project({"001_a.sql": migration(sql)}, sealed=True)
    env = staging(embedded_database) | {runner: "true"}
    done = run_cli(["up", "-e", "staging", "--format", chosen], folder.root, env)
    assert done.returncode == 30
    assert "add-mask" in done.stderr
    ours = [line for line in commands_in(done) if line.startswith("::error file=db/migrations/001_a.sql,")]
    assert commands_in(done) == ours
    assert len(ours) == (chosen == "github")
    said = [line for line in (done.stdout + done.stderr).splitlines() if line not in ours]
    assert not [line for line in said if "##[" in line or "##vso[" in line]
    assert "\x1b" not in done.stdout + done.stderr


def test_a_message_of_a_server_is_as_it_was_where_no_runner_reads_it(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    sql = "do $$ begin raise exception using message = E'a\\n::error::y ##[error]z'; end $$;"
    folder = project({"001_a.sql": migration(sql)}, sealed=True)
    done = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    assert "\n  ::error::y ##[error]z" in done.stderr


def test_what_dbmate_prints_and_the_path_of_a_new_file_steer_no_terminal(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(
        {**TWO, "003_\x1b[31m\x9b5m.sql": migration("select 1;")}, toml='migrations_dir = "db/migrations"'
    )
    done = run_cli(["exec", "-e", "staging", "--", "status"], folder.root, staging(embedded_database))
    assert "[ ] 001_a.sql" in done.stdout
    assert r"003_\x1b[31m\x9b5m.sql" in done.stdout
    (folder.root / "dbmate-wrap.toml").write_text('migrations_dir = "db/\\u001b[31m"\n')
    made = run_cli(["new", "x"], folder.root)
    assert made.stdout == "db/\\x1b[31m/001_x.sql\n"
    assert "\x1b" not in done.stdout + done.stderr + made.stderr
