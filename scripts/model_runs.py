"""Play the model of tests/support/history_machine.py many times; the same seed plays the same runs.

    .venv/bin/python scripts/model_runs.py [--runs 1000] [--steps 40] [--seed 1]

A run that shows something wrong is made as short as it can be, and printed step by step; the exit code is 1.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.history_machine import HistoryMachine, counts


def main() -> int:
    """Play the runs, and print how often each thing happened in them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=40, help="at most so many steps a run")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    many = settings(
        max_examples=asked.runs,
        stateful_step_count=asked.steps,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    failed = False
    try:
        run_state_machine_as_test(seed(asked.seed)(HistoryMachine), settings=many)
    except AssertionError as error:
        print(f"wrong: {error}", *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        failed = True
    for what, number in counts(HistoryMachine).items():
        print(f"{number:>6}  {what}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
