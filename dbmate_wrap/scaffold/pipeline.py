"""Plans the check of pull requests: a workflow for GitHub, a job for GitLab, a step by hand elsewhere."""

import json
from collections.abc import Iterator

from dbmate_wrap.scaffold.action import FileAction, is_there, leave, write_whole
from dbmate_wrap.scaffold.folder import WORKFLOWS, Files
from dbmate_wrap.scaffold.layout import Scaffold
from dbmate_wrap.scaffold.templates import fill

GITLAB = ".gitlab-ci.yml"
# Those of other systems, for which there is one line.
OTHERS = (
    ".circleci/config.yml",
    ".drone.yml",
    ".woodpecker.yml",
    "Jenkinsfile",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
)
WORKFLOW = f"{WORKFLOWS}/migrations.yml"
_TOP = "it belongs to the top of the repository"
_SETTINGS = ("pyproject.toml", "dbmate-wrap.toml")


def plan_pipeline(files: Files, scaffold: Scaffold, *, has_github: bool) -> Iterator[FileAction]:
    """Yield the actions for the pipelines of the project; `has_github`: there is a folder .github."""
    on_github = has_github or _is_on(scaffold, "github")
    on_gitlab = GITLAB in files or _is_on(scaffold, "gitlab")
    others = [name for name in OTHERS if name in files]
    if on_gitlab:
        yield _gitlab(files, scaffold)
    for name in others:
        yield _step(files, scaffold, name)
    if on_github or not (on_gitlab or others):
        yield _github(files, scaffold)


def _is_on(scaffold: Scaffold, name: str) -> bool:
    return any(name in host for host in scaffold.hosts)


def _github(files: Files, scaffold: Scaffold) -> FileAction:
    for name, file in files.items():
        if name.startswith(f"{WORKFLOWS}/") and scaffold.is_named_in(file.text):
            return is_there(name)
    paths = [*_globs(scaffold, "**"), WORKFLOW]
    text = fill("github-workflow.yml", scaffold, PATHS=", ".join(map(json.dumps, paths)))
    return leave(WORKFLOW, _TOP, text) if scaffold.where else write_whole(files, WORKFLOW, text)


def _gitlab(files: Files, scaffold: Scaffold) -> FileAction:
    present = files.get(GITLAB)
    if present is not None and scaffold.is_named_in(present.text):
        return is_there(GITLAB)
    text = fill("gitlab-ci.yml", scaffold)
    job = text.partition("\n\n")[2]
    globs = "".join(f"        - {json.dumps(each)}\n" for each in _globs(scaffold, "**/*"))
    # The template is the job of the documents, as it stands.
    old = "        - db/**/*\n        - pyproject.toml\n        - dbmate-wrap.toml\n"
    job = job.replace(old, globs)
    if scaffold.where:
        job = job.replace("dbmate-wrap check", fill("step", scaffold).splitlines()[-1])
        return leave(GITLAB, _TOP, job)
    if present is not None:
        return leave(GITLAB, "it may have its own stages and rules", job)
    return write_whole(files, GITLAB, f"# dbmate-wrap: written by `dbmate-wrap init`.\n\n{job}")


def _step(files: Files, scaffold: Scaffold, name: str) -> FileAction:
    if scaffold.is_named_in(files[name].text):
        return is_there(name)
    return leave(name, "add a step for pull requests", fill("step", scaffold))


def _globs(scaffold: Scaffold, rest: str) -> list[str]:
    """Return the patterns of what a check depends on, from the top of the repository."""
    top = f"{scaffold.where}/" if scaffold.where else ""
    watched = (f"{each}{rest}" if each.endswith("/") else each for each in scaffold.layout.watched)
    return [f"{top}{each}" for each in (*watched, *_SETTINGS)]
