"""Tells from the variables of a pipeline that it has checked out a pull request, and what its base is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

# A variable that is set in pull requests alone; one with the commit that the branch began from; one with the
# branch that it goes to. docs/untrusted-branches.md has the names of the systems.
SYSTEMS: tuple[tuple[str, str | None, str | None], ...] = (
    ("GITHUB_BASE_REF", None, "GITHUB_BASE_REF"),
    ("CI_MERGE_REQUEST_IID", "CI_MERGE_REQUEST_DIFF_BASE_SHA", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
    ("BITBUCKET_PR_ID", "BITBUCKET_PR_DESTINATION_COMMIT", "BITBUCKET_PR_DESTINATION_BRANCH"),
    ("SYSTEM_PULLREQUEST_PULLREQUESTID", None, "SYSTEM_PULLREQUEST_TARGETBRANCH"),
    ("CHANGE_ID", None, "CHANGE_TARGET"),
    ("BUILDKITE_PULL_REQUEST", None, "BUILDKITE_PULL_REQUEST_BASE_BRANCH"),
    ("CIRCLE_PULL_REQUEST", None, None),
    ("TRAVIS_PULL_REQUEST", None, "TRAVIS_BRANCH"),
    ("APPVEYOR_PULL_REQUEST_NUMBER", None, "APPVEYOR_REPO_BRANCH"),
    ("DRONE_PULL_REQUEST", None, "DRONE_TARGET_BRANCH"),
    ("CI_COMMIT_PULL_REQUEST", None, "CI_COMMIT_TARGET_BRANCH"),
    ("CIRRUS_PR", None, "CIRRUS_BASE_BRANCH"),
)
_EVENT = "GITHUB_EVENT_NAME"
# Some systems set their variable always.
_NONE = frozenset({"", "false", "0", "null"})
# The branch of a merge queue: it has what is about to be merged, one request upon another.
_QUEUE = re.compile(r"refs/heads/gh-readonly-queue/(.+)/pr-\d+-[0-9a-f]+")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True)
class PullRequest:
    """The checkout of a pull request: the variable that says so, and the commits that may be its base.

    `refs` are in the form that git reads, the best first; empty where the variables name none.
    """

    variable: str
    refs: tuple[str, ...] = ()


def pull_request_of(variables: Mapping[str, str]) -> PullRequest | None:
    """Return the pull request that a pipeline with these variables has checked out; None without one."""
    for name, commit, branch in SYSTEMS:
        if variables.get(name, "") not in _NONE:
            return PullRequest(name, _refs(variables.get(commit or "", ""), variables.get(branch or "", "")))
    # Reviews of a pull request, which have no base.
    if variables.get(_EVENT, "").startswith("pull_request"):
        return PullRequest(_EVENT)
    return None


def target_refs(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the commits that a pull request or a merge queue goes to, the best first; empty without one."""
    if found := pull_request_of(variables):
        return found.refs
    queue = _QUEUE.fullmatch(variables.get("GITHUB_REF", ""))
    return _refs("", queue[1]) if queue and variables.get(_EVENT) == "merge_group" else ()


def _refs(commit: str, branch: str) -> tuple[str, ...]:
    # The whole name of the branch: a tag that is called origin/main would come before it.
    name = branch.removeprefix("refs/heads/")
    found = [commit] if _COMMIT.fullmatch(commit) else []
    return (*found, f"refs/remotes/origin/{name}") if name else tuple(found)
