"""Reads the migrations at the merge base, with which a pull request is compared."""

import hashlib
import io
import os
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dbmate_wrap.domain.migration import MigrationFile, checksum, version_of
from dbmate_wrap.errors import ConfigError
from dbmate_wrap.git.client import ask_git

# The attributes by which a checkout has other bytes than the blob, besides line ends.
_CONVERTING = ("filter", "ident", "working-tree-encoding")
# Common names of branches; git allows more.
_BRANCH = re.compile(r"\w[\w./#+-]*", re.ASCII)
_SHA1_DIGITS = 40
_OBJECT_ID = re.compile(r"[0-9a-f]{7,64}")
# Enough of a commit's id for git and for people.
_ID_LENGTH = 12
ALL_HISTORY = (
    "in CI clone with fetch-depth: 0 (GitHub) or GIT_DEPTH: 0 (GitLab); here: `git fetch --unshallow`"
)


@dataclass(frozen=True)
class MergeBase:
    """The commit that a branch is compared with: `commit` is the merge base of `ref` and HEAD.

    `files` are the migrations of the folder at `commit`, from name to checksum, in dbmate's order; `lockfile`
    its bytes there, None where it did not exist; `tip_names` the migrations at `ref` itself, in order;
    `config` the bytes of the configuration file there, None where there is none. `filtered` are files of
    which git keeps other bytes than a checkout has: their checksums say nothing. `option` names `ref` to a
    command that would compare with another one without it.
    """

    ref: str
    commit: str
    files: Mapping[str, str]
    lockfile: bytes | None = field(repr=False)
    tip_names: tuple[str, ...]
    config: bytes | None = field(default=None, repr=False)
    filtered: frozenset[str] = frozenset()
    option: str = ""

    def restore_command(self, path: str) -> str:
        """The git command that restores the file at `path` as it is at `commit`."""
        return f"git checkout {self.commit[:_ID_LENGTH]} -- {shlex.quote(path)}"


def read_merge_base(
    ref: str, folder: Path, lockfile: Path, present: Sequence[MigrationFile], config: Path | None = None
) -> MergeBase:
    """Read the merge base from the repository of `folder`.

    `present` are the folder's migrations as they are now: unchanged files are not read again. A folder that
    is new since has no files. Raises ConfigError: no git, no repository, git does not trust it,
    unknown ref, no commit yet, nothing in common (a shallow clone), objects missing.
    """
    shallow, prefix = _place(folder)
    tip = _tip(folder, ref, shallow)
    commit = _merge_base(folder, ref, tip, shallow)
    lock_path = _in_tree(folder, prefix, lockfile)
    config_path = _in_tree(folder, prefix, config) if config is not None else ""
    paths = [prefix or "./", *filter(None, (lock_path, config_path))]
    tree = _list_files(folder, commit, paths)
    blobs = _migrations(tree, prefix)
    tip_blobs = blobs if tip == commit else _migrations(_list_files(folder, tip, paths[:1]), prefix)
    lock_blob, config_blob = tree.get(lock_path), tree.get(config_path)
    same = {file.name: file for file in present if _is_blob(blobs.get(file.name), file.content)}
    unread = {blob for name, blob in blobs.items() if name not in same}
    texts = read_blobs(folder, unread.union(filter(None, (lock_blob, config_blob))))
    files = {
        name: same[name].checksum if name in same else checksum(texts[blob]) for name, blob in blobs.items()
    }
    lock, configured = (texts[blob] if blob else None for blob in (lock_blob, config_blob))
    changed = [file.name for file in present if file.name in blobs and file.name not in same]
    return MergeBase(ref, commit, files, lock, tuple(tip_blobs), configured, _filtered(folder, changed))


def _filtered(folder: Path, names: Collection[str]) -> frozenset[str]:
    """Return those of the names that have an attribute by which a checkout changes more than line ends.

    No filter is run to compare them: it is a program that the configuration names.
    """
    if not names:
        return frozenset()
    paths = "".join(f"{name}\0" for name in names).encode("utf-8", "surrogateescape")
    out = ask_git(folder, ["check-attr", "-z", "--stdin", *_CONVERTING], stdin=paths)
    fields = out.split("\0")[:-1]
    pairs = zip(fields[::3], fields[2::3], strict=True)
    return frozenset(name for name, value in pairs if value not in ("unspecified", "unset"))


def _place(folder: Path) -> tuple[bool, str]:
    """Return True for a shallow clone, and the folder from the top of the tree: "" or ending in a slash."""
    out = ask_git(folder, ["rev-parse", "--is-shallow-repository", "--show-prefix"])
    shallow, _, prefix = out.partition("\n")
    return shallow == "true", prefix.removesuffix("\n")


def _tip(folder: Path, ref: str, shallow: bool) -> str:
    # No name that git allows begins with a dash, which would be an option, or has a line end.
    if ref and ref.isprintable() and not ref.startswith("-"):
        out = ask_git(folder, ["rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"], nothing=1)
        if out:
            return out.strip()
    raise ConfigError(f"git knows no commit {ref!r} in {folder}", hint=_fetch(folder, ref, shallow))


def _fetch(folder: Path, ref: str, shallow: bool) -> str:
    """Return the hint for an unknown ref: a remote's branch is known only once it was fetched."""
    remotes = ask_git(folder, ["remote"]).split()
    if not remotes:
        return "name a branch that is here: git branch --all"
    remote, _, branch = ref.partition("/")
    if remote not in remotes:
        remote, branch = ("origin" if "origin" in remotes else remotes[0]), ref
    if _OBJECT_ID.fullmatch(branch):
        return f"git fetch {remote} {branch}" + (f"; {ALL_HISTORY}" if shallow else "")
    if not _BRANCH.fullmatch(branch):
        return f"name a branch that is here: git branch --all{f'; {ALL_HISTORY}' if shallow else ''}"
    # A clone of one branch keeps no other one under refs/remotes unless told where.
    fetch = f"git fetch {remote} {branch}:refs/remotes/{remote}/{branch}, then --base {remote}/{branch}"
    return f"{fetch}; this clone is shallow: {ALL_HISTORY}" if shallow else fetch


def _merge_base(folder: Path, ref: str, tip: str, shallow: bool) -> str:
    if not ask_git(folder, ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], nothing=1):
        raise ConfigError(f"HEAD has no commit yet in {folder}: there is nothing to compare with {ref}")
    out = ask_git(folder, ["merge-base", tip, "HEAD"], nothing=1)
    if out:
        return out.split("\n")[0]
    if shallow:
        raise ConfigError(f"where HEAD left {ref} is not known here: the clone is shallow", hint=ALL_HISTORY)
    hint = "name the branch that this one began from: --base REF"
    raise ConfigError(f"HEAD and {ref} have no commit in common", hint=hint)


def _in_tree(folder: Path, prefix: str, path: Path) -> str:
    """Return the path from the top of the tree, empty outside of it. Git resolves the folder's links too."""
    relative = os.path.relpath(path.parent.resolve() / path.name, folder.resolve())
    # From `prefix`, so that a path out of the tree begins with two dots.
    found = os.path.normpath(os.path.join(prefix, relative)).replace(os.sep, "/")
    return "" if found == ".." or found.startswith(("../", "/")) else found


def _migrations(tree: Mapping[str, str], prefix: str) -> Mapping[str, str]:
    """Map names to blob ids, in dbmate's order, without sub-folders and files that dbmate skips."""
    names = {
        path.removeprefix(prefix): blob
        for path, blob in tree.items()
        if path.startswith(prefix) and version_of(path.removeprefix(prefix)) is not None
    }
    return {name: names[name] for name in sorted(names, key=os.fsencode) if "/" not in name}


def _list_files(folder: Path, commit: str, paths: Collection[str]) -> Mapping[str, str]:
    """Map paths to blob ids for the regular files among `paths` (from the top of the tree) in the commit.

    A path that ends in a slash stands for the files in that folder. Links, submodules, sub-folders and
    missing paths are left out.
    """
    out = ask_git(folder, ["ls-tree", "-z", "--full-tree", commit, "--", *paths])
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
    out = ask_git(folder, ["cat-file", "--batch"], stdin=wanted)
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


def _is_blob(blob: str | None, content: bytes) -> bool:
    """Return True where `blob` is git's id of these bytes, or of the same bytes before a CRLF checkout."""
    texts = (content, content.replace(b"\r\n", b"\n"))
    return blob is not None and any(blob == _id(text, len(blob)) for text in texts)


def _id(content: bytes, digits: int) -> str:
    # git hash-object; a repository has one of the two formats.
    name = "sha1" if digits == _SHA1_DIGITS else "sha256"
    return hashlib.new(name, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
