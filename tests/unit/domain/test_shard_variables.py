"""Which shard a run is: typed, or said by the engine that started it; never all by mistake."""

import pytest

from dbmate_wrap.domain.fleet import Shard
from dbmate_wrap.domain.shard_variables import SHARD_VARIABLES, read_shard
from dbmate_wrap.errors import UsageError


def slurm(task: int, least: int, most: int, count: int, step: int = 1) -> dict[str, str]:
    """The variables of one task of an array."""
    names = ("ID", "MIN", "MAX", "COUNT", "STEP")
    values = (task, least, most, count, step)
    return {f"SLURM_ARRAY_TASK_{name}": str(value) for name, value in zip(names, values, strict=True)}


KUBERNETES = {"JOB_COMPLETION_INDEX": "2"}
GITLAB = {"CI_NODE_INDEX": "2", "CI_NODE_TOTAL": "4"}
GITHUB = {"STRATEGY_JOB_INDEX": "2", "STRATEGY_JOB_TOTAL": "4"}
BATCH = {"AWS_BATCH_JOB_ARRAY_INDEX": "0", "AWS_BATCH_JOB_ARRAY_SIZE": "4"}
CLOUD_RUN = {"CLOUD_RUN_TASK_INDEX": "3", "CLOUD_RUN_TASK_COUNT": "4"}
PARALLEL = {"PARALLEL_SEQ": "4"}


@pytest.mark.parametrize(
    ("text", "variables", "shard"),
    [
        ("1/1", {}, Shard(1, 1)),
        ("2/8", {}, Shard(2, 8)),
        # What is typed is believed, whatever an engine says.
        ("2/8", GITLAB, Shard(2, 8)),
        ("auto/4", KUBERNETES, Shard(3, 4)),
        ("auto", GITLAB, Shard(2, 4)),
        ("auto/4", GITLAB, Shard(2, 4)),
        ("auto", GITHUB, Shard(3, 4)),
        ("auto", BATCH, Shard(1, 4)),
        ("auto", CLOUD_RUN, Shard(4, 4)),
        ("auto/4", PARALLEL, Shard(4, 4)),
        # Two engines that agree: the one tells the number of parts that the other does not.
        ("auto", KUBERNETES | GITHUB, Shard(3, 4)),
        # An empty variable is one that is not set.
        ("auto", GITLAB | {"JOB_COMPLETION_INDEX": ""}, Shard(2, 4)),
        # Arrays from 1 and from 0.
        ("auto", slurm(3, 1, 8, 8), Shard(3, 8)),
        ("auto", slurm(0, 0, 7, 8), Shard(1, 8)),
        ("auto", slurm(7, 0, 7, 8), Shard(8, 8)),
        ("auto/8", slurm(3, 1, 8, 8), Shard(3, 8)),
        ("auto/8", slurm(3, 0, 7, 8), Shard(4, 8)),
        # One that was submitted again in part, where its first or last task shows from where it counts.
        ("auto/8", slurm(0, 0, 0, 1), Shard(1, 8)),
        ("auto/8", slurm(8, 8, 8, 1), Shard(8, 8)),
        ("auto/8", slurm(5, 2, 8, 3), Shard(5, 8)),
        ("auto/8", slurm(5, 0, 5, 2), Shard(6, 8)),
    ],
)
def test_the_shard_is_the_one_that_is_typed_or_that_the_engine_says(
    text: str, variables: dict[str, str], shard: Shard
) -> None:
    assert read_shard(text, variables) == shard


def test_without_the_option_there_is_no_shard_whatever_the_engine_says() -> None:
    assert read_shard(None, GITLAB) is None


@pytest.mark.parametrize(
    ("text", "variables", "words"),
    [
        ("", {}, "no shard"),
        ("3", {}, "no shard"),
        ("all", {}, "no shard"),
        ("auto/", {}, "no shard"),
        ("1/2/3", {}, "no shard"),
        ("0/4", {}, "no part 0 of 4"),
        ("5/4", {}, "no part 5 of 4"),
        ("1/0", {}, "no part 1 of 0"),
        ("auto/0", KUBERNETES, "no part of 0"),
        ("auto", {}, "none of JOB_COMPLETION_INDEX, CI_NODE_INDEX"),
        ("auto/4", {}, "SLURM_ARRAY_TASK_ID is set"),
        # GitLab sets it for every job, also for one without `parallel`.
        ("auto", {"CI_NODE_TOTAL": "1"}, "no engine says"),
        ("auto", KUBERNETES, "not known how many parts"),
        ("auto", PARALLEL, "not known how many parts"),
        ("auto/2", KUBERNETES, "no part 3 of 2"),
        ("auto/5", GITLAB, "CI_NODE_TOTAL=4 (GitLab parallel, from 1), and --shard says 5"),
        ("auto/4", {"CI_NODE_INDEX": "5"}, "no part 5 of 4"),
        ("auto", GITLAB | GITHUB, "two engines say different shards"),
        ("auto", GITHUB | {"CLOUD_RUN_TASK_INDEX": "2", "CLOUD_RUN_TASK_COUNT": "5"}, "not clear"),
        ("auto", GITLAB | {"CI_NODE_INDEX": "two"}, "CI_NODE_INDEX is set, and is no number"),
        ("auto", GITLAB | {"CI_NODE_TOTAL": "-4"}, "CI_NODE_TOTAL is set, and is no number"),
    ],
)
def test_what_is_not_clear_is_an_error_and_never_the_whole_fleet(
    text: str, variables: dict[str, str], words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read_shard(text, variables)
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        # --array=3 of one from 1 to 8, submitted again: with a COUNT of 1 it looks like a whole array.
        ("auto", slurm(3, 3, 3, 1)),
        ("auto", slurm(1, 1, 1, 1)),
        ("auto", slurm(0, 0, 0, 1)),
        # --array=1,3
        ("auto", slurm(3, 1, 3, 2)),
        # --array=2-4
        ("auto", slurm(3, 2, 4, 3)),
        # --array=0-14:2
        ("auto", slurm(2, 0, 14, 8, step=2)),
        ("auto/8", slurm(2, 0, 14, 8, step=2)),
        # 3 of 1 to 8, or of 0 to 7? Nothing tells.
        ("auto/8", slurm(3, 3, 3, 1)),
        ("auto/8", slurm(3, 1, 3, 2)),
        # Ten tasks, and eight parts.
        ("auto/8", slurm(3, 1, 10, 10)),
        ("auto/8", slurm(3, 0, 9, 10)),
        ("auto", {"SLURM_ARRAY_TASK_ID": "3"}),
        ("auto/8", {"SLURM_ARRAY_TASK_ID": "3"}),
    ],
)
def test_a_part_of_a_slurm_array_is_not_taken_for_the_whole(text: str, variables: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="which part of which array") as caught:
        read_shard(text, variables)
    assert '--shard "$SLURM_ARRAY_TASK_ID/' in str(caught.value.hint)
    assert '--shard "$((SLURM_ARRAY_TASK_ID + 1))/' in str(caught.value.hint)


def test_every_variable_that_is_looked_at_is_listed_once() -> None:
    assert len(set(SHARD_VARIABLES)) == len(SHARD_VARIABLES)
    looked_at = {*KUBERNETES, *GITLAB, *GITHUB, *BATCH, *CLOUD_RUN, *PARALLEL, *slurm(1, 1, 1, 1)}
    assert set(SHARD_VARIABLES) == looked_at
