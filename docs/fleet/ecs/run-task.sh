#!/bin/sh
# Runs a command of dbmate-wrap as an ECS task, waits for its end, and ends with its exit code.
# usage: run-task.sh COMMAND [ARGUMENT ...]        such as: run-task.sh up -e production --yes
#
# CLUSTER, TASK_DEFINITION and NETWORK (the argument of --network-configuration) must be set. CONTAINER is the name of
# the container in the task definition (dbmate-wrap), TIMEOUT how many seconds it may take (7200), INTERVAL how often
# ECS is asked (6). Other exit codes than the command's: 124 it took too long and was stopped, 125 it never ran.
set -eu

: "${CLUSTER:?}" "${TASK_DEFINITION:?}" "${NETWORK:?}" "${1:?usage: run-task.sh COMMAND [ARGUMENT ...]}"
container=${CONTAINER:-dbmate-wrap}

say() { printf '%s\n' "run-task: $*" >&2; }

quoted() {
    printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$/"/'
}

command=$(
    separator=''
    for word in "$@"; do
        printf '%s%s' "$separator" "$(quoted "$word")"
        separator=','
    done
)

# run-task ends with 0 also where it started nothing: then there is no task, and `failures` says why.
started=$(aws ecs run-task --cluster "$CLUSTER" --task-definition "$TASK_DEFINITION" --launch-type FARGATE \
    --network-configuration "$NETWORK" --count 1 \
    --overrides "{\"containerOverrides\":[{\"name\":\"$container\",\"command\":[$command]}]}" \
    --query '[tasks[0].taskArn, failures[0].reason]' --output text)
task=$(printf '%s' "$started" | cut -f 1)
if [ "$task" = None ]; then
    say "ECS started no task: $(printf '%s' "$started" | cut -f 2)"
    exit 125
fi
say "started $task"

stop() {
    aws ecs stop-task --cluster "$CLUSTER" --task "$task" --reason "$1" --query task.lastStatus --output text >/dev/null
}

# A pipeline that is cancelled ends this script alone: the task would go on.
pause=''
trap 'say "stopping $task"; stop "run-task.sh was stopped"; [ -z "$pause" ] || kill "$pause"; exit 143' INT TERM

# `aws ecs wait tasks-stopped` gives up after ten minutes. The answer is one line with tabs: status, exit code of the
# container, why the task ended, why the container did.
ours="containers[?name=='$container'] | [0]"
asked="tasks[0].[lastStatus, $ours.exitCode, stoppedReason, $ours.reason]"
limit=${TIMEOUT:-7200}
deadline=$(($(date +%s) + limit))
late=''
while :; do
    # An answer that failed is asked for again.
    now=$(aws ecs describe-tasks --cluster "$CLUSTER" --tasks "$task" --query "$asked" --output text) || now=''
    [ "$(printf '%s' "$now" | cut -f 1)" != STOPPED ] || break
    past=$(($(date +%s) - deadline))
    if [ "$past" -ge 0 ] && [ -z "$late" ]; then
        late=1
        say "it took longer than $limit seconds: stopping it"
        stop 'it took too long' || true
    elif [ "$past" -ge 300 ]; then
        say "ECS does not say that $task has ended"
        exit 124
    fi
    sleep "${INTERVAL:-6}" &
    pause=$!
    wait "$pause"
done

code=$(printf '%s' "$now" | cut -f 2)
say "ended: exit code $code; $(printf '%s' "$now" | cut -f 3,4 | tr '\t' ' ')"
[ -z "$late" ] || exit 124
# No exit code: the image could not be pulled, a secret not be read, the host went away.
[ "$code" != None ] || exit 125
exit "$code"
