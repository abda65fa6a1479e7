"""Proves a pull request without a shared database: files, lockfile, base, SQL, hazards, replay."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.finding import Check, Finding
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ConfigError, InterruptedRun, WrapError
from dbmate_wrap.policy import sql_rules
from dbmate_wrap.policy.file_rules import notices_in_old_files
from dbmate_wrap.policy.findings_error import findings_error
from dbmate_wrap.policy.lockfile_rules import check_base
from dbmate_wrap.review.branch import BranchDiff, compare_with_base, superuser_counts
from dbmate_wrap.review.hazards import find_hazards
from dbmate_wrap.review.lint import LintInput, LintResult, count_findings, lint
from dbmate_wrap.review.renumbering import with_command
from dbmate_wrap.review.sql_findings import find_in_sql
from dbmate_wrap.settings.pull_request import pipeline_targets
from dbmate_wrap.workspace import project_files
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.project_files import LoadedFiles, ProjectFiles

if TYPE_CHECKING:
    from dbmate_wrap.review.replay_report import ReplayReport


def check(context: Context, outcome: Outcome, *, base: str | None, all_files: bool, shadow: bool) -> None:
    """Check everything that a branch adds; findings and checks are in the outcome.

    `base` is the git commit to compare with, `all_files` checks merged files like new ones, `shadow` replays
    the history. Raises PolicyError (12), HistoryError (13), or what the replay raises.
    """
    environment, values = context.environment, context.environment.values
    raw = project_files.load_raw_files(environment)
    if raw.broken_lockfile is not None:
        _raise_for_lockfile(context, outcome, raw, base)  # 12, 13
    files = raw.files
    branch = compare_with_base(
        files, values, context.project.config_file, base, every=all_files, targets=pipeline_targets()
    )
    outcome.checks = [*branch.checks]
    with _begin_replay(context, files, branch) if shadow and files.parsed else nullcontext() as finish:
        given = _lint_input(context, files, raw.findings, branch)
        result = lint(given)
        _record(outcome, given, result, branch)
        if not shadow:
            outcome.checks.append(Check("shadow", "skip", "replay skipped: --no-shadow"))
        elif result.stops_replay:
            outcome.checks.append(Check("shadow", "skip", "replay skipped: fix the errors first"))
        elif finish is None:
            outcome.checks.append(Check("shadow", "pass", "nothing to replay"))
        else:
            result = _finish_replay(outcome, given, result, finish)
    _raise_for_findings(result, given.rules.folder)
    outcome.summary = _summary(files, result.findings)


def _raise_for_lockfile(context: Context, outcome: Outcome, raw: LoadedFiles, base: str | None) -> None:
    """Raise for a lockfile that cannot be read; where the base tells, with the command that settles it."""
    config, values = context.project.config_file, context.environment.values
    with suppress(ConfigError):  # Of the base, which is not what is wrong first.
        branch = compare_with_base(raw.files, values, config, base, every=False, targets=pipeline_targets())
        raw = with_command(raw, branch)
    loaded = project_files.resolve(raw, context.project.policy)
    loaded.report_to(outcome)
    loaded.checked()


def _lint_input(
    context: Context, files: ProjectFiles, reported: tuple[Finding, ...], branch: BranchDiff
) -> LintInput:
    values, policy = context.environment.values, context.project.policy
    folder = files.folder
    lockfile = context.environment.display_path(values.lockfile)
    if branch.base is not None:
        reported = check_base(
            reported, files.migrations, files.sealed, branch.base, folder=folder, lockfile=lockfile
        )
    reported = notices_in_old_files(reported, folder, branch.merged | branch.sealed)
    schema, _, table = values.migrations_table.rpartition(".")
    # pg_dump wrote the baseline: it applies to no running system.
    baseline = sql_rules.baseline_name([file.name for file in files.migrations])
    new = [each for each in files.parsed if each.file.name in branch.new - {baseline}]
    hazards = find_hazards(
        new,
        files.parsed,
        folder=folder,
        policy=policy.severities,
        scripts_dir=context.scripts_dir,
        search_path=context.search_path,
    )
    rules = sql_rules.RuleContext((schema or None, table), folder, branch.merged)
    in_sql = find_in_sql(files.parsed, rules, context.project.root)
    return LintInput(files, reported, branch, rules, in_sql, hazards, policy)


def _record(outcome: Outcome, given: LintInput, result: LintResult, branch: BranchDiff) -> None:
    outcome.findings = [*result.findings]
    # That nothing was compared comes first: it is why the rest looks as it does.
    first = [check for check in branch.checks if check.status == "warn"]
    outcome.checks = [*first, *result.checks, *(check for check in branch.checks if check not in first)]
    outcome.old_files = [f"{given.files.folder}/{name}" for name in branch.merged | branch.sealed]
    outcome.sources = project_files.texts_of(given.files, result.findings)


def _raise_for_findings(result: LintResult, folder: str) -> None:
    if error := findings_error(result.findings, folder):
        raise error


@contextmanager
def _begin_replay(
    context: Context, files: ProjectFiles, branch: BranchDiff
) -> "Iterator[Callable[[], ReplayReport]]":
    """Open the shadow server in another thread; give the function that replays."""
    from dbmate_wrap.review.replay import begin_replay
    from dbmate_wrap.workspace.replay_setup import ReplaySetup

    environment, console = context.environment, context.console
    superuser = superuser_counts(environment, branch)
    if environment.values.shadow_superuser and not superuser:
        console.say("warning: shadow_superuser counts once the base has it too: the replay goes on without")
    setup = ReplaySetup(context, superuser)
    with begin_replay(files, branch.round_trip, environment, setup, console) as finish:
        yield finish


def _finish_replay(
    outcome: Outcome, given: LintInput, result: LintResult, finish: "Callable[[], ReplayReport]"
) -> LintResult:
    """Replay, and judge again with what that has found."""
    try:
        replayed = finish()
    except WrapError as error:
        outcome.checks.append(Check("shadow", "fail", error.message.split("\n", 1)[0]))
        if not isinstance(error, InterruptedRun):
            # The server did not accept what the parser refuses: then the broken rule is the error.
            _raise_for_findings(result, given.rules.folder)
        raise
    result = lint(given, replayed.findings)
    _record(outcome, given, result, given.branch)
    outcome.checks.append(count_findings(Check("shadow", "pass", replayed.message), result.findings))
    outcome.checks += [row for row in (replayed.roles, replayed.server_warnings) if row is not None]
    return result


def _summary(files: ProjectFiles, findings: Sequence[Finding]) -> str:
    warnings = sum(finding.severity == "warning" for finding in findings)
    counted = f", {count(warnings, 'warning')}" if warnings else ""
    return f"{count(len(files.migrations), 'migration')} checked: no errors{counted}"
