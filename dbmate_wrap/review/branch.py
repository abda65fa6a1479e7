"""Finds out what a branch adds: the base that it is compared with, its new and its old migrations."""

import os
from dataclasses import dataclass

from dbmate_wrap.domain.finding import Check, CheckStatus, Finding
from dbmate_wrap.errors import ConfigError
from dbmate_wrap.git.default_ref import default_ref, has_remote
from dbmate_wrap.git.merge_base import MergeBase
from dbmate_wrap.git.merge_base import read_merge_base as read_base
from dbmate_wrap.policy.rules.lockfile_base import beyond_base, check_base, unsealed_since
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.project_files import ProjectFiles, display_path

_NAMED_AT_MOST = 3
# Without a base: so many unsealed migrations are a history that was never sealed.
_MOST_IN_A_CHANGE = 20
_OF_NO_LINE = frozenset({"unsealed", "not-appended"})
_FETCH = (
    "git fetch, in CI of the whole history (GitHub: fetch-depth: 0, GitLab: GIT_DEPTH: 0); or name the"
    " branch that this one is meant for: --base REF"
)


@dataclass(frozen=True)
class BranchDiff:
    """Names of migrations: `new` ones are examined, the ways down of those in `tried` are gone on the shadow;
    `old` ones are merged and cannot be mended.

    Without a base nothing is known to be old, and new is what is not sealed.
    """

    base: MergeBase | None
    new: frozenset[str]
    tried: frozenset[str]
    old: frozenset[str]


def compare(context: Context, files: ProjectFiles, ref: str | None, *, every: bool) -> BranchDiff:
    """Compare with `ref`, or else with the remote's main branch; `every` takes all migrations for new.

    The outcome's check `base` says with what, or why with nothing. Raises ConfigError for a `ref` that was
    asked for and cannot be used.
    """
    base = _base(context, files, ref)
    names = frozenset(file.name for file in files.migrations)
    if every:
        return BranchDiff(base, names, names, frozenset())
    if base is None:
        unsealed = names - {line.name for line in files.sealed}
        return BranchDiff(None, unsealed, _tried(context, unsealed), frozenset())
    old = frozenset(file.name for file in files.migrations if base.files.get(file.name) == file.checksum)
    new = names - frozenset(base.files)
    return BranchDiff(base, new, new, old)


def compare_with_base(
    context: Context, files: ProjectFiles, base: MergeBase, reported: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    """`reported` with what was changed, removed or overtaken since the base."""
    values = context.environment.values
    folder = display_path(context, values.migrations_dir)
    lockfile = display_path(context, values.lockfile)
    left = beyond_base(reported, files.migrations, files.sealed, base, folder=folder, lockfile=lockfile)
    found = check_base(
        files.migrations,
        files.sealed,
        base,
        folder=folder,
        lockfile=lockfile,
        reported={(finding.rule, finding.file) for finding in left},
    )
    added = [file.name for file in files.migrations if file.name not in base.files]
    named = ", ".join(added[:_NAMED_AT_MOST]) + (", ..." if len(added) > _NAMED_AT_MOST else "")
    message = f"compared with {base.ref}: {len(added)} new" + (f" ({named})" if added else "")
    # What was found is of the family `lockfile`, and counted there.
    _note(context, "pass", message)
    # Where a line is gone, the advice to seal the file, or to number it anew, would be wrong.
    gone = unsealed_since(files.sealed, base, folder)
    kept = tuple(each for each in left if each.rule not in _OF_NO_LINE or each.file not in gone)
    return kept + found


def _tried(context: Context, unsealed: frozenset[str]) -> frozenset[str]:
    """Those of the unsealed migrations that are taken for one change: to try hundreds costs minutes."""
    if len(unsealed) <= _MOST_IN_A_CHANGE:
        return unsealed
    message = f"{len(unsealed)} migrations are not sealed: of these only the last one's way down is tried"
    hint = "try all of them once: dbmate-wrap check --all; then seal them"
    context.outcome.checks.append(Check("ways-down", "skip", message, hint))
    return frozenset({max(unsealed, key=os.fsencode)})


def _base(context: Context, files: ProjectFiles, ref: str | None) -> MergeBase | None:
    values = context.environment.values
    folder, lockfile = values.migrations_dir, values.lockfile
    if ref is not None:
        return read_base(ref, folder, lockfile, files.migrations)
    try:
        found = default_ref(folder)
        if found is not None:
            return read_base(found, folder, lockfile, files.migrations)
    except ConfigError as error:
        # Nobody asked for it; but that nothing was compared must be seen.
        _note(context, "warn", f"compared with nothing: {error.message}", error.hint)
        return None
    if has_remote(folder):
        # As pipelines clone: what a merge would break must not pass without a word.
        _note(context, "warn", "compared with nothing: the remote's main branch is not known", _FETCH)
    else:
        _note(context, "skip", "compared with nothing: no git repository with a remote")
    return None


def _note(context: Context, status: CheckStatus, message: str, hint: str | None = None) -> None:
    context.outcome.checks.append(Check("base", status, message, hint))
