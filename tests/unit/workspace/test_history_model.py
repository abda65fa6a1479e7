"""Some runs of the model of a project and its database; `scripts/model_runs.py` makes a thousand."""

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.history_machine import HistoryMachine


def test_nothing_runs_twice_and_what_disagrees_is_refused() -> None:
    few = settings(max_examples=25, stateful_step_count=40, derandomize=True)
    run_state_machine_as_test(HistoryMachine, settings=few)
