#!/bin/sh
# Waits for the end of a Job with `fleet up`, and ends with the exit code of `fleet report` over the logs of its pods.
# usage: report.sh JOB
#
# Namespace and context are kubectl's own. INTERVAL is how often it is asked, in seconds (5).
set -eu

job=${1:?usage: report.sh JOB}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 143' INT TERM

# `kubectl wait --for=condition=complete` does not end where the Job fails.
ended='{range .status.conditions[?(@.status=="True")]}{.type}{"\n"}{end}'
until kubectl get job "$job" -o jsonpath="$ended" | grep -E -q '^(Complete|Failed)$'; do
    sleep "${INTERVAL:-5}"
done

# Of a shard that was tried again all pods count: what began later is what holds.
kubectl get pods -l "batch.kubernetes.io/job-name=$job" -o jsonpath='{range .items[*]}{.metadata.name}{"\n"}{end}' \
    >"$folder/pods"
while read -r pod; do
    kubectl logs "$pod" --container dbmate-wrap >"$folder/$pod.jsonl" || echo "report: no log of $pod" >&2
done <"$folder/pods"

code=0
dbmate-wrap fleet report "$folder"/*.jsonl || code=$?
exit "$code"
