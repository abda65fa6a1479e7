"""docs/fleet/ecs/run-task.sh with an `aws` that answers as Amazon's does; nothing here runs at Amazon."""

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.cli import PATIENCE, wait_for
from tests.support.repository import REPOSITORY

SCRIPT = REPOSITORY / "docs" / "fleet" / "ecs" / "run-task.sh"
ARN = "arn:aws:ecs:eu-central-1:123456789012:task/shop/0123456789abcdef"
# Says the next line of a file for each verb, and its last line again and again; `!` is a failure.
AWS = """#!/bin/sh
printf '%s\\n' "$@" END >>"$HERE/arguments"
file="$HERE/$2"
[ -e "$file" ] || exit 0
line=$(head -n 1 "$file")
[ "$(wc -l <"$file")" -lt 2 ] || sed -i 1d "$file"
[ "$line" != '!' ] || { echo 'An error occurred (ThrottlingException)' >&2; exit 254; }
printf '%s\\n' "$line"
"""


@dataclass(frozen=True)
class Cloud:
    """A folder with an `aws` in it, and what it answers."""

    folder: Path

    def start(self, command: Sequence[str], **settings: str) -> "subprocess.Popen[str]":
        environment = {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "HERE": str(self.folder),
            "INTERVAL": "0.01",
            "CLUSTER": "shop",
            "TASK_DEFINITION": "migrate:7",
            "NETWORK": "awsvpcConfiguration={}",
            **settings,
        }
        return subprocess.Popen(
            [str(SCRIPT), *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *command: str, **settings: str) -> tuple[int, str]:
        """Exit code and stderr of the script."""
        with self.start(command or ("up", "-e", "production", "--yes"), **settings) as process:
            _, said = process.communicate(timeout=PATIENCE)
        return process.returncode, said

    def answers(self, verb: str, *lines: str) -> None:
        (self.folder / verb).write_text("".join(f"{line}\n" for line in lines))

    def calls(self) -> list[list[str]]:
        """The arguments of each call; those of our tests have no line breaks."""
        return [call.split("\n") for call in (self.folder / "arguments").read_text().split("\nEND\n") if call]


def stopped(code: int | None, why: str = "Essential container in task exited") -> str:
    return f"STOPPED\t{code}\t{why}\tNone"


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    program = tmp_path / "aws"
    program.write_text(AWS)
    program.chmod(0o755)
    made = Cloud(tmp_path)
    made.answers("run-task", f"{ARN}\tNone")
    return made


@pytest.mark.parametrize("code", [0, 1, 13, 31, 34, 35, 143])
def test_the_exit_code_of_the_container_is_that_of_the_script(cloud: Cloud, code: int) -> None:
    cloud.answers("describe-tasks", "PENDING\tNone\tNone\tNone", "RUNNING\tNone\tNone\tNone", stopped(code))
    ended, said = cloud.run()
    assert ended == code
    assert f"ended: exit code {code}; Essential container in task exited" in said
    assert [call[1] for call in cloud.calls()] == ["run-task", *["describe-tasks"] * 3]


def test_the_command_arrives_word_by_word(cloud: Cloud) -> None:
    cloud.answers("describe-tasks", stopped(0))
    words = ["exec", "--", "say \"a\\b\" 'c'", "$(id)", "*"]
    assert cloud.run(*words)[0] == 0
    call = cloud.calls()[0]
    overrides = json.loads(call[call.index("--overrides") + 1])
    assert overrides == {"containerOverrides": [{"name": "dbmate-wrap", "command": words}]}


def test_a_task_that_was_not_started_is_told_although_aws_ends_with_0(cloud: Cloud) -> None:
    cloud.answers("run-task", "None\tRESOURCE:MEMORY")
    ended, said = cloud.run()
    assert ended == 125
    assert "ECS started no task: RESOURCE:MEMORY" in said


def test_a_container_that_never_ran_is_told_with_the_reason(cloud: Cloud) -> None:
    cloud.answers("describe-tasks", stopped(None, "CannotPullContainerError: not found"))
    ended, said = cloud.run()
    assert ended == 125
    assert "CannotPullContainerError: not found" in said


def test_a_refusal_of_aws_is_passed_on(cloud: Cloud) -> None:
    cloud.answers("run-task", "!")
    ended, said = cloud.run()
    assert ended == 254
    assert "ThrottlingException" in said


def test_an_answer_that_failed_is_asked_for_again(cloud: Cloud) -> None:
    cloud.answers("describe-tasks", "!", "RUNNING\tNone\tNone\tNone", "!", stopped(35))
    assert cloud.run()[0] == 35


def test_a_task_that_takes_too_long_is_stopped(cloud: Cloud) -> None:
    cloud.answers("describe-tasks", "RUNNING\tNone\tNone\tNone", stopped(143))
    ended, said = cloud.run(TIMEOUT="0")
    assert ended == 124
    assert "it took longer than 0 seconds" in said
    assert [call[1] for call in cloud.calls()] == [
        "run-task",
        "describe-tasks",
        "stop-task",
        "describe-tasks",
    ]


def test_a_script_that_is_stopped_stops_its_task(cloud: Cloud) -> None:
    cloud.answers("describe-tasks", "RUNNING\tNone\tNone\tNone")
    with cloud.start(["up"], INTERVAL="60") as process:
        wait_for(lambda: (cloud.folder / "arguments").exists() and len(cloud.calls()) == 2, "the question")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 143
    assert cloud.calls()[-1][:2] == ["ecs", "stop-task"]


@pytest.mark.parametrize("missing", ["CLUSTER", "TASK_DEFINITION", "NETWORK"])
def test_nothing_is_started_where_a_setting_is_missing(cloud: Cloud, missing: str) -> None:
    ended, said = cloud.run(**{missing: ""})
    assert ended != 0
    assert missing in said
    assert not (cloud.folder / "arguments").exists()
