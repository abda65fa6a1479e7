"""What must be true of the manifests in docs/fleet/kubernetes beyond their schema, each rule with a name.

Some are what the API server itself checks and no schema says; the others are traps of its documentation.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from dbmate_wrap import process
from dbmate_wrap.errors import ExitCode

Manifest = Mapping[str, object]

# Of every other shard, too: files, settings, arguments.
ENDS_THE_JOB = {1, 2, 10, 11, 12, 13}
# A person is needed.
ENDS_THE_SHARD = {20, 22, 30, 31, 35}
# May go away by itself, or does not end `up`.
TRIED_AGAIN = {0, 21, 23, 24, 32, 33, 34, 130, 143}
# dbmate and its session get GRACE_SECONDS each, and the state is read with a `connect_timeout` of 10 seconds.
_LONGEST_END = 2 * process.GRACE_SECONDS + 10
_HELM, _ARGO = "helm.sh/hook", "argocd.argoproj.io/hook"


def at(value: object, *path: str | int) -> object:
    """What stands at a path; None where nothing does."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, Sequence) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def number(value: object) -> int:
    """The number, or 0."""
    return value if isinstance(value, int) else 0


def maps(value: object) -> list[Mapping[str, object]]:
    """The mappings of a list; empty where there is none."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def words(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def pod(manifest: Manifest) -> Mapping[str, object]:
    found = at(manifest, "spec", "template", "spec")
    return found if isinstance(found, Mapping) else {}


def ours(manifest: Manifest) -> Mapping[str, object]:
    """The container that runs our command."""
    containers = [*maps(pod(manifest).get("initContainers")), *maps(pod(manifest).get("containers"))]
    return containers[0] if containers else {}


def duration(text: str) -> int:
    """Seconds of `10m` and the like; 0 where it is no duration."""
    found = re.fullmatch(r"(\d+)([smh])", text)
    return int(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]] if found else 0


def is_indexed(manifest: Manifest) -> bool:
    return at(manifest, "spec", "completionMode") == "Indexed"


def is_job(manifest: Manifest) -> bool:
    return manifest.get("kind") == "Job"


def is_hook(manifest: Manifest) -> bool:
    annotations = at(manifest, "metadata", "annotations")
    return isinstance(annotations, Mapping) and bool({_HELM, _ARGO} & set(annotations))


def is_deployment(manifest: Manifest) -> bool:
    return manifest.get("kind") == "Deployment"


def _codes(manifest: Manifest, action: str) -> set[int]:
    rules = maps(at(manifest, "spec", "podFailurePolicy", "rules"))
    return {
        code
        for rule in rules
        if rule.get("action") == action and at(rule, "onExitCodes", "operator") == "In"
        for code in (at(rule, "onExitCodes", "values") or ())  # type: ignore[attr-defined] # a list by the schema
    }


def exit_codes_of_the_job(manifest: Manifest) -> bool:
    wanted = ENDS_THE_JOB if is_indexed(manifest) else ENDS_THE_JOB | ENDS_THE_SHARD - {ExitCode.SOME_FAILED}
    return _codes(manifest, "FailJob") == wanted


def exit_codes_of_the_shard(manifest: Manifest) -> bool:
    # FailIndex needs backoffLimitPerIndex, and that an Indexed Job.
    return _codes(manifest, "FailIndex") == (ENDS_THE_SHARD if is_indexed(manifest) else set())


def codes_ordered(manifest: Manifest) -> bool:
    """The API server wants them in order, each once, and no 0."""
    for rule in maps(at(manifest, "spec", "podFailurePolicy", "rules")):
        values = at(rule, "onExitCodes", "values")
        if isinstance(values, list) and (values != sorted(set(values)) or 0 in values):
            return False
    return True


def rules_name_our_container(manifest: Manifest) -> bool:
    rules = [
        each for each in maps(at(manifest, "spec", "podFailurePolicy", "rules")) if "onExitCodes" in each
    ]
    # Without a name the code of a sidecar would count.
    return bool(rules) and all(
        at(rule, "onExitCodes", "containerName") == ours(manifest).get("name") for rule in rules
    )


def disruption_last(manifest: Manifest) -> bool:
    """A pod that ended with a code for a person is not tried again because its node is drained, too."""
    rules = maps(at(manifest, "spec", "podFailurePolicy", "rules"))
    last = rules[-1] if rules else {}
    return (
        last.get("action") == "Ignore"
        and at(last, "onPodConditions", 0, "type") == "DisruptionTarget"
        and at(last, "onPodConditions", 0, "status") == "True"
    )


def shards_counted(manifest: Manifest) -> bool:
    args = words(ours(manifest).get("args"))
    return "--shard" in args and f"auto/{at(manifest, 'spec', 'completions')}" in args


def shards_tried_alone(manifest: Manifest) -> bool:
    spec = at(manifest, "spec")
    # backoffLimit would count the failures of all shards together.
    return isinstance(spec, Mapping) and "backoffLimitPerIndex" in spec and "backoffLimit" not in spec


def failed_shards_limited(manifest: Manifest) -> bool:
    allowed = at(manifest, "spec", "maxFailedIndexes")
    return isinstance(allowed, int) and allowed < number(at(manifest, "spec", "completions"))


def parallelism_bounded(manifest: Manifest) -> bool:
    return 1 <= number(at(manifest, "spec", "parallelism")) <= number(at(manifest, "spec", "completions"))


def connections_bounded(manifest: Manifest) -> bool:
    """Said rather than left to defaults: the shards multiply both."""
    return {"--jobs", "--per-server"} <= set(words(ours(manifest).get("args")))


def every_shard_counts(manifest: Manifest) -> bool:
    # With a successPolicy some shards would be enough.
    return at(manifest, "spec", "successPolicy") is None


def tried_some_times(manifest: Manifest) -> bool:
    return 1 <= number(at(manifest, "spec", "backoffLimit")) <= 6


def never_restarted(manifest: Manifest) -> bool:
    # podFailurePolicy refuses OnFailure, with which the log of a failed try is lost, too.
    return pod(manifest).get("restartPolicy") == "Never"


def replaced_when_ended(manifest: Manifest) -> bool:
    return at(manifest, "spec", "podReplacementPolicy") == "Failed"


def deadline(manifest: Manifest) -> bool:
    return number(at(manifest, "spec", "activeDeadlineSeconds")) >= 600


def time_to_end(manifest: Manifest) -> bool:
    return number(pod(manifest).get("terminationGracePeriodSeconds")) >= 3 * _LONGEST_END


def log_kept_a_day(manifest: Manifest) -> bool:
    return number(at(manifest, "spec", "ttlSecondsAfterFinished")) >= 86400


def hook_not_gone_by_time(manifest: Manifest) -> bool:
    # Helm goes on when a hook's Job vanishes, and Argo CD waits for it for ever.
    return at(manifest, "spec", "ttlSecondsAfterFinished") is None


def hook_kept_until_the_next(manifest: Manifest) -> bool:
    annotations = at(manifest, "metadata", "annotations")
    policies = (
        at(annotations, "helm.sh/hook-delete-policy"),
        at(annotations, "argocd.argoproj.io/hook-delete-policy"),
    )
    by_helm = at(annotations, _HELM) is not None
    wanted = ("before-hook-creation", None) if by_helm else (None, "BeforeHookCreation")
    return policies == wanted


def hook_before_the_release(manifest: Manifest) -> bool:
    annotations = at(manifest, "metadata", "annotations")
    return (at(annotations, _HELM), at(annotations, _ARGO)) in (
        ("pre-install,pre-upgrade", None),
        (None, "PreSync"),
    )


def hook_named(manifest: Manifest) -> bool:
    # Both policies delete by name.
    return at(manifest, "metadata", "name") is not None


def job_made_anew(manifest: Manifest) -> bool:
    # A Job's template cannot be changed: `apply` of the next version under the same name is refused.
    return at(manifest, "metadata", "generateName") is not None and at(manifest, "metadata", "name") is None


def secret_as_file(manifest: Manifest) -> bool:
    mounts = [each for each in maps(ours(manifest).get("volumeMounts")) if each.get("name") == "url"]
    volumes = [each for each in maps(pod(manifest).get("volumes")) if each.get("name") == "url"]
    return (
        "env" not in ours(manifest)
        and "envFrom" not in ours(manifest)
        and [each.get("readOnly") for each in mounts] == [True]
        # subPath is never renewed when the Secret is.
        and all("subPath" not in each for each in mounts)
        and [at(each, "secret", "defaultMode") for each in volumes] == [0o440]
        and at(pod(manifest), "securityContext", "fsGroup") is not None
    )


def no_shell(manifest: Manifest) -> bool:
    return "command" not in ours(manifest) and bool(words(ours(manifest).get("args")))


def no_service_variables(manifest: Manifest) -> bool:
    # A Service named dbmate-wrap sets DBMATE_WRAP_PORT.
    return pod(manifest).get("enableServiceLinks") is False


def no_token(manifest: Manifest) -> bool:
    return pod(manifest).get("automountServiceAccountToken") is False


def few_rights(manifest: Manifest) -> bool:
    container = at(ours(manifest), "securityContext")
    return (
        at(pod(manifest), "securityContext", "runAsNonRoot") is True
        and at(container, "allowPrivilegeEscalation") is False
        and at(container, "readOnlyRootFilesystem") is True
        and at(container, "capabilities", "drop") == ["ALL"]
        # Nothing else can be written, and what is staged needs a place.
        and "/tmp" in [each.get("mountPath") for each in maps(ours(manifest).get("volumeMounts"))]
    )


def memory_bounded(manifest: Manifest) -> bool:
    return at(ours(manifest), "resources", "limits", "memory") is not None


def image_pinned(manifest: Manifest) -> bool:
    image = str(ours(manifest).get("image", ""))
    tag = re.search(r"[:@]([\w.:-]+)$", image)
    return image.startswith("{{ .Values.") or (tag is not None and tag[1] != "latest")


def not_evicted_by_scaling(manifest: Manifest) -> bool:
    annotation = "cluster-autoscaler.kubernetes.io/safe-to-evict"
    return at(manifest, "spec", "template", "metadata", "annotations", annotation) == "false"


def confirms(manifest: Manifest) -> bool:
    return "--yes" in words(ours(manifest).get("args"))


def waits_only(manifest: Manifest) -> bool:
    """`up` in an init container would need the rights to migrate in every pod of the application."""
    return words(ours(manifest).get("args"))[:1] == ["wait"]


def waits_less_than_the_rollout(manifest: Manifest) -> bool:
    args = words(ours(manifest).get("args"))
    waits = duration(args[args.index("--timeout") + 1]) if "--timeout" in args else 0
    return 0 < waits < number(at(manifest, "spec", "progressDeadlineSeconds"))


def application_has_no_secret(manifest: Manifest) -> bool:
    mounts = [
        mount for each in maps(pod(manifest).get("containers")) for mount in maps(each.get("volumeMounts"))
    ]
    return "url" not in [mount.get("name") for mount in mounts]


Rule = Callable[[Manifest], bool]
EVERY: tuple[Rule, ...] = (
    *(secret_as_file, no_shell, no_service_variables, no_token, few_rights, memory_bounded, image_pinned),
)
JOB: tuple[Rule, ...] = (
    *(exit_codes_of_the_job, exit_codes_of_the_shard, codes_ordered, rules_name_our_container),
    *(disruption_last, never_restarted, replaced_when_ended, deadline, time_to_end, every_shard_counts),
    *(not_evicted_by_scaling, confirms),
)
INDEXED: tuple[Rule, ...] = (
    *(shards_counted, shards_tried_alone, failed_shards_limited, parallelism_bounded, connections_bounded),
)
HOOK: tuple[Rule, ...] = (
    *(hook_not_gone_by_time, hook_kept_until_the_next, hook_before_the_release, hook_named),
)
NO_HOOK: tuple[Rule, ...] = (log_kept_a_day, job_made_anew)
DEPLOYMENT: tuple[Rule, ...] = (waits_only, waits_less_than_the_rollout, application_has_no_secret)
RULES: tuple[Rule, ...] = (*EVERY, *JOB, *INDEXED, tried_some_times, *HOOK, *NO_HOOK, *DEPLOYMENT)


def rules_for(manifest: Manifest) -> Iterator[Rule]:
    """The rules that concern a manifest of this kind."""
    yield from EVERY
    if is_deployment(manifest):
        yield from DEPLOYMENT
    if is_job(manifest):
        yield from JOB
        yield from INDEXED if is_indexed(manifest) else (tried_some_times,)
        yield from HOOK if is_hook(manifest) else NO_HOOK


def broken(manifest: Manifest) -> list[str]:
    """The names of the rules that a manifest breaks."""
    return [rule.__name__ for rule in rules_for(manifest) if not rule(manifest)]
