"""Lists the files of a commit and reads the bytes of blobs."""

import hashlib
import io
from collections.abc import Collection, Mapping
from pathlib import Path

from dbmate_wrap.errors import ConfigError
from dbmate_wrap.git.client import ask_git

_SHA1_DIGITS = 40


def list_files(folder: Path, commit: str, paths: Collection[str]) -> Mapping[str, str]:
    """Map paths to blob ids for the regular files among `paths` (from the top of the tree) in the commit.

    A path that ends in a slash stands for the files in that folder. Links, submodules, sub-folders and
    missing paths are left out.
    """
    out = ask_git(folder, ["ls-tree", "-z", "--full-tree", commit, "--", *paths]) or ""
    files: dict[str, str] = {}
    for entry in out.split("\0")[:-1]:
        facts, _, path = entry.partition("\t")
        mode, _, blob = facts.split(" ")
        if mode.startswith("100"):
            files[path] = blob
    return files


def read_blobs(folder: Path, blobs: Collection[str]) -> Mapping[str, bytes]:
    """Map blob ids to bytes. Raises ConfigError for a blob that is missing and cannot be fetched."""
    if not blobs:
        return {}
    wanted = "".join(f"{blob}\n" for blob in blobs).encode()
    out = ask_git(folder, ["cat-file", "--batch"], stdin=wanted) or ""
    answers = io.BytesIO(out.encode("utf-8", "surrogateescape"))
    found: dict[str, bytes] = {}
    while head := answers.readline().decode():
        blob, kind, *size = head.split()
        if kind != "blob":
            raise ConfigError(
                f"git has no object {blob} in {folder}: the clone is not complete",
                hint="fetch all of it: git fetch --refetch --no-filter",
            )
        found[blob] = answers.read(int(size[0]))
        answers.readline()  # The line end after the content.
    return found


def is_blob(blob: str, content: bytes) -> bool:
    """Return True where `blob` is git's id of these bytes, or of the same bytes before a CRLF checkout."""
    if blob == _id(content, len(blob)):
        return True
    return b"\r\n" in content and blob == _id(content.replace(b"\r\n", b"\n"), len(blob))


def _id(content: bytes, digits: int) -> str:
    # git hash-object; a repository has one of the two formats.
    data = b"blob %d\0" % len(content) + content
    if digits == _SHA1_DIGITS:
        return hashlib.sha1(data, usedforsecurity=False).hexdigest()
    return hashlib.sha256(data).hexdigest()
