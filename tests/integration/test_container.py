"""The image, as far as it can be tried without Docker: linted, built, run where nothing can be written."""

import re
import subprocess
from pathlib import Path

import pytest

from dbmate_wrap import __version__
from tests.support.container import DOCKERFILE, Container, build_image, lacks_namespaces, stages
from tests.support.distributions import our_files
from tests.support.dockerfile_rules import RULES, broken
from tests.support.installed import BIN
from tests.support.projects import MakeProject, migration
from tests.support.repository import REPOSITORY
from tests.support.servers import TcpServer

DERIVED = REPOSITORY / "docs" / "fleet" / "kubernetes" / "Dockerfile"
PAGE = REPOSITORY / "docs" / "container.md"
TEXT = DOCKERFILE.read_text("utf-8")


def hadolint(text: str) -> "subprocess.CompletedProcess[str]":
    argv = [str(BIN / "hadolint"), "--no-color", "--failure-threshold", "style", "-"]
    return subprocess.run(argv, input=text, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", [DOCKERFILE, DERIVED], ids=["ours", "derived"])
def test_hadolint_has_nothing_against_the_dockerfiles(path: Path) -> None:
    done = hadolint(path.read_text("utf-8"))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("right", "wrong", "finding"),
    [
        ("FROM ${PYTHON_IMAGE} AS build", "FROM python:latest AS build", "DL3007"),
        ("--require-hashes --only-binary :all: -r requirements/build.txt", "flit_core", "DL3013"),
        ("WORKDIR /src", "WORKDIR src", "DL3000"),
        ('ENTRYPOINT ["dbmate-wrap"]', "ENTRYPOINT dbmate-wrap", "DL3025"),
    ],
)
def test_hadolint_finds_what_was_done_wrong(right: str, wrong: str, finding: str) -> None:
    assert right in TEXT
    done = hadolint(TEXT.replace(right, wrong))
    assert done.returncode != 0
    assert finding in done.stdout


# A text of the Dockerfile, what somebody writes there instead, and the rule that it breaks.
MISTAKES = [
    ("python:3.13-slim\n", "python:latest\n", "the_base_is_slim_and_has_a_version"),
    ("python:3.13-slim\n", "python:3.13\n", "the_base_is_slim_and_has_a_version"),
    ("FROM ${PYTHON_IMAGE}\n", "FROM python:3.12\n", "two_stages_of_one_base"),
    ("WORKDIR /project", "RUN apt-get update\nWORKDIR /project", "nothing_is_run_in_the_last_stage"),
    ("WORKDIR /project", "WORKDIR /project\nCOPY . .", "copies_from_the_first_stage_alone"),
    (
        "--require-hashes --only-binary :all: -r requirements/image.txt",
        "-r requirements/image.txt",
        "installs_by_hash",
    ),
    ("--no-index --no-deps /dist", "--no-deps /dist", "installs_by_hash"),
    ("USER 65532:65532", "USER dbmate", "runs_as_a_number_that_is_not_root"),
    ("USER 65532:65532", "USER 0:0", "runs_as_a_number_that_is_not_root"),
    ("USER 65532:65532\n", "", "runs_as_a_number_that_is_not_root"),
    ('["dbmate-wrap"]', "dbmate-wrap", "starts_no_shell"),
    ("PYTHONDONTWRITEBYTECODE=1", "HOME=/project", "names_no_home_and_no_secret"),
]


def test_our_dockerfile_keeps_our_rules() -> None:
    assert broken(TEXT) == []


@pytest.mark.parametrize(("right", "wrong", "rule"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_broken_dockerfile_is_told_so(right: str, wrong: str, rule: str) -> None:
    assert right in TEXT
    assert broken(TEXT.replace(right, wrong)) == [rule]


def test_every_rule_is_shown_to_fail() -> None:
    assert {mistake[2] for mistake in MISTAKES} == {rule.__name__ for rule in RULES}


def test_the_context_has_what_is_copied_and_nothing_secret() -> None:
    ignored = (REPOSITORY / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {line.removeprefix("!") for line in rules if line.startswith("!")}
    copied = {name.split("/")[0] for name in copied_names()}
    assert allowed == copied
    assert all(our_files(name) for name in copied_names())


def copied_names() -> list[str]:
    return [name for word, rest in stages(TEXT)[0] if word == "COPY" for name in rest.split()[:-1]]


def test_the_image_with_migrations_derives_from_this_version_and_changes_nothing_of_it() -> None:
    [derived] = stages(DERIVED.read_text("utf-8"))
    assert derived[0] == ("FROM", f"dbmate-wrap:{__version__}")
    assert {word for word, _ in derived[1:]} == {"WORKDIR", "COPY"}
    assert f"dbmate-wrap:{__version__}" in PAGE.read_text("utf-8")


@pytest.mark.slow
def test_the_image_migrates_for_an_account_that_nobody_knows_where_nothing_can_be_written(
    tcp_server: TcpServer, project: MakeProject, tmp_path: Path
) -> None:
    if reason := lacks_namespaces():
        pytest.skip(f"a read-only file system of its own {reason}")
    image = build_image(tmp_path / "image")
    stated = re.search(r"adds (\d+) MB", PAGE.read_text("utf-8"))
    assert stated is not None
    assert image.size / 1e6 == pytest.approx(int(stated[1]), rel=0.1)
    files = {"001_a.sql": migration("create table public.a (i int);")}
    toml = '[environments.staging]\nurl_file = "/run/secrets/url"\n'
    folder = project(files, sealed=True, toml=toml).root
    secret = tmp_path / "url"
    with tcp_server.new_database() as database:
        secret.write_text(tcp_server.tcp_url(database.name))
        # Nowhere at all: said, and nothing is half done.
        nowhere = Container(image, folder, secret, tmpfs="").run("wrap up -e staging", tmp_path / "root")
        assert nowhere.returncode == 10, nowhere
        assert "cannot write the migrations to a temporary folder" in nowhere.stderr
        assert "TMPDIR" in nowhere.stderr
        # A tmpfs elsewhere, which TMPDIR names. No HOME, no PATH, no name for the account.
        script = "wrap --version && wrap status -e staging && wrap up -e staging && ls -A /scratch"
        own = Container(image, folder, secret, tmpfs="/scratch")
        done = own.run(f"{script} && id", tmp_path / "root", TMPDIR="/scratch")
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.startswith(f"dbmate-wrap {__version__} ")
        assert "001_a.sql  applied" in done.stdout
        assert re.search(r"1 migration applied\nuid=\d+ gid=0", done.stdout), "something was left in /scratch"
        assert "warning" not in done.stderr
    # And with /tmp, as the manifests of docs/fleet/kubernetes have it.
    with tcp_server.new_database() as database:
        secret.write_text(tcp_server.tcp_url(database.name))
        done = Container(image, folder, secret, tmpfs="/tmp").run("wrap up -e staging", tmp_path / "root")
        assert done.returncode == 0, done.stdout + done.stderr
        assert database.execute("select version from public.schema_migrations") == [("001",)]
