"""check without a replay: what breaks a rule, how severe it is, what is allowed, and how it is reported."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.check_documents import STATIC, found, status
from tests.support.cli import TWO, RunCli, RunJson, applied, assert_presentable, assert_refused, staging
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.repository import REPOSITORY
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

GOOD = {
    "001_init.sql": migration("create table public.a (i bigint);", "drop table public.a;"),
    "002_b.sql": migration("create table public.b (i bigint);", "drop table public.b;"),
}
WRITE = "insert into public.a values (1);"
# What pg_dump writes into a baseline.
STYLE = "set search_path = public; create table x (i int); alter table x owner to postgres;"
HEADS = ["files", "lockfile", "sql", "squawk", "base", "shadow"]


# Exit codes and their order


def test_a_good_project_says_what_was_looked_at(project: MakeProject, run_cli: RunCli) -> None:
    done = run_cli(STATIC, project(GOOD, sealed=True).root)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert [line.split()[0] for line in done.stdout.splitlines()[1:7]] == HEADS
    assert "shadow    skip    replay skipped: --no-shadow" in done.stdout
    assert done.stdout.endswith("\n2 migrations checked: no errors\n")
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_files_and_sql_come_before_the_lockfile(project: MakeProject, run_json: RunJson) -> None:
    folder = project(GOOD, sealed=True)
    folder.add("002_b.sql", migration(WRITE))
    document = run_json(STATIC, folder.root)
    assert document["exit"] == {"code": 12, "name": "policy"}
    assert found(document) == ["error edited 002_b.sql:1", "error data-write 002_b.sql:2"]
    assert status(document) == {
        "files": "pass",
        "lockfile": "fail",
        "sql": "fail",
        "squawk": "pass",
        "base": "skip",
        "shadow": "skip",
    }


def test_one_error_names_its_place_in_the_document(project: MakeProject, run_json: RunJson) -> None:
    folder = project(GOOD, sealed=True)
    folder.add("003_c.sql", migration(f"-- one row\n{WRITE}"))
    error = run_json(STATIC, folder.root)["error"]
    assert isinstance(error, dict)
    assert (error["migration"], error["line"]) == ("003_c.sql", 3)
    assert error["message"] == "writes rows: INSERT INTO public.a"
    folder.add("004_d.sql", migration(WRITE))
    error = run_json(STATIC, folder.root)["error"]
    assert isinstance(error, dict)
    assert (error["message"], error["migration"], error["line"]) == ("2 files break rules", None, None)


def test_one_error_is_reported_once(project: MakeProject, run_cli: RunCli) -> None:
    folder = project({**GOOD, "003_c.sql": migration(WRITE)}, sealed=True)
    done = run_cli(STATIC, folder.root)
    assert_refused(done, 12, r"^error: db/migrations/003_c\.sql:2: writes rows.*\[data-write\]$", "outside")
    assert done.stderr.count("writes rows") == 1


def test_a_broken_lockfile_comes_after_broken_files(project: MakeProject, run_cli: RunCli) -> None:
    folder = project(GOOD, sealed=True)
    folder.lockfile.write_text("<<<<<<< HEAD\n")
    done = run_cli(STATIC, folder.root)
    assert_refused(done, 13, r"migrations\.lock:1: .*merge conflict", "renumber")
    folder.add("003_c.sql", "select 1;\n")
    assert run_cli(STATIC, folder.root).returncode == 12


def test_wrong_settings_come_before_everything(project: MakeProject, run_cli: RunCli) -> None:
    toml = '[policy]\ndata-wirte = "off"\nsql = "fatal"\n'
    done = run_cli(STATIC, project({"001_a.sql": "x"}, toml=toml).root)
    assert done.returncode == 10
    assert "did you mean data-write?" in done.stderr
    assert "policy.sql: must be error, warning or off" in done.stderr


# Severities


@pytest.mark.parametrize(
    ("policy", "code", "severity"),
    [
        ("", 12, "error"),
        ('data-write = "warning"', 0, "warning"),
        ('data-write = "off"', 0, None),
        ('sql = "off"', 0, None),
        ('sql = "warning"', 0, "warning"),
        ('sql = "off"\ndata-write = "error"', 12, "error"),
        ('sql = "warning"\ndata-write = "off"', 0, None),
        ('files = "off"', 12, "error"),
    ],
)
def test_the_team_says_how_severe_a_rule_is(
    project: MakeProject, run_json: RunJson, policy: str, code: int, severity: str | None
) -> None:
    files = {**GOOD, "003_c.sql": migration(WRITE)}
    document = run_json(STATIC, project(files, sealed=True, toml=f"[policy]\n{policy}\n").root)
    ended = document["exit"]
    assert isinstance(ended, dict)
    assert ended["code"] == code
    assert found(document) == ([f"{severity} data-write 003_c.sql:2"] if severity else [])
    expected = {"error": "fail", "warning": "warn", None: "pass"}
    assert status(document)["sql"] == expected[severity]


@pytest.mark.parametrize(
    ("policy", "code", "severity", "shown"),
    [
        ("", 0, "warning", "warn"),
        ('"squawk/prefer-bigint-over-int" = "error"', 12, "error", "fail"),
        ('"squawk/prefer-bigint-over-int" = "off"', 0, None, "pass"),
        ('squawk = "error"', 12, "error", "fail"),
        ('squawk = "off"', 0, None, "skip"),
        ('squawk = "off"\n"squawk/prefer-bigint-over-int" = "error"', 12, "error", "fail"),
        ('squawk = "error"\n"squawk/prefer-bigint-over-int" = "warning"', 0, "warning", "warn"),
    ],
)
def test_hazards_have_severities_too(
    project: MakeProject, run_json: RunJson, policy: str, code: int, severity: str | None, shown: str
) -> None:
    folder = project(GOOD, sealed=True, toml=f'[policy]\nunsealed = "off"\n{policy}\n')
    folder.add("003_c.sql", migration("alter table public.a add column n int;"))
    document = run_json(STATIC, folder.root)
    ended = document["exit"]
    assert isinstance(ended, dict)
    assert ended["code"] == code
    place = "squawk/prefer-bigint-over-int 003_c.sql:2"
    assert found(document) == ([f"{severity} {place}"] if severity else [])
    assert status(document)["squawk"] == shown


def test_sealed_migrations_are_asked_of_squawk_only_with_all(project: MakeProject, run_json: RunJson) -> None:
    folder = project(TWO, sealed=True)
    assert found(run_json(STATIC, folder.root)) == []
    place = "warning squawk/prefer-bigint-over-int"
    assert found(run_json([*STATIC, "--all"], folder.root)) == [
        f"{place} 001_a.sql:2",
        f"{place} 002_b.sql:2",
    ]


def test_without_squawk_its_part_is_skipped_and_said(project: MakeProject, run_cli: RunCli) -> None:
    """The interpreter of the tests has squawk beside it: a copy of the link elsewhere has not."""
    folder = project(GOOD, sealed=True)
    bare = folder.root / "bin"
    bare.mkdir()
    (bare / "python").symlink_to(sys.executable)
    # -S and the path by hand: a python that lies in no venv.
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *sys.path[1:]])}
    argv = [str(bare / "python"), "-m", "dbmate_wrap", *STATIC]
    done = subprocess.run(argv, cwd=folder.root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if re.search("squawk +pass", done.stdout):
        pytest.skip("squawk is on this machine's own PATH")
    assert "squawk    skip    hazards were not looked for: squawk is not installed" in done.stdout
    assert "squawk: pip install 'dbmate-wrap[squawk]'" in done.stdout


# Allow comments


def test_a_statement_is_allowed_and_the_next_is_not(project: MakeProject, run_json: RunJson) -> None:
    allow = "-- dbmate-wrap: allow data-write because the lookup is part of the schema"
    files = {**GOOD, "003_c.sql": migration(f"{allow}\n{WRITE}\n{WRITE}")}
    assert found(run_json(STATIC, project(files, sealed=True).root)) == ["error data-write 003_c.sql:4"]


def test_a_rule_of_squawk_is_allowed_for_one_statement(project: MakeProject, run_json: RunJson) -> None:
    folder = project(GOOD, sealed=True, toml='[policy]\nunsealed = "off"\nsquawk = "error"\n')
    column = "alter table public.a add column {} int;"
    allow = "-- dbmate-wrap: allow squawk/prefer-bigint-over-int because it counts to twelve"
    folder.add("003_c.sql", migration(f"{allow}\n{column.format('m')}"))
    document = run_json(STATIC, folder.root)
    assert (found(document), status(document)["squawk"]) == ([], "pass")
    folder.add("003_c.sql", migration(f"{allow}\n{column.format('m')}\n{column.format('n')}"))
    assert found(run_json(STATIC, folder.root)) == ["error squawk/prefer-bigint-over-int 003_c.sql:4"]
    # Where squawk was not asked, nobody knows whether the comment is needed.
    folder.seal()
    assert found(run_json(STATIC, folder.root)) == []


USELESS = {
    "not needed": ("-- dbmate-wrap: allow data-write because x\nselect 1;", "this comment is not needed"),
    "no reason": (f"-- dbmate-wrap: allow data-write\n{WRITE}", "without a reason"),
    "no rule": ("-- dbmate-wrap: allow data-writes because x\nselect 1;", "'data-writes' is not a rule"),
    "no statement": ("select 1;\n-- dbmate-wrap: allow data-write because x\n", "no statement begins"),
    "for a file": ("-- dbmate-wrap: allow version-gap because x\nselect 1;", "about the whole file"),
    "cannot be": ("-- dbmate-wrap: allow edited because x\nselect 1;", "edited cannot be allowed"),
    "misspelt": ("--dbmate-wrap allow data-write: x\nselect 1;", "not written as an allow comment must be"),
}


@pytest.mark.parametrize("name", USELESS)
def test_a_comment_that_allows_nothing_is_an_error(project: MakeProject, run_cli: RunCli, name: str) -> None:
    sql, said = USELESS[name]
    done = run_cli(STATIC, project({**GOOD, "003_c.sql": migration(sql)}, sealed=True).root)
    assert done.returncode == 12
    assert re.search(rf"003_c\.sql:\d: .*{re.escape(said)}.*\[useless-allow\]", done.stderr), done.stderr


def test_a_rule_about_the_file_is_allowed_before_its_first_marker_for_every_command(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    allow = "-- dbmate-wrap: allow version-gap because 002 was withdrawn before it ran anywhere\n"
    folder = project({"001_init.sql": GOOD["001_init.sql"], "003_b.sql": allow + GOOD["002_b.sql"]})
    env = staging(embedded_database)
    for command in (STATIC, ["seal"], ["status", "-e", "staging"], ["plan", "-e", "staging", "--no-shadow"]):
        done = run_cli(command, folder.root, env)
        assert done.returncode == 0, (command, done.stderr)
        assert "version-gap" not in done.stderr
    assert run_cli(["up", "-e", "staging"], folder.root, env).returncode == 0
    assert applied(embedded_database) == ["001", "003"]
    folder.add("003_b.sql", GOOD["002_b.sql"])
    folder.lockfile.write_text("".join(folder.lockfile.read_text().splitlines(keepends=True)[:-1]))
    for command in (STATIC, ["seal"], ["status", "-e", "staging"], ["up", "-e", "staging"]):
        done = run_cli(command, folder.root, env)
        assert (done.returncode, "[version-gap]" in done.stderr) == (12, True), (command, done.stderr)


def test_a_comment_of_a_rule_that_is_off_is_no_fault(project: MakeProject, run_json: RunJson) -> None:
    sql = "-- dbmate-wrap: allow data-write because x\nselect 1;"
    files = {**GOOD, "003_c.sql": migration(sql)}
    folder = project(files, sealed=True, toml='[policy]\ndata-write = "off"\n')
    assert found(run_json(STATIC, folder.root)) == []


# The baseline


def test_the_baseline_is_spared_questions_of_style_but_no_others(
    project: MakeProject, run_json: RunJson
) -> None:
    folder = project({"001_init.sql": migration(f"{STYLE} {WRITE}")}, sealed=True)
    assert found(run_json([*STATIC, "--all"], folder.root)) == ["error data-write 001_init.sql:2"]
    (folder.migrations / "001_init.sql").rename(folder.migrations / "001_first.sql")
    folder.seal()
    rules = {each.split()[1] for each in found(run_json([*STATIC, "--all"], folder.root))}
    assert {"search-path", "unqualified-name", "ownership", "data-write"} <= rules
    assert any(rule.startswith("squawk/") for rule in rules)
    # Only the first of all can be one.
    folder.add("000_x.sql", GOOD["001_init.sql"])
    (folder.migrations / "001_first.sql").rename(folder.migrations / "001_init.sql")
    folder.seal()
    assert "error search-path 001_init.sql:2" in found(run_json(STATIC, folder.root))


# Shapes of files

OUTSIDE = "-- migrate:up transaction:false\ncreate index concurrently i on public.a (i);\n"
SHAPES: dict[str, tuple[str | bytes, list[str]]] = {
    "outside a transaction": (f"{OUTSIDE}-- migrate:down\n", []),
    "two outside": (
        f"{OUTSIDE}create index concurrently j on public.a (i);\n-- migrate:down\n",
        ["error one-statement-outside-transaction 003_c.sql:3"],
    ),
    "inside": (
        migration("create index concurrently i on public.a (i);", "drop index concurrently public.i;"),
        ["error needs-no-transaction 003_c.sql:2", "error needs-no-transaction 003_c.sql:5"],
    ),
    "several sections": (
        migration("select 1;") + migration(WRITE) + migration("select 1;", WRITE),
        ["error data-write 003_c.sql:7", "error data-write 003_c.sql:15"],
    ),
    "a bad down": (
        migration("select 1;", "delete from public.a;"),
        ["error data-write 003_c.sql:5"],
    ),
    "bad down syntax": (
        migration("select 1;", "selec 1;"),
        ["error syntax-error 003_c.sql:5"],
    ),
    "CRLF": (
        migration(f"select 1;\n{WRITE}", "drop tabel x;").replace("\n", "\r\n").encode(),
        ["error data-write 003_c.sql:3", "error syntax-error 003_c.sql:6"],
    ),
    "BOM": (b"\xef\xbb\xbf" + migration(WRITE).encode(), ["error not-utf8 003_c.sql:1"]),
    "empty": ("", ["error missing-up 003_c.sql:1"]),
    "psql": (migration("\\connect other\ninsert into public.a values (1);"), ["psql-command", "data-write"]),
}


@pytest.mark.parametrize("name", SHAPES)
def test_files_of_every_shape_have_findings_where_they_are_wrong(
    project: MakeProject, run_json: RunJson, name: str
) -> None:
    content, expected = SHAPES[name]
    toml = '[policy]\nsquawk = "off"\nunqualified-name = "off"\nunsealed = "off"\n'
    folder = project(GOOD, sealed=True, toml=toml)
    folder.add("003_c.sql", content)
    listed = found(run_json(STATIC, folder.root))
    if name == "psql":
        listed = [each.split()[1] for each in listed]
    assert listed == expected


def test_a_checkout_that_changes_the_ends_of_lines_changes_nothing(
    project: MakeProject, run_cli: RunCli, run_json: RunJson
) -> None:
    folder = project(GOOD)
    assert run_cli(["seal"], folder.root).returncode == 0
    for path in (*folder.migrations.iterdir(), folder.lockfile):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert found(run_json(STATIC, folder.root)) == []


def test_the_caret_is_under_the_statement_of_a_file_with_crlf(project: MakeProject, run_cli: RunCli) -> None:
    files = {**GOOD, "003_c.sql": migration(f"select 1; {WRITE}").replace("\n", "\r\n").encode()}
    shown = run_cli(STATIC, project(files, sealed=True).root).stderr
    assert f"\n    2 | select 1; {WRITE}\n      |           ^\n" in shown


@pytest.mark.parametrize("number", [0, 1])
def test_few_migrations_are_no_fault(project: MakeProject, run_cli: RunCli, number: int) -> None:
    done = run_cli(STATIC, project(dict(list(GOOD.items())[:number]), sealed=True).root)
    assert done.returncode == 0, done.stderr
    assert f"{number} migration{'s' if number == 0 else ''} checked: no errors" in done.stdout


def test_a_missing_folder_is_reported_with_the_command_that_makes_it(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "dbmate-wrap.toml").touch()
    assert_refused(run_cli(["check"], tmp_path), 10, "migrations folder .* does not exist", "dbmate-wrap new")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file_is_named(project: MakeProject, run_cli: RunCli) -> None:
    folder = project(GOOD, sealed=True)
    (folder.migrations / "002_b.sql").chmod(0)
    assert_refused(run_cli(STATIC, folder.root), 10, "002_b.sql cannot be read", "chmod|permission|read")


def test_a_folder_in_place_of_the_lockfile_is_a_broken_one(project: MakeProject, run_cli: RunCli) -> None:
    folder = project(GOOD)
    folder.lockfile.mkdir()
    assert_refused(run_cli(STATIC, folder.root), 13, "lockfile is broken: it cannot be read", "ls -ld")


# What the other commands check


def test_up_and_seal_check_no_sql(project: MakeProject, run_cli: RunCli, embedded_database: Database) -> None:
    folder = project({**GOOD, "003_c.sql": migration(WRITE)})
    sealed = run_cli(["seal"], folder.root)
    assert (sealed.returncode, sealed.stderr) == (0, "")
    done = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    assert done.returncode == 0, done.stderr
    assert "data-write" not in done.stderr
    assert embedded_database.execute("select count(*) from public.a") == [(1,)]
    assert run_cli(STATIC, folder.root).returncode == 12


# How it is reported


def test_what_differs_in_its_file_alone_is_one_line(project: MakeProject, run_cli: RunCli) -> None:
    folder = project(
        {f"00{n}_a.sql": migration(f"create table public.t{n} (i bigint);") for n in range(1, 7)}
    )
    shown = run_cli(STATIC, folder.root).stderr
    assert shown.count("[unsealed]") == 1
    assert "warning: 6 unsealed: 001, 002, 003, 004, 005 and 1 more [unsealed]" in shown
    assert run_cli([*STATIC, "--verbose"], folder.root).stderr.count("is not in the lockfile") == 6
    quiet = run_cli([*STATIC, "--quiet"], folder.root)
    assert (quiet.returncode, quiet.stderr) == (0, "")
    assert "6 migrations checked: no errors, 6 warnings" in quiet.stdout


def test_no_colour_and_no_wide_line_of_ours_without_a_terminal(project: MakeProject, run_cli: RunCli) -> None:
    wide = f"select 1; {WRITE} -- {'x' * 500}"
    done = run_cli(STATIC, project({**GOOD, "003_c.sql": migration(wide)}, sealed=True).root)
    assert "\x1b" not in done.stdout + done.stderr
    assert max(map(len, (done.stdout + done.stderr).splitlines())) <= 90
    frames = [line for line in done.stderr.splitlines() if " | " in line]
    assert frames
    assert max(map(len, frames)) <= 80


@pytest.mark.parametrize("form", ["text", "json", "github", "markdown", "sarif", "junit", "gitlab"])
def test_text_of_a_migration_is_shown_as_it_is_but_no_password(
    form: str, project: MakeProject, run_cli: RunCli
) -> None:
    """Logs of CI are read by more people, and kept elsewhere, than the repository."""
    sql = "create role joe password 'hunter2'; insert into public.a values (1);\nselect 'x' into public.b;"
    root = project({**GOOD, "003_c.sql": migration(sql)}, sealed=True).root
    done = run_cli([*STATIC, "--format", form], root)
    assert "hunter2" not in done.stdout + done.stderr
    if form == "text":
        assert "[literal-password]" in done.stderr
        assert "    2 | create role joe password ***\n" in done.stderr
        assert "    3 | select 'x' into public.b;" in done.stderr


def test_a_reader_that_goes_away_and_a_closed_or_full_stdout_change_no_code(
    project: MakeProject, clean_environment: dict[str, str]
) -> None:
    folder = project({**GOOD, "003_c.sql": migration(WRITE)}, sealed=True)
    env = {**clean_environment, "PYTHONPATH": str(REPOSITORY)}
    check = f"{sys.executable} -m dbmate_wrap check --no-shadow"
    bash = shutil.which("bash")
    assert bash is not None
    ends = {
        f"{check} 2>/dev/null | head -n 1; exit ${{PIPESTATUS[0]}}": 12,
        f"{check} 2>&1 | head -n 1 >/dev/null; exit ${{PIPESTATUS[0]}}": 12,
        f"{check} >&-": 12,
        f"{check} 2>&-": 12,
        f"{check} >/dev/full": 12,
        f"{check} --format json >&- 2>&-": 12,
    }
    for line, code in ends.items():
        done = subprocess.run([bash, "-c", line], cwd=folder.root, env=env, capture_output=True, text=True)
        assert done.returncode == code, (line, done)
        assert "Traceback" not in done.stderr + done.stdout
        assert "Exception ignored" not in done.stderr


def test_the_document_and_the_text_have_the_same_findings(
    project: MakeProject, run_cli: RunCli, run_json: RunJson
) -> None:
    sql = f"{STYLE} {WRITE} selec 1;"
    folder: ProjectFolder = project({"002_a.sql": migration(sql), "01_b.SQL": "", "003_c.sql": "x"})
    listed = found(run_json([*STATIC, "--all"], folder.root))
    done = run_cli([*STATIC, "--all", "--verbose"], folder.root)
    assert_presentable(done)
    shown = re.findall(r"^(error|warning|notice): (\S+?)(?::(\d+))?: .*\[(\S+)\]$", done.stderr, re.MULTILINE)
    assert [
        f"{severity} {rule} {Path(file).name}:{line or None}" for severity, file, line, rule in shown
    ] == listed
    assert len(listed) > 8
