"""Runs git without prompts, without programs of the repository, and in bounded time."""

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from dbmate_wrap import process
from dbmate_wrap.errors import ConfigError

# A slow disk may need seconds for what takes milliseconds elsewhere.
TIMEOUT_SECONDS = 10.0
# Characters; as many as the migrations of a large project and the blobs that differ may have.
_LIMIT = 1 << 25
# Not GIT_*: inside a hook they name another repository or index than the folder's own. SUDO_UID: by it git
# trusts the repository of whoever called sudo.
_INHERITED = ("HOME", "PATH", "XDG_CONFIG_HOME", "SUDO_UID", "SYSTEMROOT", "USERPROFILE")
_FIXED = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
    # A partial clone fetches what it lacks, without a word where it may; but nobody is there to answer.
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GCM_INTERACTIVE": "never",
    "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
}
# A repository may name programs as its monitor and hooks: not here.
_ARGV = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_UNTRUSTED = re.compile(r"(?:dubious ownership|unsafe repository)[^']*'([^'\n]*)'")
_NO_REPOSITORY = "not a git repository"


class UnsafeRepositoryError(ConfigError):
    """A folder of the checkout that git would take for a repository: its configuration may name programs."""


def run_git(
    folder: Path, args: Sequence[str], *, stdin: bytes = b"", timeout: float | None = None
) -> process.Completed:
    """Run `git args` in `folder`; bytes that are not UTF-8 come as surrogates, so that nothing is lost.

    `timed_out` in the result: it took longer than `timeout` seconds, or TIMEOUT_SECONDS. Raises OSError where
    there is no git or no folder, UnsafeRepositoryError where a branch has put a repository.
    """
    _refuse_bare(folder)
    env = process.inherited(_INHERITED) | _FIXED
    command = process.Command((*_ARGV, *args), env, folder, stdin=stdin, undecodable="surrogateescape")
    return process.run(command, limit=_LIMIT, timeout=timeout or TIMEOUT_SECONDS)


def ask_git(folder: Path, args: Sequence[str], *, stdin: bytes = b"", nothing: int = 0) -> str:
    """Return git's output; empty where it ends with the code `nothing`. Raises ConfigError for any other."""
    try:
        done = run_git(folder, args, stdin=stdin)
    except OSError as error:
        message = f"git cannot be started in {folder}: {error.strerror}"
        raise ConfigError(message, hint="install git, or leave --base out") from None
    if done.returncode not in (0, nothing) or done.timed_out or done.truncated:
        raise failure(folder, done)
    return done.stdout if done.returncode == 0 else ""


def _refuse_bare(folder: Path) -> None:
    """Raise UnsafeRepositoryError where git would find a bare repository before the folder's own.

    Any branch may commit one: its files are HEAD, config, objects/ and refs/, in any folder.
    """
    for each in (folder, *folder.parents):
        if os.path.lexists(each / ".git"):
            return
        parts = [name for name in ("objects", "commondir") if os.path.lexists(each / name)]
        if parts and os.path.lexists(each / "HEAD"):
            message = f"git would take {each} for a repository of its own, and run what that names"
            raise UnsafeRepositoryError(message, hint=f"remove HEAD and {parts[0]} from {each}")


def is_no_repository(done: process.Completed) -> bool:
    """Return True where git reports that it found no repository."""
    return done.returncode == 128 and _NO_REPOSITORY in done.stderr


def failure(folder: Path, done: process.Completed) -> ConfigError:
    """Return the error for a failed git command, in git's own words, with a remedy where one is known."""
    where = shlex.quote(str(folder))
    # Without the options that all calls have.
    command = " ".join(["git", *done.argv[len(_ARGV) :][:2]])
    if done.timed_out:
        return ConfigError(
            f"`{command}` in {folder} was stopped after {TIMEOUT_SECONDS:g} s",
            hint=f"see what it waits for: git -C {where} status",
        )
    if done.truncated:
        return ConfigError(f"`{command}` in {folder} printed more than {_LIMIT >> 20} MiB")
    if is_no_repository(done):
        return ConfigError(f"{folder} is not in a git repository", hint="leave --base out")
    words = done.stderr.strip()
    if match := _UNTRUSTED.search(words):
        return ConfigError(
            f"git does not trust the repository {match[1]}: it belongs to another user",
            hint=f"if you do: git config --global --add safe.directory {shlex.quote(match[1])}",
        )
    first = words.splitlines()[-1] if words else done.ending
    return ConfigError(f"`{command}` failed in {folder}: {first}", hint=f"look at it: git -C {where} status")
