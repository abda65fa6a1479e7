"""Finds the text that a file had before, by its checksum, in all that git knows of it."""

from collections.abc import Sequence
from pathlib import Path

from dbmate_wrap.domain.migration import checksum
from dbmate_wrap.errors import ConfigError
from dbmate_wrap.git.client import failure, is_no_repository, run_git
from dbmate_wrap.git.merge_base import read_blobs

# It goes through every commit that there is.
_TIMEOUT_SECONDS = 60.0
# Of all branches and stashes, and of what a branch has left behind by `commit --amend` or a rebase.
_ALL = ("--all", "--reflog", "--full-history", "-m")
_LOG = ("log", *_ALL, "--no-renames", "--no-abbrev", "--raw", "--format=")
_INDEX = ("ls-files", "--stage")


def find_former_text(folder: Path, name: str, wanted: Sequence[str]) -> bytes | None:
    """Return the bytes that the file had with the first of the checksums that a commit or the index has.

    None where there are none with any of them.

    Raises ConfigError: no git, no repository, git does not trust it, objects missing.
    """
    blobs = [_blob(line, 1) for line in _ask(folder, (*_INDEX, "--", name))]
    blobs += [_blob(line, column) for line in _ask(folder, (*_LOG, "--", name)) for column in (3, 2)]
    # A side of a change that is not there is all zeros.
    known = [blob for blob in dict.fromkeys(blobs) if blob.strip("0")]
    texts = {checksum(text): text for text in read_blobs(folder, known).values()}
    return next((texts[each] for each in wanted if each in texts), None)


def _ask(folder: Path, args: Sequence[str]) -> list[str]:
    try:
        done = run_git(folder, args, timeout=_TIMEOUT_SECONDS)
    except OSError as error:
        message = f"git cannot be started in {folder}: {error.strerror}"
        raise ConfigError(message, hint="install git: the sealed text is looked for there") from None
    if is_no_repository(done):
        raise failure(folder, done).but(hint="type it in the clone: the sealed text is looked for in git")
    if done.returncode != 0 or done.timed_out or done.truncated:
        raise failure(folder, done)
    return [line for line in done.stdout.splitlines() if "\t" in line]


def _blob(line: str, column: int) -> str:
    """Return the id at a place of a line before its tab: ``:100644 100644 OLD NEW M`` or ``100644 ID 0``."""
    return line.partition("\t")[0].split(" ")[column]
