"""Runs the command that is told of a run that wrote."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from dbmate_wrap.errors import Fault
from dbmate_wrap.process import Command, Completed, run
from dbmate_wrap.settings.environment import Environment
from dbmate_wrap.settings.faults import config_error
from dbmate_wrap.settings.layers import is_set_by_process
from dbmate_wrap.settings.names import PREFIX, filled
from dbmate_wrap.settings.url_command import command_variables, split_command

_KEY = "notify_command"
_TIMEOUT_SECONDS = 30.0
_WITH_SECRET = ("PGPASSWORD", f"{PREFIX}SHADOW_URL")
_URL = ("postgres://", "postgresql://")


def run_notify_command(
    environment: Environment, command: str, document: str, is_secret: Callable[[str], bool]
) -> Completed:
    """Give a masked document to the command of an environment, on stdin; return how it ended.

    Raises ConfigError where it cannot be started.
    """
    target = environment.target.name if environment.target is not None else None
    argv = tuple(filled(word, environment.name, target) for word in split_command(command))
    variables = {
        name: value
        for name, value in command_variables(environment.name).items()
        if name not in _WITH_SECRET and not value.startswith(_URL) and not is_secret(value)
    }
    with ExitStack() as stack:
        folder = environment.root
        if environment.url_sources.untrusted is not None and not is_set_by_process(_KEY):
            # Not in the checkout: many programs run what lies in their folder.
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        given = Command(argv, variables, folder, stdin=document.encode())
        try:
            return run(given, timeout=_TIMEOUT_SECONDS)
        except OSError as error:
            message = f"cannot be started: {error.strerror}"
            raise config_error(Fault(message, environment.sources[_KEY], None)) from None


def describe_failure(done: Completed) -> str | None:
    """Return how the command failed, without a word that it printed; None where it did not."""
    if done.timed_out:
        return f"did not end within {_TIMEOUT_SECONDS:g} s"
    return f"ended with {done.ending}" if done.returncode else None
