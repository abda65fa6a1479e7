"""Runs the command that prints the targets of a fleet."""

from pathlib import Path

from dbmate_wrap.domain.escape import drop_unprintable
from dbmate_wrap.errors import Fault
from dbmate_wrap.process import Command, Completed, run
from dbmate_wrap.settings.faults import config_error
from dbmate_wrap.settings.fleets import FleetSettings
from dbmate_wrap.settings.names import filled
from dbmate_wrap.settings.url_command import command_variables, masked_reason, split_command

_TIMEOUT_SECONDS = 120.0
# Of text: a hundred thousand targets with some labels.
LARGEST = 32 << 20


def run_targets_command(fleet: FleetSettings, command: str, root: Path) -> str:
    """Return what the command prints, run in the project's folder. Raises ConfigError where it fails."""
    argv = tuple(filled(word, fleet.environment, None) for word in split_command(command))
    try:
        done = run(
            Command(argv, command_variables(fleet.environment), root), timeout=_TIMEOUT_SECONDS, limit=LARGEST
        )
        problem = _problem(done)
    except OSError as error:
        done, problem = None, f"cannot be started: {error.strerror}"
    if problem is None and done is not None:
        return done.stdout
    reason = masked_reason(done) if done is not None else ""
    hint = "run it by hand; it must print a line for each target, and end with exit code 0"
    message = f"the targets_command of {fleet.name} {drop_unprintable(f'{problem}{reason}')}"
    raise config_error(Fault(message, fleet.sources["targets_command"], hint))


def _problem(done: Completed) -> str | None:
    if done.timed_out:
        return f"did not end within {_TIMEOUT_SECONDS:g} s"
    if done.returncode:
        return f"ended with {done.ending}"
    if done.truncated:
        return f"printed more than {LARGEST >> 20} MiB"
    return "printed something that is not UTF-8 text" if "\N{REPLACEMENT CHARACTER}" in done.stdout else None
