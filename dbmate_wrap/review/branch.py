"""Compares a branch with its merge base: which migrations are new, which are merged, what was changed."""

import os
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dbmate_wrap.domain.finding import Check
from dbmate_wrap.errors import ConfigError
from dbmate_wrap.git.client import UnsafeRepositoryError
from dbmate_wrap.git.default_ref import default_ref, has_remote, is_shallow, known_ref
from dbmate_wrap.git.merge_base import ALL_HISTORY, MergeBase, read_merge_base
from dbmate_wrap.policy.lockfile_rules import amended_files, lines_of_base
from dbmate_wrap.settings import Environment, Values
from dbmate_wrap.workspace.project_files import ProjectFiles, sealed_names

_MOST_NAMES_SHOWN = 3
# Without a base: so many unsealed migrations are a history that was never sealed.
_MOST_IN_A_CHANGE = 20
# What a clone is compared with, where nobody names another.
_USUAL_REFS = ("origin/main", "origin/master")
_FETCH = "git fetch; or name the branch that this one is meant for: --base REF"


@dataclass(frozen=True)
class BranchDiff:
    """Names of migrations, and the checks with what they were compared with.

    `new` ones, and those that were amended, are checked in full, and the migrate:down of those in
    `round_trip` is tried on the shadow server; `merged` ones can no longer be changed. Where the base is not
    known, what is not sealed counts as new, and what is sealed as merged; without a remote, once it is
    committed. `sealed` are named only without a base: rules of files go by them.
    """

    base: MergeBase | None
    new: frozenset[str]
    round_trip: frozenset[str]
    merged: frozenset[str]
    checks: tuple[Check, ...]
    sealed: frozenset[str] = frozenset()

    def why_unmerged(self, name: str) -> str | None:
        """Return why nobody else can have the migration by way of git; None where somebody may."""
        base = self.base
        if base is not None:
            is_merged = name in base.files or name in base.tip_names or name in lines_of_base(base)
            return None if is_merged else f"{name} is not in {base.ref} yet"
        # A remote whose main branch is not known here may have it.
        no_remote = any(check.id == "base" and check.status == "skip" for check in self.checks)
        return "there is no remote that it was merged into" if no_remote else None


def compare_with_base(
    files: ProjectFiles,
    values: Values,
    config: Path | None,
    ref: str | None,
    *,
    every: bool,
    targets: Sequence[str] = (),
) -> BranchDiff:
    """Compare with `ref`, or else with the first of `targets` that is known, or the remote's main branch.

    `every` counts all migrations as new; `targets` are what the pipeline names. `values` name the folder and
    the lockfile; `config` is the configuration file, read at the base as well.

    Raises ConfigError for a `ref` that was asked for and cannot be used.
    """
    folder = values.migrations_dir
    places = (folder, values.lockfile, files.migrations, config)
    if ref is not None:
        return diff_branch(files, _with_option(read_merge_base(ref, *places)), every=every)
    try:
        target = known_ref(folder, targets)
        found = target or default_ref(folder)
        base = read_merge_base(found, *places) if found is not None else None
        if base is not None:
            base = replace(base, ref=base.ref.removeprefix("refs/remotes/"))
            base = _with_option(base) if target is not None else base
    except UnsafeRepositoryError:
        raise  # A branch must not keep itself from being compared.
    except ConfigError as error:
        # Nobody asked for it; but that nothing was compared must be seen.
        why = Check("base", "warn", f"compared with nothing: {error.message}", error.hint)
        return diff_branch(files, why, every=every)
    if base is not None:
        return diff_branch(files, base, every=every)
    why = _no_base(folder)
    is_committed = why.status == "skip" and known_ref(folder, ["HEAD"]) is not None
    committed = read_merge_base("HEAD", *places).files if is_committed else {}
    return diff_branch(files, why, every=every, committed=committed)


def _with_option(base: MergeBase) -> MergeBase:
    usual = base.ref in _USUAL_REFS
    return base if usual else replace(base, option=f" --base {shlex.quote(base.ref)}")


def allows_superuser(branch: BranchDiff) -> bool:
    """Return True where the base lets migrations be replayed by a superuser, or there is no base.

    What a branch itself says does not count: its migrations would run programs where the check runs.
    """
    if branch.base is None:
        return True
    try:
        document = tomllib.loads((branch.base.config or b"").decode())
    except ValueError:
        return False
    tables = [document]
    while tables:
        table = tables.pop()
        if table.get("shadow_superuser") is True:
            return True
        tables += [value for value in table.values() if isinstance(value, dict)]
    return False


def superuser_counts(environment: Environment, branch: BranchDiff) -> bool:
    """Return True where the pipeline or the base says `shadow_superuser`: not where only the branch does."""
    # A variable of the process is the pipeline's, not the branch's.
    by_pipeline = environment.sources["shadow_superuser"].startswith("DBMATE_WRAP_")
    allowed = environment.may_use("shadow_superuser") and allows_superuser(branch)
    return environment.values.shadow_superuser and (by_pipeline or allowed)


def diff_branch(
    files: ProjectFiles, base: MergeBase | Check, *, every: bool, committed: Mapping[str, str] | None = None
) -> BranchDiff:
    """Sort the migrations into new and merged; without a base, `base` is the check with the reason why.

    `committed` are the checksums at HEAD, by name, where there is no remote that anything is merged into.
    """
    names = frozenset(file.name for file in files.migrations)
    if isinstance(base, MergeBase):
        there, base = base, _by_lockfile(base)
        added = [file.name for file in files.migrations if file.name not in base.files]
        mended = sorted(amended_files(files.migrations, files.sealed, base))
        # What was amended runs for the first time where it failed.
        new = names if every else frozenset([*added, *mended])
        merged = frozenset(
            file.name for file in files.migrations if base.files.get(file.name) == file.checksum
        )
        checks = (_compared(there, base, added, mended),)
        return BranchDiff(base, new, new, frozenset() if every else merged, checks)
    if every:
        return BranchDiff(None, names, names, frozenset(), (base,))
    unsealed, sealed = names - {line.name for line in files.sealed}, sealed_names(files)
    merged, counts = sealed, "what is sealed"
    if base.status != "warn":
        # Nothing is ever merged here, and what was sealed a moment ago is not old.
        then = {file.name for file in files.migrations if (committed or {}).get(file.name) == file.checksum}
        merged, counts = sealed & then, "what is sealed and committed"
    if merged:
        base = replace(base, message=f"{base.message}; {counts} counts as merged")
    if len(unsealed) <= _MOST_IN_A_CHANGE:
        return BranchDiff(None, unsealed, unsealed, merged, (base,), sealed)
    # To try hundreds costs minutes.
    last = frozenset({max(unsealed, key=os.fsencode)})
    skipped = _round_trips_skipped(len(unsealed))
    return BranchDiff(None, unsealed, last, merged, (base, skipped), sealed)


def _by_lockfile(base: MergeBase) -> MergeBase:
    """The base, its filtered files with the checksums of its lockfile; those without a line count as new."""
    if not base.filtered:
        return base
    # None where the lockfile is broken there, or filtered too.
    sums = {name: line.checksum for name, line in lines_of_base(base).items()}
    files = {
        name: sums[name] if name in base.filtered else checksum
        for name, checksum in base.files.items()
        if name in sums or name not in base.filtered
    }
    return replace(base, files=files)


def _compared(there: MergeBase, base: MergeBase, added: Sequence[str], mended: Sequence[str]) -> Check:
    """The check `base`; findings against the base belong to the family `lockfile`, and are counted there.

    `there` is the base as git has it, `base` what the files were compared with.
    """
    unknown = sorted(there.files.keys() - base.files.keys())
    fresh = [name for name in added if name not in unknown]
    message = f"compared with {base.ref}: {len(fresh)} new{_named(fresh)}"
    if mended:
        message += f", {len(mended)} amended{_named(mended)}"
    if known := len(base.filtered) - len(unknown):
        message += f"; {known} by its lockfile, because a git filter changes the files"
    if not unknown:
        return Check("base", "pass", message)
    message += f"; {len(unknown)} not{_named(unknown)}: a git filter changes them, its lockfile lacks them"
    return Check("base", "warn", message, f"seal them in {base.ref}: dbmate-wrap seal")


def _named(names: Sequence[str]) -> str:
    more = ", ..." if len(names) > _MOST_NAMES_SHOWN else ""
    return f" ({', '.join(names[:_MOST_NAMES_SHOWN])}{more})" if names else ""


def _no_base(folder: Path) -> Check:
    if has_remote(folder):
        # As pipelines clone: what a merge would break must not pass without a word.
        message = "compared with nothing: the remote's main branch is not known"
        if is_shallow(folder):
            return Check("base", "warn", f"{message}, because the clone is shallow", ALL_HISTORY)
        return Check("base", "warn", message, _FETCH)
    return Check("base", "skip", "compared with nothing: no git repository with a remote")


def _round_trips_skipped(unsealed: int) -> Check:
    message = f"{unsealed} migrations are not sealed: only the last one's migrate:down is tried"
    hint = "try all of them once: dbmate-wrap check --all; then seal them"
    return Check("ways-down", "skip", message, hint)
