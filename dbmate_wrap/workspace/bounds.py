"""What a run is to apply: up to a version, and where it is told so only what is to run before the rollout."""

import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.history import Phase, amend_command
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.errors import PolicyError
from dbmate_wrap.migrations.phase import phases
from dbmate_wrap.workspace.history import History, pending
from dbmate_wrap.workspace.project_files import ProjectFiles

if TYPE_CHECKING:
    from dbmate_wrap.dbmate.binary import Binary


class Todo(NamedTuple):
    """The migrations to apply, in order, and those that are left for the time after the rollout."""

    migrations: tuple[ParsedMigration, ...]
    held: tuple[ParsedMigration, ...] = ()

    def among(self, names: Collection[str]) -> "Todo":
        """Return those of these files alone."""
        first, left = (
            tuple(each for each in some if each.file.name in names) for some in (self.migrations, self.held)
        )
        return Todo(first, left)


@dataclass(frozen=True)
class Bounds:
    """The bounds of a run, as the options give them; without `phase` it applies whatever is pending."""

    to: str | None = None
    phase: Phase | None = None

    def find(self, found: History, files: ProjectFiles) -> Todo:
        """Return what is pending within the bounds.

        Raises UsageError for an unknown version. Where a phase was given, PolicyError (12) for a comment that
        is meant to give one and does not: the migration would run on the wrong side of the rollout.
        """
        left = pending(found, files, self.to)
        if self.phase is None:
            return Todo(left)
        _raise_for_faults(left, files)
        first = phases([each.file for each in left]).count(Phase.BEFORE)
        return Todo(left[:first], left[first:])

    def describe_nothing(self, found: History) -> str:
        """Return the summary where no migration has to be applied."""
        upto = f" up to {self.to}" if self.to is not None else ""
        side = f" {self.phase} the rollout" if self.phase is not None else ""
        return f"nothing is pending{upto}{side}: {count(len(found.applied), 'migration')} applied before"

    def describe_stop(self, held: Sequence[ParsedMigration], environment: str) -> str:
        """Return lines for a summary: where the run ends, why, and what to type then; "" for none held."""
        if not held:
            return ""
        first, *later = [each.file.name for each in held]
        lines = f"\nstopped in front of {first}, which waits for the rollout"
        if len(later) == 1:
            lines += f"\n{later[0]} comes after it, and waits too"
        elif later:
            lines += f"\nthe {count(len(later), 'migration')} after it wait too: the order stays"
        bound = f" --to {shlex.quote(self.to)}" if self.to is not None else ""
        command = f"dbmate-wrap up -e {shlex.quote(environment)}{bound}"
        return f"{lines}\nonce the new code is out everywhere: `{command}`"


@dataclass(frozen=True)
class UpRequest:
    """What is applied, to one database or to each of several; `binary` is None where it is verified later."""

    files: ProjectFiles
    wanted: Bounds
    yes: bool
    binary: "Binary | None" = None


def _raise_for_faults(migrations: Sequence[ParsedMigration], files: ProjectFiles) -> None:
    from dbmate_wrap.policy.phase_comment import find_phase_faults

    sealed = {line.name for line in files.sealed}
    for migration in migrations:
        name = migration.file.name
        for fault in find_phase_faults(migration):
            mend = f"; it is sealed, so then: `{amend_command(name)}`" if name in sealed else ""
            raise PolicyError(
                f"{name} {fault.message}", hint=f"{fault.hint}{mend}", migration=name, line=fault.line
            )
