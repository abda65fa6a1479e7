"""Mends a sealed migration that failed, where no protected environment has it applied."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dbmate_wrap.domain.finding import Check, CheckStatus
from dbmate_wrap.domain.history import Sealed, amend_command
from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration, checksum, is_same_version
from dbmate_wrap.domain.outcome import MigrationRow, Outcome
from dbmate_wrap.domain.reason import check_reason
from dbmate_wrap.errors import HistoryError, RefusedError, UsageError
from dbmate_wrap.git.former_text import find_former_text
from dbmate_wrap.migrations import lockfile
from dbmate_wrap.policy.file_rules import check_contents
from dbmate_wrap.review.branch import BranchDiff, compare_with_base, superuser_counts
from dbmate_wrap.workspace import project_files
from dbmate_wrap.workspace.applied_in import (
    EnvironmentAnswer,
    answer_check,
    applied_error,
    ask_environments,
    unasked_error,
)
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.project_files import ProjectFiles

# The one is what an amendment is about, the other what it has nothing to do with.
_EXPECTED = frozenset({"edited", "unsealed"})
_MOST_NAMES_SHOWN = 3


def amend(context: Context, outcome: Outcome, file: str, because: str, not_applied_in: Sequence[str]) -> None:
    """Give the line of the edited `file` its new checksum; it keeps the former one, with the reason above.

    Raises UsageError, RefusedError (20) where a protected environment has it applied or the new text makes
    another schema, UnreachableError (21) where one cannot be asked and is not in `not_applied_in`.
    """
    environment = context.environment
    reason = check_reason(because)
    for name in not_applied_in:
        context.project.environment(name)  # 10
    loaded = project_files.load_files(environment, context.project.policy)
    others = tuple(finding for finding in loaded.findings if finding.rule not in _EXPECTED)
    outcome.findings = list(others)
    files = replace(loaded, findings=others).checked()  # 12, 13
    edited, line = _find(files, file)
    amendment = _Amendment(context, outcome, files, edited, line, tuple(dict.fromkeys(not_applied_in)))
    amendment.refuse_where_protected()  # 20, 21
    amendment.refuse_another_schema()  # 10, 13, 20, 22, 30
    lockfile.amend_line(environment.values.lockfile, line, edited, reason)
    outcome.wrote = True
    outcome.migrations = [MigrationRow(edited.version, edited.name, "amended", None, edited.checksum)]
    where = environment.display_path(environment.values.lockfile)
    outcome.summary = f"{edited.name} amended in {where}: commit both, and run `dbmate-wrap check`"


def _find(files: ProjectFiles, wanted: str) -> tuple[MigrationFile, Sealed]:
    """Return the edited file, which is named by path, name or version, and its line in the lockfile."""
    name = wanted.replace("\\", "/").rpartition("/")[2]
    named = (each for each in files.migrations if each.name == name or is_same_version(each.version, name))
    found = next(named, None)
    if found is None:
        last = ", ".join(each.name for each in files.migrations[-_MOST_NAMES_SHOWN:]) or "none"
        raise UsageError(f"{wanted}: there is no such migration", hint=f"the last ones here: {last}")
    line = next((each for each in files.sealed if each.name == found.name), None)
    if line is None:
        hint = "it may be changed as it is; when it is ready: dbmate-wrap seal"
        raise UsageError(f"{found.name} is not sealed: there is nothing to amend", hint=hint)
    if line.checksum == found.checksum:
        hint = f"edit {files.folder}/{found.name} first"
        raise UsageError(f"{found.name} is as it was sealed: there is nothing to amend", hint=hint)
    return found, line


@dataclass(frozen=True)
class _Amendment:
    context: Context
    outcome: Outcome
    files: ProjectFiles
    file: MigrationFile
    line: Sealed
    not_applied_in: tuple[str, ...]

    def refuse_where_protected(self) -> None:
        """Raise where a protected environment has it applied, or cannot be asked and is not named."""
        name = self.file.name
        answers = self._ask(protected=True)
        if where := next((each.environment for each in answers if each.applied), None):
            raise applied_error(name, self.files.folder, f"{where}, which is protected")
        if unasked := [each for each in answers if self._is_open(each)]:
            named = (*self.not_applied_in, *(each.environment for each in unasked[1:]))
            raise unasked_error(unasked[0], name, named)

    def refuse_another_schema(self) -> None:
        """Raise where the new text makes another schema, unless only disposable databases ran the former."""
        context = self.context
        values = context.environment.values
        branch = compare_with_base(self.files, values, context.project.config_file, None, every=False)
        unmerged, answers = branch.why_unmerged(self.file.name), list[EnvironmentAnswer]()
        if unmerged is not None:
            answers = self._ask(protected=False)
            if not any(each.applied or self._is_open(each) for each in answers):
                message = f"not replayed: {unmerged}, and only disposable databases may have it"
                hint = "where one has it, undo it by the text that ran and apply this one: dbmate-wrap redo"
                self._report("skip", f"{message}: it may make another schema", hint)
                return
        former = self._former_text()
        if former is None:
            self._report("skip", "not replayed: dbmate cannot run the former text, so it was applied nowhere")
            return
        self._compare(former, branch, [each.environment for each in answers if self._is_open(each)])

    def _ask(self, *, protected: bool) -> list[EnvironmentAnswer]:
        """Ask the protected environments, or the others that are not disposable; each is a check."""
        wanted = [
            each
            for each in self.context.project.environments.values()
            if each.values.protected == protected and (protected or not each.values.disposable)
        ]
        answers = []
        for answer in ask_environments(self.context, self.files, self.file.version, wanted):
            answers.append(answer)
            said = "" if self._is_open(answer) else "you say that it is not applied there"
            self.outcome.checks.append(answer_check(answer, self.file.name, said))
        return answers

    def _is_open(self, answer: EnvironmentAnswer) -> bool:
        return answer.applied is None and answer.environment not in self.not_applied_in

    def _former_text(self) -> ParsedMigration | None:
        """Return the sealed text; None where dbmate would refuse it. Raises ConfigError, HistoryError.

        Where it was amended before and not committed since, the text before that: both make one schema.
        """
        name, folder = self.file.name, self.context.environment.values.migrations_dir
        wanted = (self.line.checksum, *reversed(self.line.former))
        content = find_former_text(folder, name, wanted)
        if content is None:
            raise HistoryError(
                f"git has no commit with the sealed text of {name}, so both texts cannot be compared",
                hint="fetch all of the history: git fetch --unshallow; where it was never committed: put it"
                " back, `git add` it, and edit it again",
                migration=name,
            )
        former = replace(self.file, checksum=checksum(content), content=content)
        return next(iter(check_contents([former], self.files.folder).migrations), None)

    def _compare(self, former: ParsedMigration, branch: BranchDiff, unasked: Sequence[str]) -> None:
        from dbmate_wrap.review.two_texts import compare_texts
        from dbmate_wrap.workspace.replay_setup import ReplaySetup

        context, name = self.context, self.file.name
        setup = ReplaySetup(context, superuser_counts(context.environment, branch))
        found = compare_texts(self.files, former, context.environment, setup, context.console)
        if found.former_failure is not None:
            message = (
                f"the former text cannot be applied there ({found.origin}) either, so it was applied nowhere"
            )
            self._report("pass", f"{message}: {found.former_failure}")
            return
        if found.difference:
            described = found.difference.describe(extra="also", missing="not", changed="otherwise")
            self._report("fail", f"the new text makes another schema: {described}")
            raise RefusedError(
                f"{name} makes another schema than its former text: {described}",
                hint=self._remedy_for_another_schema(unasked),
                migration=name,
            )
        self._report("pass", f"both texts make the same schema on {found.origin}")

    def _remedy_for_another_schema(self, unasked: Sequence[str]) -> str:
        """Return the hint; `unasked` are environments that may have applied what is not merged yet."""
        hint = (
            "where the former text ran, only a new migration can change what it made: let the new text make"
            " the same schema, and put the rest into a new one: dbmate-wrap new NAME"
        )
        options = " ".join(f"--not-applied-in {each}" for each in (*self.not_applied_in, *unasked))
        again = f"{amend_command(self.file.name)} {options}"
        return f"{hint}; or, where it ran in no such place: {again}" if unasked else hint

    def _report(self, status: CheckStatus, message: str, hint: str | None = None) -> None:
        self.outcome.checks.append(Check("shadow", status, message, hint))
