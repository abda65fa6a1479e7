"""A pipeline's variables say that a pull request is checked out, and what its base is."""

import pytest

from dbmate_wrap.domain.pull_request import PullRequest, pull_request_of, target_refs

MAIN = "refs/remotes/origin/main"
# name, variables, the variable that says so and the refs, None for no pull request
PIPELINES = [
    ("GitHub", {"GITHUB_BASE_REF": "main"}, ("GITHUB_BASE_REF", MAIN)),
    ("GitHub, a push", {"GITHUB_BASE_REF": "", "GITHUB_EVENT_NAME": "push"}, None),
    (
        "GitHub, a review",
        {"GITHUB_BASE_REF": "", "GITHUB_EVENT_NAME": "pull_request_review"},
        ("GITHUB_EVENT_NAME",),
    ),
    (
        "GitLab",
        {
            "CI_MERGE_REQUEST_IID": "7",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": "0123456789abcdef",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        },
        ("CI_MERGE_REQUEST_IID", "0123456789abcdef", MAIN),
    ),
    ("GitLab, a branch", {"CI_COMMIT_BRANCH": "mine", "CI": "true"}, None),
    (
        "no commit, but an option",
        {"CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_DIFF_BASE_SHA": "--output=x"},
        ("CI_MERGE_REQUEST_IID",),
    ),
    (
        "Azure",
        {
            "SYSTEM_PULLREQUEST_PULLREQUESTID": "1",
            "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
        },
        ("SYSTEM_PULLREQUEST_PULLREQUESTID", MAIN),
    ),
    ("Buildkite", {"BUILDKITE_PULL_REQUEST": "false", "BUILDKITE_PULL_REQUEST_BASE_BRANCH": ""}, None),
    (
        "Buildkite, a pull request",
        {"BUILDKITE_PULL_REQUEST": "9", "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main"},
        ("BUILDKITE_PULL_REQUEST", MAIN),
    ),
    ("Jenkins", {"CHANGE_ID": "1", "CHANGE_TARGET": "main"}, ("CHANGE_ID", MAIN)),
    (
        "Bitbucket",
        {"BITBUCKET_PR_ID": "1", "BITBUCKET_PR_DESTINATION_BRANCH": "main"},
        ("BITBUCKET_PR_ID", MAIN),
    ),
    ("CircleCI", {"CIRCLE_PULL_REQUEST": "https://example.org/1"}, ("CIRCLE_PULL_REQUEST",)),
    ("Travis, a push", {"TRAVIS_PULL_REQUEST": "false", "TRAVIS_BRANCH": "main"}, None),
    ("a shell", {"PATH": "/bin"}, None),
]


@pytest.mark.parametrize(
    ("variables", "expected"), [each[1:] for each in PIPELINES], ids=[p[0] for p in PIPELINES]
)
def test_the_variables_say_it(variables: dict[str, str], expected: tuple[str, ...] | None) -> None:
    found = pull_request_of(variables)
    assert found == (None if expected is None else PullRequest(expected[0], expected[1:]))


QUEUE = "refs/heads/gh-readonly-queue/{}/pr-12-0123456789abcdef"


@pytest.mark.parametrize(
    ("variables", "refs"),
    [
        ({"GITHUB_BASE_REF": "main"}, (MAIN,)),
        ({"GITHUB_EVENT_NAME": "merge_group", "GITHUB_REF": QUEUE.format("main")}, (MAIN,)),
        (
            {"GITHUB_EVENT_NAME": "merge_group", "GITHUB_REF": QUEUE.format("release/1")},
            ("refs/remotes/origin/release/1",),
        ),
        ({"GITHUB_EVENT_NAME": "push", "GITHUB_REF": QUEUE.format("main")}, ()),
        ({"GITHUB_EVENT_NAME": "merge_group", "GITHUB_REF": "refs/heads/main"}, ()),
        ({}, ()),
    ],
)
def test_the_branch_that_is_gone_to_is_named_by_a_request_and_by_a_queue(
    variables: dict[str, str], refs: tuple[str, ...]
) -> None:
    assert target_refs(variables) == refs
