"""The manifests of docs/fleet/kubernetes: against the schemas of Kubernetes, and against traps beyond them.

Nothing here runs in a cluster.
"""

import copy
import tomllib
from collections.abc import Mapping

import kubernetes_validate
import pytest
from kubernetes_validate.utils import all_versions
from ruamel.yaml import YAML

from dbmate_wrap.errors import ExitCode
from tests.support.kubernetes_rules import (
    ENDS_THE_JOB,
    ENDS_THE_SHARD,
    RULES,
    TRIED_AGAIN,
    at,
    broken,
    ours,
    rules_for,
)
from tests.support.repository import REPOSITORY

FOLDER = REPOSITORY / "docs" / "fleet" / "kubernetes"
# The first with all fields on without a feature gate; the schemas of earlier ones refuse them.
OLDEST = (1, 29)
GONE = object()


def load(name: str) -> dict[str, object]:
    document: object = YAML(typ="safe").load((FOLDER / name).read_text("utf-8"))
    assert isinstance(document, dict)
    return document


MANIFESTS = {path.name: load(path.name) for path in sorted(FOLDER.glob("*.yaml"))}
VERSIONS = [each for each in all_versions() if tuple(map(int, each.split(".")[:2])) >= OLDEST]


def test_every_manifest_is_looked_at() -> None:
    assert set(MANIFESTS) == {
        *("fleet-job.yaml", "job.yaml", "helm-hook.yaml", "argocd-hook.yaml", "wait.yaml"),
    }
    assert len(VERSIONS) >= 9


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_fits_the_schemas_of_kubernetes(name: str) -> None:
    for version in VERSIONS:
        kubernetes_validate.validate(MANIFESTS[name], version, strict=True)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "completionsMode"), "Indexed"),
        (("spec", "completions"), "eight"),
        (("spec", "podFailurePolicy", "rules", 0, "onExitCodes", "values"), ["one"]),
    ],
)
def test_the_schemas_refuse_what_is_misspelt(path: tuple[str | int, ...], value: object) -> None:
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(changed(MANIFESTS["fleet-job.yaml"], path, value), "1.33", strict=True)


def changed(manifest: Mapping[str, object], path: tuple[str | int, ...], value: object) -> dict[str, object]:
    """A copy with another value there, or without it."""
    whole = copy.deepcopy(dict(manifest))
    place: object = whole
    for step in path[:-1]:
        place = place[step]  # type: ignore[index] # a mapping takes names, a list numbers
    assert isinstance(place, dict | list)
    if value is GONE:
        del place[path[-1]]  # type: ignore[arg-type]
    else:
        place[path[-1]] = value  # type: ignore[index]
    return whole


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_falls_into_no_trap(name: str) -> None:
    assert broken(MANIFESTS[name]) == []


SPEC, POD = ("spec",), ("spec", "template", "spec")
RULE = ("spec", "podFailurePolicy", "rules")
CONTAINER = (*POD, "containers", 0)
ANNOTATIONS = ("metadata", "annotations")
# File, path, what stands there instead, and the rule that says so.
TRAPS: list[tuple[str, tuple[str | int, ...], object, str]] = [
    ("fleet-job.yaml", (*RULE, 0, "onExitCodes", "values"), [1, 2, 10, 11, 12], "exit_codes_of_the_job"),
    ("fleet-job.yaml", (*RULE, 0, "action"), "Count", "exit_codes_of_the_job"),
    ("fleet-job.yaml", (*RULE, 1, "onExitCodes", "values"), [20, 22, 30, 31, 34], "exit_codes_of_the_shard"),
    ("job.yaml", (*RULE, 0, "action"), "FailIndex", "exit_codes_of_the_shard"),
    ("job.yaml", (*RULE, 0, "onExitCodes", "operator"), "NotIn", "exit_codes_of_the_job"),
    ("job.yaml", (*RULE, 0, "onExitCodes", "values"), [2, 1], "codes_ordered"),
    ("job.yaml", (*RULE, 0, "onExitCodes", "values"), [0, 1], "codes_ordered"),
    ("job.yaml", (*RULE, 0, "onExitCodes", "containerName"), GONE, "rules_name_our_container"),
    ("job.yaml", (*RULE, 1), GONE, "disruption_last"),
    ("fleet-job.yaml", (*RULE, 2, "onPodConditions", 0, "status"), GONE, "disruption_last"),
    ("fleet-job.yaml", (*SPEC, "completions"), 9, "shards_counted"),
    ("fleet-job.yaml", (*CONTAINER, "args"), ["fleet", "up", "--shard", "auto"], "shards_counted"),
    ("fleet-job.yaml", (*SPEC, "backoffLimit"), 6, "shards_tried_alone"),
    ("fleet-job.yaml", (*SPEC, "backoffLimitPerIndex"), GONE, "shards_tried_alone"),
    ("fleet-job.yaml", (*SPEC, "maxFailedIndexes"), GONE, "failed_shards_limited"),
    ("fleet-job.yaml", (*SPEC, "maxFailedIndexes"), 8, "failed_shards_limited"),
    ("fleet-job.yaml", (*SPEC, "parallelism"), GONE, "parallelism_bounded"),
    ("fleet-job.yaml", (*CONTAINER, "args"), ["fleet", "up", "--shard", "auto/8"], "connections_bounded"),
    ("fleet-job.yaml", (*SPEC, "successPolicy"), {"rules": [{"succeededCount": 1}]}, "every_shard_counts"),
    ("job.yaml", (*SPEC, "backoffLimit"), GONE, "tried_some_times"),
    ("job.yaml", (*POD, "restartPolicy"), "OnFailure", "never_restarted"),
    ("job.yaml", (*SPEC, "podReplacementPolicy"), "TerminatingOrFailed", "replaced_when_ended"),
    ("job.yaml", (*SPEC, "activeDeadlineSeconds"), GONE, "deadline"),
    ("job.yaml", (*POD, "terminationGracePeriodSeconds"), GONE, "time_to_end"),
    ("job.yaml", (*POD, "terminationGracePeriodSeconds"), 30, "time_to_end"),
    ("job.yaml", (*SPEC, "ttlSecondsAfterFinished"), 60, "log_kept_a_day"),
    ("job.yaml", ("metadata", "name"), "migrate", "job_made_anew"),
    ("helm-hook.yaml", (*SPEC, "ttlSecondsAfterFinished"), 60, "hook_not_gone_by_time"),
    (
        *("helm-hook.yaml", (*ANNOTATIONS, "helm.sh/hook-delete-policy")),
        *("before-hook-creation,hook-failed", "hook_kept_until_the_next"),
    ),
    ("helm-hook.yaml", (*ANNOTATIONS, "helm.sh/hook-delete-policy"), GONE, "hook_kept_until_the_next"),
    (
        *("argocd-hook.yaml", (*ANNOTATIONS, "argocd.argoproj.io/hook-delete-policy")),
        *("HookSucceeded", "hook_kept_until_the_next"),
    ),
    ("helm-hook.yaml", (*ANNOTATIONS, "helm.sh/hook"), "pre-upgrade", "hook_before_the_release"),
    ("argocd-hook.yaml", (*ANNOTATIONS, "argocd.argoproj.io/hook"), "Sync", "hook_before_the_release"),
    ("argocd-hook.yaml", ("metadata", "name"), GONE, "hook_named"),
    ("job.yaml", (*CONTAINER, "env"), [{"name": "PRODUCTION_DATABASE_URL"}], "secret_as_file"),
    ("job.yaml", (*CONTAINER, "envFrom"), [{"secretRef": {"name": "x"}}], "secret_as_file"),
    ("job.yaml", (*CONTAINER, "volumeMounts", 0, "readOnly"), GONE, "secret_as_file"),
    ("job.yaml", (*CONTAINER, "volumeMounts", 0, "subPath"), "url", "secret_as_file"),
    ("job.yaml", (*POD, "volumes", 0, "secret", "defaultMode"), GONE, "secret_as_file"),
    ("job.yaml", (*POD, "securityContext", "fsGroup"), GONE, "secret_as_file"),
    ("job.yaml", (*CONTAINER, "command"), ["sh", "-c", "dbmate-wrap up"], "no_shell"),
    ("job.yaml", (*POD, "enableServiceLinks"), GONE, "no_service_variables"),
    ("job.yaml", (*POD, "automountServiceAccountToken"), GONE, "no_token"),
    ("job.yaml", (*POD, "securityContext", "runAsNonRoot"), GONE, "few_rights"),
    ("job.yaml", (*CONTAINER, "securityContext", "readOnlyRootFilesystem"), GONE, "few_rights"),
    ("job.yaml", (*CONTAINER, "securityContext", "allowPrivilegeEscalation"), True, "few_rights"),
    ("job.yaml", (*CONTAINER, "securityContext", "capabilities"), GONE, "few_rights"),
    ("job.yaml", (*CONTAINER, "volumeMounts", 1), GONE, "few_rights"),
    ("job.yaml", (*CONTAINER, "resources", "limits"), GONE, "memory_bounded"),
    ("job.yaml", (*CONTAINER, "image"), "shop-migrations", "image_pinned"),
    ("job.yaml", (*CONTAINER, "image"), "shop-migrations:latest", "image_pinned"),
    (
        *("job.yaml", ("spec", "template", "metadata", "annotations")),
        *(GONE, "not_evicted_by_scaling"),
    ),
    ("job.yaml", (*CONTAINER, "args"), ["up", "-e", "production"], "confirms"),
    ("wait.yaml", (*POD, "initContainers", 0, "args", 0), "up", "waits_only"),
    ("wait.yaml", (*SPEC, "progressDeadlineSeconds"), GONE, "waits_less_than_the_rollout"),
    ("wait.yaml", (*POD, "initContainers", 0, "args"), ["wait"], "waits_less_than_the_rollout"),
    ("wait.yaml", (*CONTAINER, "volumeMounts"), [{"name": "url"}], "application_has_no_secret"),
]


@pytest.mark.parametrize(("name", "path", "value", "rule"), TRAPS, ids=[f"{t[3]}-{t[0]}" for t in TRAPS])
def test_a_manifest_that_falls_into_a_trap_is_told_so(
    name: str, path: tuple[str | int, ...], value: object, rule: str
) -> None:
    assert rule in broken(changed(MANIFESTS[name], path, value))


def test_every_rule_is_shown_to_fail_and_is_asked_of_some_manifest() -> None:
    names = {rule.__name__ for rule in RULES}
    assert {trap[3] for trap in TRAPS} == names
    assert {rule.__name__ for each in MANIFESTS.values() for rule in rules_for(each)} == names


def test_every_exit_code_has_its_place() -> None:
    known = [*ENDS_THE_JOB, *ENDS_THE_SHARD, *TRIED_AGAIN]
    assert sorted(known) == sorted(map(int, ExitCode))


def test_the_settings_read_the_secret_where_it_is_mounted() -> None:
    settings = tomllib.loads((FOLDER / "dbmate-wrap.toml").read_text("utf-8"))
    file = settings["environments"]["production"]["url_file"]
    for manifest in MANIFESTS.values():
        assert file == f"{at(ours(manifest), 'volumeMounts', 0, 'mountPath')}/url"
    args = at(ours(MANIFESTS["fleet-job.yaml"]), "args")
    assert isinstance(args, list)
    assert args[2] in settings["fleets"]


def test_the_image_has_what_the_settings_name() -> None:
    settings = tomllib.loads((FOLDER / "dbmate-wrap.toml").read_text("utf-8"))
    lines = (FOLDER / "Dockerfile").read_text("utf-8").splitlines()
    copied = " ".join(line for line in lines if line.startswith("COPY"))
    for file in ("dbmate-wrap.toml", settings["fleets"]["tenants"]["targets"], "db/migrations.lock"):
        assert file in copied.split()
    # Who runs it and what it starts is the base's: tests/integration/test_container.py.
