"""A branch that is not merged yet runs no program and reads no file where it is checked."""

import os
import re
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.cli import RunCli, assert_presentable, assert_refused
from tests.support.projects import MakeProject, migration
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

FIRST = {"001_a.sql": migration("create table public.a (i int);", "drop table public.a;")}
PLAIN = "copy public.a from program 'echo 1; touch {made}';"
HIDDEN = "do $$ begin execute 'copy public.a from pro' || 'gram ''touch {made}'''; end $$;"


@pytest.mark.parametrize("attack", [PLAIN, HIDDEN], ids=["plain", "hidden"])
def test_a_program_is_refused_and_not_run(
    project: MakeProject, run_cli: RunCli, tmp_path: Path, attack: str
) -> None:
    tmp_path.chmod(0o777)
    made = tmp_path / "made"
    allowed = "-- dbmate-wrap: allow data-write because it is an attack\n"
    folder = project({**FIRST, "002_b.sql": migration(allowed + attack.format(made=made))}, sealed=True)
    done = run_cli(["check"], folder.root)
    assert_refused(done, 22, r"002_b\.sql needs rights that the replay's role", "shadow_superuser = true")
    assert not made.exists()


# What every attack has: a folder of the machine that no branch may reach into, and a port that nobody calls.
CODE = ["envs", "doctor", "status", "plan", "check", "seal", "new"]
ALLOWED = dict.fromkeys(CODE, 0)
REFUSED = dict.fromkeys(CODE, 10)
SECRET = "S3CR3T of the machine"


@dataclass(frozen=True)
class Attack:
    """What a branch writes, with {out}, {port} and {touch} put in, and the exit codes that then come.

    `links` are from name to target.
    """

    codes: Mapping[str, int]
    says: str
    toml: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    own_url: bool = False


def codes(**others: int) -> dict[str, int]:
    return {**ALLOWED, **others}


NEEDS_URL = codes(doctor=10, status=10, plan=10)
STAGING = "[environments.staging]\n"
ATTACKS: Mapping[str, Attack] = {
    "url_command": Attack(
        NEEDS_URL, "url_command: is not what the base", f'{STAGING}url_command = "{{touch}}"\n'
    ),
    "url_command, of the branch's script": Attack(
        NEEDS_URL,
        "url_command: is not what the base",
        f'{STAGING}url_command = "scripts/url"\n',
        {"scripts/url": "#!/bin/sh\n{touch}\n"},
    ),
    "a script of the base's url_command": Attack(
        NEEDS_URL,
        r"runs base/url, which is a file of the checkout",
        "[environments.staging]\nurl_command = 'sh base/url'\n",
        {"base/url": "#!/bin/sh\n{touch}\n"},
    ),
    "url_file": Attack(NEEDS_URL, "url_file: is not what the base", f'{STAGING}url_file = "{{out}}/url"\n'),
    "the file of the base's url_file": Attack(
        NEEDS_URL,
        "leads to url, which the branch wrote",
        "[environments.staging]\nurl_file = 'secrets/url'\n",
        {"secrets/url": "postgres://u@127.0.0.1:{port}/a"},
    ),
    ".env.staging": Attack(
        NEEDS_URL,
        r"STAGING_DATABASE_URL in \.env\.staging line 1: is not what the base",
        files={".env.staging": "STAGING_DATABASE_URL=postgres://u@127.0.0.1:{port}/a\n"},
    ),
    ".env": Attack(
        NEEDS_URL,
        r"STAGING_DATABASE_URL in \.env line 2: is not what the base",
        files={".env": "\nSTAGING_DATABASE_URL=postgres://u@127.0.0.1:{port}/a\n"},
    ),
    ".env, a link": Attack(REFUSED, r"\.env: leads out of the repository", links={".env": "{out}/secret"}),
    "dbmate_path": Attack(
        codes(doctor=10, check=10, plan=10),
        "dbmate_path: is not what the base",
        'dbmate_path = "scripts/program"\n',
        {"scripts/program": "#!/bin/sh\n{touch}\n"},
        own_url=True,
    ),
    "the program of the base's pg_dump_path": Attack(
        codes(doctor=10, check=10),
        "leads to a file that the branch wrote",
        "pg_dump_path = 'base/pg_dump'\n",
        {"base/pg_dump": "#!/bin/sh\n{touch}\n"},
        own_url=True,
    ),
    "pg_dump_path": Attack(
        codes(doctor=10, check=10),
        "pg_dump_path: is not what the base",
        'pg_dump_path = "scripts/program"\n',
        {"scripts/program": "#!/bin/sh\n{touch}\n"},
        own_url=True,
    ),
    "shadow_url": Attack(
        codes(check=10),
        "shadow_url: is not what the base",
        'shadow = "url"\nshadow_url = "postgres://u@127.0.0.1:{port}/a"\n',
        own_url=True,
    ),
    "migrations_dir": Attack(
        REFUSED, "migrations_dir: migrations_dir leads out", 'migrations_dir = "{out}/sql"\n'
    ),
    "migrations_dir, a link": Attack(
        REFUSED, "migrations_dir leads out", 'migrations_dir = "sql"\n', links={"sql": "{out}/sql"}
    ),
    "migrations_dir, a link of a link": Attack(
        REFUSED, "migrations_dir leads out", 'migrations_dir = "a/sql"\n', links={"a": "b", "b": "{out}"}
    ),
    "lockfile": Attack(REFUSED, "lockfile leads out", 'lockfile = "{out}/secret"\n'),
    "lockfile, a link": Attack(
        REFUSED, r"migrations\.lock: lockfile leads out", links={"db/migrations.lock": "{out}/new"}
    ),
    "schema_file": Attack(REFUSED, "schema_file leads out", 'schema_file = "../out/secret"\n'),
    "schema_file, a link into .git": Attack(
        REFUSED, r"schema\.sql: schema_file leads into \.git", links={"db/schema.sql": "../.git/config"}
    ),
    "schema_file, a file of the pipeline": Attack(
        REFUSED, "schema_file leads to a file that is not of the repository", 'schema_file = "credentials"\n'
    ),
    "shadow_setup": Attack(
        REFUSED, "shadow_setup leads into .git", 'shadow_setup = ".git/config"\n', own_url=True
    ),
    "the settings, a link": Attack(
        REFUSED, r"dbmate-wrap\.toml: leads out", links={"dbmate-wrap.toml": "{out}/secret"}
    ),
    "other settings, a link": Attack(
        REFUSED, r"pyproject\.toml: leads out", links={"pyproject.toml": "{out}/secret"}
    ),
    "the data of a server": Attack(
        REFUSED,
        r"\.dbmate-wrap: is in the repository",
        files={
            ".dbmate-wrap/postgres/data/PG_VERSION": "18\n",
            ".dbmate-wrap/postgres/data/postgresql.conf": "archive_command = '{touch}'\n",
        },
    ),
    "the local folder, a link": Attack(
        REFUSED, r"\.dbmate-wrap: is in the repository", links={".dbmate-wrap": "{out}"}
    ),
    "links to themselves": Attack(
        REFUSED,
        "cannot be read: Too many levels of symbolic links",
        links={".env": ".env", "db/schema.sql": "schema.sql", "setup.sql": "setup.sql"},
        toml='shadow_setup = "setup.sql"\n',
    ),
    "a repository": Attack(
        codes(check=10),
        "would take .* for a repository of its own",
        files={
            "db/HEAD": "ref: refs/heads/main\n",
            "db/config": "[core]\n\tbare = true\n\tfsmonitor = {touch}\n",
            "db/objects/x": "",
            "db/refs/x": "",
        },
        own_url=True,
    ),
    "attributes": Attack(
        ALLOWED, "", files={".gitattributes": "* filter=planted diff=planted\n"}, own_url=True
    ),
}
BASE = {
    "dbmate-wrap.toml": "lock_retries = 3\n",
    "base/url": "#!/bin/sh\nexit 1\n",
    "base/pg_dump": "#!/bin/sh\nexit 1\n",
    "secrets/url": "postgres://u@127.0.0.1:1/a",
    "db/migrations/001_a.sql": FIRST["001_a.sql"],
}


def git(folder: Path, *args: str) -> str:
    """Run git as somebody, apart from this machine's configuration."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    env |= dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "tests")
    env |= dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "tests@example.org")
    done = subprocess.run(
        ["git", *args], cwd=folder, env=env, check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip()


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)


def commit(folder: Path) -> None:
    git(folder, "add", "--all", "--force", ".")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "a change")


@dataclass(frozen=True)
class PullRequestCheckout:
    """The checkout of a pull request in `root`, whose base is origin/main; `out` lies outside of it."""

    root: Path
    out: Path
    port: int
    made: Path

    def fill(self, text: str) -> str:
        return (
            text.replace("{out}", str(self.out))
            .replace("{port}", str(self.port))
            .replace("{touch}", f"touch {self.made}")
        )


@pytest.fixture
def calls() -> Iterator[socket.socket]:
    """A port on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


MakePullRequest = Callable[..., PullRequestCheckout]


@pytest.fixture
def pull_request(tmp_path: Path, calls: socket.socket) -> MakePullRequest:
    """Makes a checkout: `pull_request(base={...}, branch={...}, links={...})`."""

    def make(
        base: Mapping[str, str], branch: Mapping[str, str], links: Mapping[str, str]
    ) -> PullRequestCheckout:
        here = PullRequestCheckout(
            tmp_path / "work", tmp_path / "out", calls.getsockname()[1], tmp_path / "made"
        )
        write(
            here.out,
            {
                "secret": f"{SECRET}\n",
                "url": f"postgres://u:{SECRET}@127.0.0.1:{here.port}/a\n",
                "sql/001_a.sql": f"-- migrate:up\n{SECRET};\n",
            },
        )
        remote = tmp_path / "remote"
        write(remote, {name: here.fill(text) for name, text in base.items()})
        git(remote, "init", "--quiet", "--initial-branch=main")
        commit(remote)
        git(tmp_path, "clone", "--quiet", str(remote), str(here.root))
        git(here.root, "switch", "--quiet", "--create", "branch")
        # The machine's own configuration, which a branch cannot write: it may only choose from it.
        for key in ("filter.planted.clean", "filter.planted.smudge", "diff.planted.textconv"):
            git(here.root, "config", key, here.fill("{touch}"))
        write(here.root, {name: here.fill(text) for name, text in branch.items()})
        for name, target in links.items():
            (here.root / name).unlink(missing_ok=True)
            (here.root / name).symlink_to(here.fill(target))
        for key in ("clean", "smudge"):
            git(here.root, "config", f"filter.planted.{key}", "cat")
        commit(here.root)
        for key in ("clean", "smudge"):
            git(here.root, "config", f"filter.planted.{key}", here.fill("{touch}"))
        (here.root / "credentials").write_text(f"{SECRET}\n")
        here.made.unlink(missing_ok=True)
        return here

    return make


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_that_a_branch_wrote_starts_reads_or_calls_anything(
    name: str,
    pull_request: MakePullRequest,
    calls: socket.socket,
    run_cli: RunCli,
    embedded_database: Database,
) -> None:
    attack = ATTACKS[name]
    of_base = name.startswith(("a script of", "the file of", "the program of"))
    toml = {"dbmate-wrap.toml": attack.toml} if attack.toml else {}
    base, branch = (toml, {}) if of_base else ({}, toml)
    branch = {**branch, **attack.files, "db/migrations/002_b.sql": migration("select 1;")}
    here = pull_request({**BASE, **base}, branch, attack.links)
    before = contents(here.out)
    env = {"GITHUB_BASE_REF": "main"}
    if attack.own_url:
        env["STAGING_DATABASE_URL"] = embedded_database.url
    said = ""
    for command in CODE:
        # Where nothing is refused, the replay is not what is tried.
        more = ["c"] * (command == "new") + ["--no-shadow"] * (
            command == "check" and not attack.codes[command]
        )
        done = run_cli([command, *more, "-e", "staging"], here.root, env)
        assert done.returncode == attack.codes[command], (command, done)
        assert SECRET not in done.stdout + done.stderr
        if done.returncode:
            said += done.stdout + done.stderr
            assert_presentable(done)
        assert not here.made.exists(), command
    assert re.search(attack.says, said), said
    assert contents(here.out) == before
    with pytest.raises(BlockingIOError):
        calls.accept()


Prepare = Callable[[PullRequestCheckout, str], Mapping[str, str]]


def of_pipeline(here: PullRequestCheckout, url: str) -> Mapping[str, str]:
    return {"DBMATE_WRAP_URL_COMMAND": f"echo {url}", "DBMATE_WRAP_ENV": "staging"}


def file_of_pipeline(here: PullRequestCheckout, url: str) -> Mapping[str, str]:
    (here.root / ".env.staging").write_text(f"DATABASE_URL={url}\n")
    return {}


def of_base(here: PullRequestCheckout, url: str) -> Mapping[str, str]:
    (here.out / "url").write_text(f"{url}\n")
    return {}


def of_a_push(here: PullRequestCheckout, url: str) -> Mapping[str, str]:
    return {**of_base(here, url), "GITHUB_BASE_REF": "", "GITHUB_EVENT_NAME": "push", "CI": "true"}


def of_a_merge_request(here: PullRequestCheckout, url: str) -> Mapping[str, str]:
    # GitLab fetches no branch but this one.
    base = git(here.root, "rev-parse", "origin/main")
    git(here.root, "remote", "remove", "origin")
    variables = {"CI_MERGE_REQUEST_IID": "1", "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
    return {**of_base(here, url), **variables, "GITHUB_BASE_REF": ""}


def of_a_developer(here: PullRequestCheckout, url: str) -> Mapping[str, str]:
    return {**of_base(here, url), "GITHUB_BASE_REF": ""}


def of_a_trusted_branch(here: PullRequestCheckout, url: str) -> Mapping[str, str]:
    return {**of_base(here, url), "DBMATE_WRAP_BRANCH": "trusted"}


# What is in the base, what the branch adds, what the pipeline does.
READS = f'{STAGING}url_command = "cat {{out}}/url"\n'
SCRIPT = f'{STAGING}url_command = "sh scripts/url"\n'
CAT = {"scripts/url": "cat {out}/url"}
STILL_RUNS: Mapping[str, tuple[Mapping[str, str | None], Mapping[str, str], Prepare]] = {
    "a command of the pipeline": ({}, {"dbmate-wrap.toml": "lock_retries = 4\n"}, of_pipeline),
    "a .env file of the pipeline": ({}, {}, file_of_pipeline),
    "a command of the base": (
        {"dbmate-wrap.toml": READS},
        {"dbmate-wrap.toml": f"lock_retries = 4\n{READS}"},
        of_base,
    ),
    "a command of the base, from the other file": (
        {"pyproject.toml": READS.replace("[", "[tool.dbmate-wrap."), "dbmate-wrap.toml": None},
        {"dbmate-wrap.toml": READS},
        of_base,
    ),
    "a file of the base": (
        {"dbmate-wrap.toml": f'{STAGING}url_file = "{{out}}/url"\n'},
        {"x": ""},
        of_base,
    ),
    "a merge request": ({"dbmate-wrap.toml": READS}, {"x": ""}, of_a_merge_request),
    "a push": ({}, {"dbmate-wrap.toml": SCRIPT, **CAT}, of_a_push),
    "a developer's own branch": ({}, {"dbmate-wrap.toml": SCRIPT, **CAT}, of_a_developer),
    "a branch that the pipeline trusts": ({}, {"dbmate-wrap.toml": SCRIPT, **CAT}, of_a_trusted_branch),
}


@pytest.mark.parametrize("name", STILL_RUNS)
def test_what_a_pipeline_or_the_base_says_is_used_and_so_is_a_developers_branch(
    name: str, pull_request: MakePullRequest, run_cli: RunCli, embedded_database: Database
) -> None:
    base, branch, prepare = STILL_RUNS[name]
    files = {name: text for name, text in {**BASE, **base}.items() if text is not None}
    here = pull_request(files, branch, {})
    env = {"GITHUB_BASE_REF": "main", **prepare(here, embedded_database.url)}
    done = run_cli(["status", "-e", "staging"], here.root, env)
    assert done.returncode == 0, done
    assert "1 pending" in done.stdout


def test_a_url_in_a_committed_file_is_used_as_long_as_it_is_the_bases(
    pull_request: MakePullRequest, run_cli: RunCli, embedded_database: Database
) -> None:
    line = f"STAGING_DATABASE_URL={embedded_database.url}\n"
    here = pull_request({**BASE, ".env": line}, {".env": f"PORT=1\n{line}"}, {})
    assert run_cli(["status", "-e", "staging"], here.root, {"GITHUB_BASE_REF": "main"}).returncode == 0


def test_a_command_of_the_base_runs_in_an_empty_folder(
    pull_request: MakePullRequest, run_cli: RunCli, tmp_path: Path
) -> None:
    # Of the checkout it could run what the branch wrote: make, npm and python do.
    toml = {"dbmate-wrap.toml": f'{STAGING}url_command = "make url"\n'}
    here = pull_request({**BASE, **toml}, {"Makefile": "url:\n\t{touch}\n"}, {})
    done = run_cli(["status", "-e", "staging"], here.root, {"GITHUB_BASE_REF": "main"})
    assert_refused(done, 10, "the url_command of staging failed", "run it by hand")
    assert not here.made.exists()


@pytest.mark.parametrize("unknown", ["base", "git"])
def test_where_the_base_is_not_known_nothing_of_the_branch_is_used_and_the_rest_goes_on(
    unknown: str, pull_request: MakePullRequest, run_cli: RunCli
) -> None:
    toml = {"dbmate-wrap.toml": f'{STAGING}url_command = "{{touch}}"\n'}
    here = pull_request({**BASE, **toml}, {}, {})
    if unknown == "base":
        git(here.root, "update-ref", "-d", "refs/remotes/origin/main")
    else:
        (here.root / ".git").rename(here.out / "git")
    env = {"GITHUB_BASE_REF": "main"}
    done = run_cli(["status", "-e", "staging"], here.root, env)
    assert_refused(done, 10, "may not be what the base has", "fetch-depth: 0")
    assert not here.made.exists()
    assert run_cli(["check", "--no-shadow"], here.root, env).returncode == 0


def test_a_tag_with_the_name_of_the_base_is_not_the_base(
    pull_request: MakePullRequest, run_cli: RunCli
) -> None:
    here = pull_request(BASE, {"dbmate-wrap.toml": f'{STAGING}url_command = "{{touch}}"\n'}, {})
    git(here.root, "tag", "origin/main", "HEAD")
    git(here.root, "tag", "main", "HEAD")
    done = run_cli(["status", "-e", "staging"], here.root, {"GITHUB_BASE_REF": "main"})
    assert done.returncode == 10
    assert not here.made.exists()


def test_an_environment_that_the_base_lacks_has_no_command_of_it(
    pull_request: MakePullRequest, run_cli: RunCli
) -> None:
    shared = 'url_command = "echo {environment}"\n'
    here = pull_request(
        {**BASE, "dbmate-wrap.toml": shared}, {"dbmate-wrap.toml": f"{shared}[environments.mine]\n"}, {}
    )
    done = run_cli(["status", "-e", "mine"], here.root, {"GITHUB_BASE_REF": "main"})
    assert_refused(done, 10, "is not what the base", "merge the setting first")


def test_a_branch_that_one_looks_at_on_ones_own_machine_can_be_called_untrusted(
    pull_request: MakePullRequest, run_cli: RunCli
) -> None:
    here = pull_request(BASE, {"dbmate-wrap.toml": f'{STAGING}url_command = "{{touch}}"\n'}, {})
    done = run_cli(["status", "-e", "staging"], here.root, {"DBMATE_WRAP_BRANCH": "untrusted"})
    assert_refused(done, 10, r"\(DBMATE_WRAP_BRANCH is set\)", "DBMATE_WRAP_URL_COMMAND or STAGING_")
    assert not here.made.exists()
    done = run_cli(["envs"], here.root, {"DBMATE_WRAP_BRANCH": "yes"})
    assert_refused(done, 10, "DBMATE_WRAP_BRANCH in .* must be trusted or untrusted", "leave it out")


def test_no_report_is_written_through_a_link_of_the_branch(
    pull_request: MakePullRequest, run_cli: RunCli
) -> None:
    here = pull_request(BASE, {}, {"check.sarif": "{out}/secret", "own.sarif": "kept.sarif"})
    before, env = contents(here.out), {"GITHUB_BASE_REF": "main"}
    done = run_cli(["check", "--no-shadow", "--sarif", "check.sarif"], here.root, env)
    assert done.returncode == 10
    assert "check.sarif: leads out of the repository" in done.stderr
    assert contents(here.out) == before
    assert run_cli(["check", "--no-shadow", "--sarif", "own.sarif"], here.root, env).returncode == 0
    assert (here.root / "kept.sarif").exists()


def test_a_branch_gives_itself_no_superuser_where_the_base_is_not_known(
    pull_request: MakePullRequest, run_cli: RunCli
) -> None:
    here = pull_request(BASE, {"dbmate-wrap.toml": "shadow_superuser = true\n"}, {})
    git(here.root, "update-ref", "-d", "refs/remotes/origin/main")
    done = run_cli(["check"], here.root, {"GITHUB_BASE_REF": "main"})
    assert "shadow_superuser counts once the base has it too" in done.stderr
