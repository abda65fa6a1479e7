"""amend: a sealed migration that failed in production is mended, and what may not be mended is refused."""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.check_documents import status
from tests.support.cli import CliResult, Document, RunCli, RunJson, applied, assert_refused, tables
from tests.support.projects import ProjectFolder, migration
from tests.support.repository_clones import cloned, commit, git
from tests.support.servers import Database, Server

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
]
A = migration("create table public.a (i bigint);", "drop table public.a;")
B = "002_b.sql"
FILE = f"db/migrations/{B}"
DOWN = "alter table public.a alter column i drop not null;"
# Rows with null are what only production has.
FORMER = migration("alter table public.a alter column i set not null;", DOWN)
MENDED = migration(
    "-- dbmate-wrap: allow data-write because rows of before have none\n"
    "update public.a set i = 0 where i is null;\n"
    "alter table public.a alter column i set not null;",
    DOWN,
)
OTHER_SCHEMA = migration("alter table public.a add column j bigint;", "alter table public.a drop column j;")
AMEND = ["amend", FILE, "--because", "old rows have no i"]


@dataclass(frozen=True)
class Places:
    """A clone with a branch of its own, and the databases of dev, staging and production."""

    mine: ProjectFolder
    dev: Database
    staging: Database
    production: Database
    env: Mapping[str, str]

    def edit(self, text: str = MENDED) -> None:
        self.mine.add(B, text)

    def line(self) -> str:
        """The line of the migration in the lockfile."""
        [line] = [each for each in self.mine.lockfile.read_text().splitlines() if each.startswith(B)]
        return line


@pytest.fixture
def places(tmp_path: Path, embedded: Server) -> Iterator[Places]:
    """002 is merged, applied in staging, and has failed in production, where a row is in its way."""
    main = ProjectFolder(tmp_path / "main")
    main.migrations.mkdir(parents=True)
    git(main.root, "init", "--quiet", "--initial-branch=main")
    (main.root / "dbmate-wrap.toml").write_text('[policy]\nsquawk = "off"\n')
    (main.root / ".gitignore").write_text(".dbmate-wrap\n")
    commit(main, {"001_init.sql": A, B: FORMER})
    mine = cloned(main)
    git(mine.root, "switch", "--quiet", "--create", "mend")
    new = embedded.new_database
    with new() as dev, new() as staging, new() as production:
        databases = {"DEV": dev, "STAGING": staging, "PRODUCTION": production}
        env = {f"{name}_DATABASE_URL": database.url for name, database in databases.items()}
        yield Places(mine, dev, staging, production, env)


def fail_in_production(places: Places, run_cli: RunCli) -> CliResult:
    root, env = places.mine.root, places.env
    assert run_cli(["up", "-e", "staging"], root, env).returncode == 0
    assert run_cli(["up", "-e", "production", "--yes", "--to", "001"], root, env).returncode == 0
    places.production.execute("insert into public.a values (null)")
    return run_cli(["up", "-e", "production", "--yes"], root, env)


def test_a_migration_that_failed_in_production_is_mended_and_deployed(
    places: Places, run_cli: RunCli, run_json: RunJson
) -> None:
    root, env = places.mine.root, places.env
    failed = fail_in_production(places, run_cli)
    assert_refused(failed, 30, "contains null values", f"dbmate-wrap amend {B} --because TEXT")
    former = places.line()
    places.edit()
    assert_refused(run_cli(["check"], root), 13, f"{B} was changed", f"dbmate-wrap amend {B} --because TEXT")
    edited = run_cli(["up", "-e", "production", "--yes"], root, env)
    assert_refused(edited, 13, f"{B} was changed after it was sealed", f"dbmate-wrap amend {B}")
    done = run_cli(AMEND, root, env)
    assert done.returncode == 0, done.stderr
    assert re.search(rf"applied-in +pass +production: {B} is not applied", done.stdout)
    assert re.search(r"shadow +pass +both texts make the same schema on embedded PostgreSQL", done.stdout)
    assert re.fullmatch(rf"{B} sha256:[0-9a-f]{{64}} was {former.split()[1]}", places.line())
    assert f"# amended {B}: old rows have no i\n{places.line()}\n" in places.mine.lockfile.read_text()
    commit(places.mine, {}, seal=False)
    checked = run_cli(["check"], root)
    assert checked.returncode == 0, checked.stderr
    assert f"compared with origin/main: 0 new, 1 amended ({B})" in checked.stdout
    assert run_cli(["up", "-e", "production", "--yes"], root, env).returncode == 0
    assert applied(places.production) == ["001", "002"]
    assert places.production.execute("select i from public.a") == [(0,)]
    again = run_cli(["up", "-e", "staging"], root, env)
    assert (again.returncode, applied(places.staging)) == (0, ["001", "002"])
    assert states(run_json(["status", "-e", "staging"], root, env)) == ["applied", "applied (former text)"]
    assert states(run_json(["status", "-e", "production"], root, env)) == ["applied", "applied"]
    shown = run_cli(["status", "-e", "staging"], root, env)
    assert re.search(rf"002 +{B} +applied \(former text\)", shown.stdout)
    assert "1 applied, 1 applied (former text)" in shown.stdout
    matrix = run_cli(["status", "--all"], root, env).stdout
    assert re.search(rf"^{B} .*applied \(former text\) +applied$", matrix, re.MULTILINE)


def states(document: Document) -> list[str]:
    """The states of all migrations."""
    assert document["exit"] == {"code": 0, "name": "ok"}
    rows = document["migrations"]
    assert isinstance(rows, list)
    return [row["state"] for row in rows]


def test_what_production_has_applied_is_refused(places: Places, run_cli: RunCli) -> None:
    root, env = places.mine.root, places.env
    assert run_cli(["up", "-e", "production", "--yes"], root, env).returncode == 0
    before = places.mine.lockfile.read_bytes()
    places.edit()
    # That it was named does not matter: it was asked.
    done = run_cli([*AMEND, "--not-applied-in", "production"], root, env)
    assert_refused(done, 20, f"{B} is applied in production", f"git checkout -- {FILE}; .*dbmate-wrap new")
    assert places.mine.lockfile.read_bytes() == before


def test_a_production_that_cannot_be_asked_must_be_named(places: Places, run_cli: RunCli) -> None:
    places.edit()
    before = places.mine.lockfile.read_bytes()
    for env in ({}, {"PRODUCTION_DATABASE_URL": "postgres://u@127.0.0.1:1/x?sslmode=require"}):
        done = run_cli(AMEND, places.mine.root, env)
        assert_refused(done, 21, f"production could not be asked whether {B}", "--not-applied-in production")
        assert places.mine.lockfile.read_bytes() == before
    done = run_cli([*AMEND, "--not-applied-in", "production"], places.mine.root)
    assert done.returncode == 0, done.stderr
    assert re.search(r"applied-in +skip +production: could not be asked about .*; you say", done.stdout)


def test_the_database_of_an_environment_does_not_speak_for_its_fleet(places: Places, run_cli: RunCli) -> None:
    root, env = places.mine.root, places.env
    toml = root / "dbmate-wrap.toml"
    toml.write_text(f"{toml.read_text()}[fleets.crm]\ntargets = 'targets.csv'\n")
    assert run_cli(["up", "-e", "production", "--yes", "--to", "001"], root, env).returncode == 0
    places.edit()
    done = run_cli(AMEND, root, env)
    what = f"production could not be asked whether {B} is applied there: its fleet crm was not asked"
    assert_refused(done, 21, what, "fleet status crm; or, .* --not-applied-in production")
    done = run_cli([*AMEND, "--not-applied-in", "production"], root, env)
    assert done.returncode == 0, done.stderr


def test_the_database_of_another_environment_is_no_answer(places: Places, run_cli: RunCli) -> None:
    root = places.mine.root
    assert run_cli(["up", "-e", "staging", "--to", "001"], root, places.env).returncode == 0
    places.edit()
    done = run_cli(AMEND, root, {"PRODUCTION_DATABASE_URL": places.staging.url})
    assert_refused(done, 21, "production could not be asked .* staging", "--not-applied-in production")


def test_another_schema_is_refused_with_the_difference(places: Places, run_cli: RunCli) -> None:
    before = places.mine.lockfile.read_bytes()
    places.edit(OTHER_SCHEMA)
    done = run_cli(AMEND, places.mine.root, places.env)
    assert_refused(done, 20, f"{B} makes another schema .*column public.a.j", "dbmate-wrap new NAME")
    more = [("grant select on public.a to public", "public.a"), ("create role amend_reader", "amend_reader")]
    for statement, named in more:
        places.edit(FORMER.replace("-- migrate:down", f"{statement};\n\n-- migrate:down"))
        done = run_cli(AMEND, places.mine.root, places.env)
        assert_refused(done, 20, f"{B} makes another schema .*{named}", "dbmate-wrap new NAME")
    assert places.mine.lockfile.read_bytes() == before


def test_another_owner_is_another_schema_although_the_shadow_server_has_neither(
    places: Places, run_cli: RunCli
) -> None:
    text = "create table public.x (i int);\nalter table public.x owner to {};"
    commit(places.mine, {B: migration(text.format("app"))})
    git(places.mine.root, "update-ref", "refs/remotes/origin/main", "HEAD")
    places.edit(migration(text.format("other")))
    done = run_cli(AMEND, places.mine.root, places.env)
    assert_refused(done, 20, f"{B} makes another schema .*the owners of objects", "dbmate-wrap new NAME")
    places.edit(migration(f"{text.format('app')}\ngrant select on public.x to reader;"))
    done = run_cli(AMEND, places.mine.root, places.env)
    assert_refused(
        done, 20, f"{B} makes another schema than its former text: otherwise .*public.x", "new NAME"
    )
    assert "role reader" not in done.stderr
    places.edit(migration(f"-- Better.\n{text.format('app')}"))
    done = run_cli(AMEND, places.mine.root, places.env)
    assert done.returncode == 0, done.stderr


def test_a_former_text_that_the_shadow_server_cannot_run_proves_nothing(
    places: Places, run_cli: RunCli
) -> None:
    commit(places.mine, {B: migration("create extension pgcrypto;")})
    git(places.mine.root, "update-ref", "refs/remotes/origin/main", "HEAD")
    before = places.mine.lockfile.read_bytes()
    places.edit(OTHER_SCHEMA)
    done = run_cli(AMEND, places.mine.root, places.env)
    assert_refused(done, 22, f"{B} creates what the shadow server .* pgcrypto", "three ways out")
    assert places.mine.lockfile.read_bytes() == before


def test_a_new_text_that_fails_on_the_shadow_is_refused(places: Places, run_cli: RunCli) -> None:
    before = places.mine.lockfile.read_bytes()
    places.edit(migration("alter table public.nosuch add column j bigint;"))
    done = run_cli(AMEND, places.mine.root, places.env)
    assert_refused(done, 30, f"{FILE}.* does not exist", "nothing shared was touched")
    assert places.mine.lockfile.read_bytes() == before


def test_a_former_text_that_fails_everywhere_may_be_replaced_by_another_schema(
    places: Places, run_cli: RunCli
) -> None:
    wrong = migration("alter table public.nosuch add column j bigint;")
    commit(places.mine, {B: wrong})
    git(places.mine.root, "update-ref", "refs/remotes/origin/main", "HEAD")
    places.edit(OTHER_SCHEMA)
    done = run_cli(AMEND, places.mine.root, places.env)
    assert done.returncode == 0, done.stderr
    assert re.search(r"shadow +pass +the former text cannot be applied there .* either", done.stdout)
    assert run_cli(["check"], places.mine.root).returncode == 0


def test_what_was_sealed_too_early_may_make_another_schema(
    places: Places, run_cli: RunCli, run_json: RunJson
) -> None:
    root, name = places.mine.root, "003_c.sql"
    commit(places.mine, {name: migration("create table public.c (i bigint);", "drop table public.c;")})
    assert run_cli(["up"], root, places.env).returncode == 0
    places.mine.add(name, migration("create table public.d (i bigint);", "drop table public.d;"))
    assert_refused(run_cli(["up"], root, places.env), 13, f"{name} was changed", f"dbmate-wrap amend {name}")
    amend = ["amend", name, "--because", "a better name"]
    done = run_cli(amend, root, {"PRODUCTION_DATABASE_URL": places.production.url})
    assert_refused(done, 20, f"{name} makes another schema", "--not-applied-in staging")
    done = run_cli(amend, root, places.env)
    assert done.returncode == 0, done.stderr
    assert re.search(rf"shadow +skip +not replayed: {name} is not in origin/main yet", done.stdout)
    assert re.search(rf"^{name} sha256:\S+ was sha256:\S+$", places.mine.lockfile.read_text(), re.MULTILINE)
    commit(places.mine, {}, seal=False)
    assert run_cli(["check"], root).returncode == 0
    # Development, as the output says.
    assert "dbmate-wrap redo" in done.stdout
    assert states(run_json(["status"], root, places.env)) == ["applied", "applied", "applied (former text)"]
    assert run_cli(["redo"], root, places.env).returncode == 0
    assert states(run_json(["status"], root, places.env)) == ["applied", "applied", "applied"]
    assert tables(places.dev) == ["a", "d", "schema_migrations"]


def test_what_staging_has_applied_is_not_sealed_too_early(places: Places, run_cli: RunCli) -> None:
    root, name = places.mine.root, "003_c.sql"
    commit(places.mine, {name: migration("create table public.c (i bigint);", "drop table public.c;")})
    assert run_cli(["up", "-e", "staging"], root, places.env).returncode == 0
    places.mine.add(name, migration("create table public.d (i bigint);", "drop table public.d;"))
    done = run_cli(["amend", name, "--because", "a better name"], root, places.env)
    assert_refused(done, 20, f"{name} makes another schema than its former text: also table public.d", "new")


@pytest.mark.parametrize(
    ("args", "edited", "message", "hint"),
    [
        (["amend", B, "--because", "x"], False, f"{B} is as it was sealed", "edit db/migrations/002_b.sql"),
        (["amend", B, "--because", "  "], True, "--because is empty", "why"),
        (["amend", B, "--because", "a\x1b[31mb"], True, "cannot be printed", "why"),
        (["amend", B], True, "Missing option '--because'", ""),
        (["amend", "009_x.sql", "--because", "x"], True, "there is no such migration", B),
        (["amend", "003_c.sql", "--because", "x"], True, "003_c.sql is not sealed", "dbmate-wrap seal"),
    ],
)
def test_wrong_command_lines(
    args: list[str], edited: bool, message: str, hint: str, places: Places, run_cli: RunCli
) -> None:
    before = places.mine.lockfile.read_bytes()
    if edited:
        places.edit()
    places.mine.add("003_c.sql", migration("create table public.c (i bigint);"))
    done = run_cli(args, places.mine.root, places.env)
    assert done.returncode == 2
    assert message in done.stderr
    assert hint in done.stderr
    assert places.mine.lockfile.read_bytes() == before


def test_an_unknown_environment_is_named_with_the_nearest(places: Places, run_cli: RunCli) -> None:
    places.edit()
    done = run_cli([*AMEND, "--not-applied-in", "prodution"], places.mine.root, places.env)
    assert_refused(done, 10, "prodution", "production")


def test_a_sealed_text_that_git_does_not_have_is_told(places: Places, run_cli: RunCli) -> None:
    root, env = places.mine.root, places.env
    assert run_cli(["up", "-e", "staging"], root, env).returncode == 0
    shutil.rmtree(root / ".git")
    places.edit()
    assert_refused(run_cli(AMEND, root, env), 10, "not in a git repository", "clone")
    git(root, "init", "--quiet")
    done = run_cli(AMEND, root, env)
    assert_refused(done, 13, f"git has no commit with the sealed text of {B}", "git add")
    places.edit(FORMER)
    git(root, "add", FILE)
    places.edit()
    assert run_cli(AMEND, root, env).returncode == 0


def test_without_a_remote_nothing_is_merged(places: Places, run_cli: RunCli) -> None:
    root = places.mine.root
    shutil.rmtree(root / ".git")
    places.edit(OTHER_SCHEMA)
    done = run_cli(AMEND, root, places.env)
    assert done.returncode == 0, done.stderr
    assert re.search(r"shadow +skip +not replayed: there is no remote", done.stdout)


def test_a_remote_whose_main_branch_is_not_known_here_may_have_merged_it(
    places: Places, run_cli: RunCli
) -> None:
    git(places.mine.root, "update-ref", "-d", "refs/remotes/origin/main")
    places.edit(OTHER_SCHEMA)
    done = run_cli(AMEND, places.mine.root, places.env)
    assert_refused(done, 20, f"{B} makes another schema", "dbmate-wrap new")


def test_the_baseline_is_a_migration_like_any_other(places: Places, run_cli: RunCli) -> None:
    name = "001_init.sql"
    places.mine.add(name, A.replace("create table", "-- the first\ncreate table"))
    amend = ["amend", name, "--because", "a comment"]
    assert run_cli(amend, places.mine.root, places.env).returncode == 0
    places.mine.add(name, A)
    git(places.mine.root, "checkout", "--", ".")
    assert run_cli(["up", "-e", "production", "--yes"], places.mine.root, places.env).returncode == 0
    places.mine.add(name, A.replace("create table", "-- the first\ncreate table"))
    done = run_cli(amend, places.mine.root, places.env)
    assert_refused(done, 20, f"{name} is applied in production", "dbmate-wrap new")


def test_two_that_failed_are_amended_one_after_the_other(places: Places, run_cli: RunCli) -> None:
    root, name = places.mine.root, "001_init.sql"
    places.edit()
    places.mine.add(name, A.replace("create table", "-- the first\ncreate table"))
    assert run_cli(AMEND, root, places.env).returncode == 0
    assert_refused(run_cli(["check"], root), 13, f"{name} was changed", f"dbmate-wrap amend {name}")
    assert run_cli(["amend", "1", "--because", "both", "-e", "production"], root, places.env).returncode == 0
    assert run_cli(["check"], root).returncode == 0


def test_it_is_amended_twice_and_back_again(places: Places, run_cli: RunCli, run_json: RunJson) -> None:
    root = places.mine.root
    first = places.line().split()[1]
    places.edit()
    assert run_cli(AMEND, root, places.env).returncode == 0
    second = places.line().split()[1]
    # Nothing was committed in between.
    places.edit(MENDED.replace("i = 0", "i = 1"))
    document = run_json(["amend", "2", "--because", "another\nvalue"], root, places.env)
    assert status(document) == {"applied-in": "pass", "shadow": "pass"}
    third = places.line().split()[1]
    assert places.line() == f"{B} {third} was {first} was {second}"
    assert f"i\n# amended {B}: another value\n{B}" in places.mine.lockfile.read_text()
    places.edit(OTHER_SCHEMA)
    assert_refused(run_cli(AMEND, root, places.env), 20, f"{B} makes another schema", "dbmate-wrap new")
    places.edit(FORMER)
    assert run_cli(AMEND, root, places.env).returncode == 0
    assert places.line() == f"{B} {first} was {second} was {third}"
    commit(places.mine, {}, seal=False)
    assert run_cli(["check"], root).returncode == 0


def test_lines_that_a_union_merge_kept_twice_are_told(places: Places, run_cli: RunCli) -> None:
    former = places.line()
    places.edit()
    assert run_cli(AMEND, places.mine.root, places.env).returncode == 0
    with places.mine.lockfile.open("a") as file:
        file.write(f"{former}\n")
    done = run_cli(["status"], places.mine.root)
    assert_refused(done, 13, f"{B} is there twice", "keep the line with `was` and the comment above it")
