"""Runs the command that prints a database URL, and reports failures without showing its output."""

import os
import re
import shlex
from pathlib import Path

from dbmate_wrap.domain.escape import drop_unprintable
from dbmate_wrap.errors import ConfigError, Fault
from dbmate_wrap.process import Command, Completed, run
from dbmate_wrap.redact import MASK, Redactor
from dbmate_wrap.settings.faults import config_error
from dbmate_wrap.settings.names import ENVIRONMENT_VARIABLE, UNPREFIXED, filled
from dbmate_wrap.settings.pydantic_plugins import NO_PLUGINS_VARIABLE

_TIMEOUT_SECONDS = 30.0
_URL_SECRET = re.compile(r"(://[^:/\s]*:).+@")
_NAMED_SECRET = re.compile(r"((?:password|passwd|secret|token|key)\s*[=:]\s*)\S+", re.IGNORECASE)


def split_command(command: str) -> list[str]:
    """Split a command line like a shell. Raises ValueError for an open quote or no words."""
    words = shlex.split(command)
    if not words or any("\0" in word for word in words):
        raise ValueError("must be a command line")
    return words


def run_url_command(
    command: str, *, environment: str, root: Path, source: str, target: str | None = None
) -> str:
    """Return the one line that the command prints, for a target of a fleet where one is given.

    Raises ConfigError for every other outcome.
    """
    argv = tuple(filled(word, environment, target) for word in split_command(command))
    whose = f"{environment}, target {target}," if target is not None else environment
    try:
        done = run(Command(argv, command_variables(environment), root), timeout=_TIMEOUT_SECONDS)
    except OSError as error:
        raise _failed(f"cannot be started: {error.strerror}", source, whose) from None
    if problem := _problem(done):
        raise _failed(problem + masked_reason(done), source, whose)
    return done.stdout.strip("\r\n")


def command_variables(environment: str) -> dict[str, str]:
    """Return the variables of a command of the settings.

    They are this process's, so that secret managers find their login, without database URLs, and without
    what is for this process's own pydantic alone.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith(UNPREFIXED) and name != NO_PLUGINS_VARIABLE
    }
    return inherited | {ENVIRONMENT_VARIABLE: environment}


def _problem(done: Completed) -> str | None:
    if done.timed_out:
        return f"did not end within {_TIMEOUT_SECONDS:g} s"
    if done.returncode < 0:
        return f"was ended by signal {-done.returncode}"
    if done.returncode:
        return f"failed with exit code {done.returncode}"
    if "\N{REPLACEMENT CHARACTER}" in done.stdout or "\0" in done.stdout:
        return "printed something that is not UTF-8 text"
    lines = done.stdout.strip("\r\n").splitlines()
    if not any(line.strip() for line in lines):
        return "printed nothing"
    return f"printed {len(lines)} lines, and a URL is one" if len(lines) > 1 else None


def masked_reason(done: Completed) -> str:
    """Return the last line on stderr, which usually names the reason; text from stdout is masked in it."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    if not lines:
        return ""
    printed = done.stdout.splitlines()
    words = [word for line in printed for word in (line.strip(), *re.split(r"[\s:@/]+", line))]
    masked = Redactor(words).mask(_URL_SECRET.sub(rf"\1{MASK}@", lines[-1]))
    masked = _NAMED_SECRET.sub(rf"\1{MASK}", masked)
    return ": " + drop_unprintable(masked[:200])


def _failed(problem: str, source: str, environment: str) -> ConfigError:
    message = f"the url_command of {environment} {problem}"
    hint = "run it by hand; it must print one line, the database URL, and end with exit code 0"
    return config_error(Fault(message, source, hint))
