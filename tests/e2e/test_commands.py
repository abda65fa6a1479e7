"""new, seal, check, envs, doctor and the usage of all: what a newcomer types first, and its edges."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from dbmate_wrap.cluster import binaries, features
from dbmate_wrap.commands.new import TEMPLATE
from tests.support.cli import TWO, RunCli, RunJson, assert_presentable, assert_refused, staging
from tests.support.projects import MakeProject, migration
from tests.support.repository import REPOSITORY
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

NAMES = {
    "add_orders": "001_add_orders.sql",
    "Add  Orders!": "001_add_orders.sql",
    "add-orders.sql": "001_add_orders.sql",
    "../../etc/passwd": "001_etc_passwd.sql",
    "a/b": "001_a_b.sql",
    "2nd try": "001_2nd_try.sql",
    "Größe": "001_gr_e.sql",
    "x" * 100: f"001_{'x' * 100}.sql",
}


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_new_makes_a_file_name_of_what_was_typed(project: MakeProject, run_cli: RunCli, name: str) -> None:
    folder = project()
    done = run_cli(["new", name], folder.root)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"db/migrations/{NAMES[name]}\n"
    assert done.stderr == ""
    assert [path.name for path in folder.migrations.iterdir()] == [NAMES[name]]
    assert (folder.migrations / NAMES[name]).read_bytes() == TEMPLATE.encode()


@pytest.mark.parametrize("name", ["", "!!!", "目录", "y" * 101], ids=["empty", "signs", "han", "long"])
def test_new_refuses_what_gives_no_name(project: MakeProject, run_cli: RunCli, name: str) -> None:
    folder = project()
    assert_refused(run_cli(["new", name], folder.root), 2, "letter or digit|100 characters", ".")
    assert list(folder.migrations.iterdir()) == []


def test_new_works_in_an_empty_folder_and_up_finds_it(
    run_cli: RunCli, tmp_path: Path, embedded_database: Database
) -> None:
    root = tmp_path / "empty"
    root.mkdir()
    made = run_cli(["new", "first"], root)
    assert made.stdout == "db/migrations/001_first.sql\n"
    empty = run_cli(["up", "-e", "staging"], root, staging(embedded_database))
    assert_refused(empty, 12, "001_first.sql has no statement after `-- migrate:up`", "write the statements")
    (root / "db/migrations/001_first.sql").write_text(TWO["001_a.sql"])
    done = run_cli(["up", "-e", "staging"], root, staging(embedded_database))
    assert done.returncode == 0, done.stderr


def test_new_counts_on_and_stops_where_dbmate_would_run_it_too_early(
    project: MakeProject, run_cli: RunCli
) -> None:
    folder = project({"009_a.sql": TWO["001_a.sql"]})
    assert run_cli(["new", "b"], folder.root).stdout == "db/migrations/010_b.sql\n"
    folder.add("999_c.sql", TWO["001_a.sql"])
    for numbering in ("sequential", "timestamp"):
        done = run_cli(["new", "d"], folder.root, {"DBMATE_WRAP_NUMBERING": numbering})
        assert_refused(done, 10, "dbmate orders by the text .* would run before 999_c.sql", "migrations_dir")
    assert len(list(folder.migrations.iterdir())) == 3


def test_new_by_time_gives_each_its_own_version(project: MakeProject, run_cli: RunCli) -> None:
    folder = project(toml='numbering = "timestamp"\n')
    made = [run_cli(["new", name], folder.root).stdout for name in ("a", "b", "c")]
    stamps = [re.fullmatch(r"db/migrations/(\d{14})_[abc]\.sql\n", line) for line in made]
    versions = [stamp[1] for stamp in stamps if stamp]
    assert len(versions) == 3, made
    assert versions == sorted(set(versions))
    begun = datetime.strptime(versions[0], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - begun) < timedelta(minutes=5)


def test_new_goes_on_with_times_in_a_folder_of_plain_dbmate(project: MakeProject, run_cli: RunCli) -> None:
    folder = project({"001_a.sql": TWO["001_a.sql"], "20240830075257_b.sql": TWO["001_a.sql"]})
    made = re.fullmatch(r"db/migrations/(\d{14})_c\.sql\n", run_cli(["new", "c"], folder.root).stdout)
    assert made, "numbering is sequential by default"
    assert made[1] > "20260101000000"


def test_new_never_overwrites(project: MakeProject, run_cli: RunCli) -> None:
    folder = project(TWO)
    (folder.migrations / "003_c.sql").mkdir()
    done = run_cli(["new", "c"], folder.root)
    assert done.returncode == 10
    assert_presentable(done)
    assert (folder.migrations / "003_c.sql").is_dir()


def test_seal_appends_once_and_what_is_sealed_stays_as_it_is(project: MakeProject, run_cli: RunCli) -> None:
    folder = project(TWO)
    first = run_cli(["seal"], folder.root)
    assert first.returncode == 0, first.stderr
    assert "2 sealed in db/migrations.lock" in first.stdout
    assert first.stderr == ""
    before = folder.lockfile.read_bytes()
    digest = sha256(TWO["001_a.sql"].encode()).hexdigest()
    assert f"001_a.sql sha256:{digest}\n".encode() in before
    second = run_cli(["seal"], folder.root)
    assert "nothing to seal: 2 sealed" in second.stdout
    assert folder.lockfile.read_bytes() == before
    folder.add("003_c.sql", migration("select 1;"))
    run_cli(["seal"], folder.root)
    assert folder.lockfile.read_bytes().startswith(before)
    folder.add("002_b.sql", migration("select 2;"))
    folder.add("004_d.sql", migration("select 1;"))
    sealed = folder.lockfile.read_bytes()
    refused = run_cli(["seal"], folder.root)
    assert_refused(refused, 13, "002_b.sql was changed after it was sealed", "restore it")
    assert folder.lockfile.read_bytes() == sealed


def test_seal_refuses_bad_files(project: MakeProject, run_cli: RunCli) -> None:
    folder = project({"001_a.sql": "select 1;\n"})
    assert run_cli(["seal"], folder.root).returncode == 12
    assert not folder.lockfile.exists()


def test_check_needs_no_database_and_tells_one_from_many(project: MakeProject, run_cli: RunCli) -> None:
    folder = project({"001_a.sql": TWO["001_a.sql"]}, sealed=True, toml='[policy]\nsquawk = "off"\n')
    nowhere = {"DEV_DATABASE_URL": "postgres://u@nosuch.invalid/d"}
    done = run_cli(["check"], folder.root, nowhere)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\n1 migration checked: no errors\n")
    folder.add("002_b.sql", TWO["002_b.sql"])
    noted = run_cli(["check"], folder.root, nowhere)
    assert noted.returncode == 0, noted.stderr
    assert noted.stdout.endswith("\n2 migrations checked: no errors, 1 warning\n")
    assert "002_b.sql is not in the lockfile [unsealed]" in noted.stderr


def test_a_severity_turns_a_rule_off_or_into_an_error(project: MakeProject, run_cli: RunCli) -> None:
    folder = project({"001_a.sql": TWO["001_a.sql"]}, toml='[policy]\nunsealed = "error"\n')
    assert run_cli(["check"], folder.root).returncode == 13
    (folder.root / "dbmate-wrap.toml").write_text('[policy]\nlockfile = "off"\nsquawk = "off"\n')
    done = run_cli(["check", "--no-shadow"], folder.root)
    assert (done.returncode, done.stderr) == (0, "")


def test_envs_fit_a_matrix_and_run_no_secret_command(project: MakeProject, run_json: RunJson) -> None:
    toml = 'default_environment = "preview"\n[environments.preview]\nurl_command = "touch was-run"\n'
    folder = project(TWO, toml=toml + "[environments.production]\nprotected = false\n")
    document = run_json(["envs"], folder.root, {"STAGING_DATABASE_URL": "postgres://u:secret99@h/d"})
    environments = document["environments"]
    assert isinstance(environments, list)
    assert [row["name"] for row in environments] == ["dev", "test", "staging", "production", "preview"]
    assert [row["name"] for row in environments if row["default"]] == ["preview"]
    assert [row["name"] for row in environments if row["protected"]] == []
    assert environments[2]["url"] == "STAGING_DATABASE_URL in the process environment"
    assert not (folder.root / "was-run").exists()
    assert "secret99" not in str(document)


def test_an_environment_without_url_on_the_embedded_server_says_so(
    project: MakeProject, run_cli: RunCli, run_json: RunJson
) -> None:
    folder = project(TWO)
    rows = run_json(["envs"], folder.root)["environments"]
    assert isinstance(rows, list)
    assert [row["name"] for row in rows if row["embedded"]] == ["dev", "test"]
    assert re.search(r"^test +no +embedded$", run_cli(["envs"], folder.root).stdout, re.MULTILINE)
    assert re.search(r"^url +embedded +default$", run_cli(["doctor"], folder.root).stdout, re.MULTILINE)
    # The bare URL is that of dev, and test must not run elsewhere in silence.
    with_url = {"DATABASE_URL": "postgres://u@h/d"}
    rows = run_json(["envs"], folder.root, with_url)["environments"]
    assert isinstance(rows, list)
    assert not any(row["embedded"] for row in rows)
    assert "embedded" not in run_cli(["envs"], folder.root, with_url).stdout


def test_doctor_with_everything_wrong_still_makes_every_check(
    project: MakeProject, run_cli: RunCli, run_json: RunJson
) -> None:
    toml = 'dbmate_path = "/nosuch/dbmate"\npg_dump_path = "/nosuch/pg_dump"\nmigrations_dir = "nosuch"\n'
    folder = project(toml=toml)
    env = {"STAGING_DATABASE_URL": "postgres://u@127.0.0.1:1/d", "DBMATE_STRICT": "true"}
    document = run_json(["doctor", "-e", "staging"], folder.root, env)
    assert document["exit"] == {"code": 10, "name": "config"}
    checks = document["checks"]
    assert isinstance(checks, list)
    failed = {check["id"]: check for check in checks if check["status"] == "fail"}
    assert sorted(failed) == ["database", "dbmate", "migrations", "pg_dump"]
    assert all(check["hint"] for check in failed.values())
    assert "/nosuch/pg_dump does not run" in failed["pg_dump"]["message"]
    assert any(check["status"] == "warn" and "DBMATE_STRICT" in check["message"] for check in checks)
    text = run_cli(["doctor", "-e", "staging"], folder.root, env)
    assert text.returncode == 10
    assert f"4 of {len(checks)} checks failed" in text.stdout
    assert re.search(r"dbmate_path +/nosuch/dbmate +dbmate-wrap.toml: dbmate_path", text.stdout)
    for check in failed.values():
        assert check["hint"] in text.stdout


def test_doctor_is_not_well_beside_what_up_would_refuse(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder, env = project(TWO, sealed=True), staging(embedded_database)
    words = ["doctor", "-e", "staging"]
    assert run_cli(["up", "-e", "staging"], folder.root, env).returncode == 0
    well = run_cli(words, folder.root, env)
    assert well.returncode == 0, well.stderr
    assert "2 applied, 0 pending in public.schema_migrations" in well.stdout
    assert "2 in db/migrations, 2 sealed" in well.stdout
    embedded_database.execute("insert into public.schema_migrations values ('009')")
    history = run_cli(words, folder.root, env)
    assert history.returncode == 13
    assert "009 (applied, but there is no file)" in history.stdout
    folder.add("003_x.sql", "create table public.x (i int);")
    policy = run_cli(words, folder.root, env)
    assert policy.returncode == 12
    assert "has no `-- migrate:up` line" in policy.stdout


def test_doctor_does_not_start_anything(project: MakeProject, run_cli: RunCli) -> None:
    folder = project(TWO, sealed=True)
    done = run_cli(["doctor"], folder.root)
    assert done.returncode == 0, done.stderr
    assert "not created yet" in done.stdout
    assert "dbmate-wrap db start" in done.stdout
    assert not (folder.root / ".dbmate-wrap").exists()


def test_doctor_lists_the_servers_that_check_could_start(project: MakeProject, run_json: RunJson) -> None:
    """With what the migrations need and it lacks; the one that `auto` takes is named."""
    folder = project({"001_a.sql": migration("create extension nosuch;")}, sealed=True)
    document = run_json(["doctor"], folder.root)
    checks = document["checks"]
    assert isinstance(checks, list)
    listed = [row for row in checks if row["id"] == "shadow-server"]
    servers = [*binaries.servers()]
    assert len(listed) == len(servers)
    for row, server in zip(listed, servers, strict=True):
        message = str(row["message"])
        assert message.startswith(server.title)
        assert ("no ICU" in message) is not features.has_icu(server)
        assert "lacks nosuch, which the migrations need" in message
    first, *others = listed
    assert (first["status"], {row["status"] for row in others}) == ("warn", {"pass"} if others else set())
    assert str(first["message"]).endswith("what `check` takes")
    assert "-nosuch" in str(first["hint"])
    assert not (folder.root / ".dbmate-wrap").exists()


USAGE = {
    "unknown command": (["upp"], "No such command 'upp'"),
    "unknown option": (["up", "--force"], "No such option"),
    "unknown format": (["up", "--format", "xml"], "'xml' is not one of"),
    "no name": (["new"], "Missing argument"),
    "no arguments for exec": (["exec"], "Missing argument"),
    "option without value": (["up", "-e"], "requires an argument"),
    "unknown db command": (["db", "drop"], "No such command 'drop'"),
    "too many arguments": (["status", "staging"], "unexpected extra argument"),
}


@pytest.mark.parametrize("name", USAGE)
def test_wrong_arguments_end_with_two(project: MakeProject, run_cli: RunCli, name: str) -> None:
    args, said = USAGE[name]
    done = run_cli(args, project(TWO).root)
    assert done.returncode == 2
    assert_presentable(done)
    assert said in done.stderr
    assert done.stdout == ""


def test_version_and_help_need_no_project(run_cli: RunCli, tmp_path: Path) -> None:
    version = run_cli(["--version"], tmp_path)
    assert re.fullmatch(r"dbmate-wrap \d+\.\d+\.\d+\S* \(dbmate \d+\.\d+\.\d+\)\n", version.stdout)
    top = run_cli(["-h"], tmp_path)
    assert top.returncode == 0
    names = re.findall(r"^  ([a-z]+) ", top.stdout, re.MULTILINE)
    assert {"up", "status", "new", "check", "seal", "rollback", "doctor", "exec", "db"} <= set(names)
    bare = run_cli([], tmp_path)
    assert bare.returncode == 2
    assert "Usage: dbmate-wrap" in bare.stdout + bare.stderr


@pytest.mark.parametrize(
    "command", ["up", "status", "plan", "new", "exec", "db", "db psql", "db reset"], ids=str
)
def test_help_of_a_command_tells_what_it_does(run_cli: RunCli, tmp_path: Path, command: str) -> None:
    done = run_cli([*command.split(), "--help"], tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: dbmate-wrap {command}")
    assert done.stderr == ""


def test_a_project_is_found_from_within(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    done = run_cli(["status", "-e", "staging"], folder.migrations, staging(embedded_database))
    assert "2 pending" in done.stdout
    nowhere = run_cli(["status", "-C", "nosuch"], folder.root)
    assert_refused(nowhere, 10, "nosuch is not a folder", "name the project's folder")


def test_up_to_and_dry_run_and_the_guard(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    env = {"PRODUCTION_DATABASE_URL": embedded_database.url}
    planned = run_cli(["up", "-e", "production", "--dry-run"], folder.root, env)
    assert planned.returncode == 0, planned.stderr
    assert "2 pending; 2 statements measured on" in planned.stdout
    refused = run_cli(["up", "-e", "production"], folder.root, env)
    assert_refused(refused, 20, "production is protected, and there is no terminal", "--yes")
    done = run_cli(["up", "-e", "production", "--yes", "--to", "001_a.sql"], folder.root, env)
    assert done.returncode == 0, done.stderr
    assert "1 migration applied" in done.stdout
    again = run_cli(["up", "-e", "production", "--to", "1"], folder.root, env)
    assert again.returncode == 0, again.stderr
    assert "nothing is pending up to 1" in again.stdout
    back = run_cli(["rollback", "-e", "production"], folder.root, env)
    assert_refused(back, 20, "rollback is refused on production", "dbmate-wrap new")


def test_explain_works_where_no_other_command_does(project: MakeProject, run_cli: RunCli) -> None:
    folder = project({}, toml="lock_timeout = 'soon'\n")
    assert run_cli(["status"], folder.root).returncode == 10
    for name in ("10", "config", "sealed-too-early"):
        done = run_cli(["explain", name], folder.root)
        assert (done.returncode, done.stderr) == (0, ""), done
        assert done.stdout.startswith("#")
    assert_refused(run_cli(["explain", "partail"], folder.root), 2, "no page", "dbmate-wrap explain partial")


def test_explain_as_a_document_has_the_text_of_every_page(run_json: RunJson, tmp_path: Path) -> None:
    pages = run_json(["explain", "edited"], tmp_path)["pages"]
    assert isinstance(pages, list)
    assert [(page["kind"], page["name"]) for page in pages] == [("rule", "edited"), ("state", "edited")]
    assert all(page["text"].startswith("# edited\n") for page in pages)


def test_the_help_imports_nothing_that_it_does_not_show(
    clean_environment: dict[str, str], tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "dbmate_wrap", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**clean_environment, "PYTHONPATH": str(REPOSITORY)},
    )
    imported = set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert "dbmate_wrap.cli.help" in imported
    late = ("dbmate_wrap.commands", "dbmate_wrap.pages", "dbmate_wrap.policy", "dbmate_wrap.settings.")
    small = {"dbmate_wrap.settings.pydantic_plugins"}
    assert [
        name
        for name in sorted(imported - small)
        if name.startswith((*late, "pydantic", "psycopg", "tomllib"))
    ] == []
