"""What `wait` waits for: one version, or what `up --phase before` would apply; and what is left of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.history import MigrationEntry, MigrationState, Phase, compare_history
from dbmate_wrap.domain.migration import MigrationFile, is_same_version, version_of
from dbmate_wrap.errors import ConfigError, PolicyError
from dbmate_wrap.migrations.directory import list_migrations
from dbmate_wrap.migrations.phase import set_phases
from dbmate_wrap.settings import Environment

_WITHOUT_FILES = (
    "where there are no migration files, name the version, as in --for 012; else say where they are, by the"
    " setting migrations_dir or by --project"
)


@dataclass(frozen=True)
class Awaited:
    """Either `version` is waited for, or of the `files` (of `folder`) what is to run before the rollout."""

    version: str | None = None
    files: tuple[MigrationFile, ...] = ()
    folder: str = ""

    @property
    def title(self) -> str:
        """What is waited for, as it is said before the database was seen."""
        return f"the migrations in {self.folder}" if self.version is None else f"version {self.version}"

    @property
    def known(self) -> frozenset[str]:
        """The versions of which the history has some, unless it is another project's; none: not known."""
        return frozenset(file.version for file in self.files)

    def find_left(self, applied: Sequence[str]) -> tuple[MigrationEntry, ...]:
        """Return what is waited for and is not among the applied versions, in order."""
        if self.version is None:
            return tuple(each for each in self._entries(applied) if each.phase is Phase.BEFORE)
        if self._find_recorded(applied) is not None:
            return ()
        return (MigrationEntry(self.version, None, MigrationState.PENDING, False, None),)

    def describe_left(self, left: Sequence[MigrationEntry], applied: Sequence[str]) -> str:
        """Return why the wait goes on, in words; `left` is not empty."""
        if self.version is not None:
            newest = f"the newest is {applied[-1]}" if applied else "nothing is"
            return f"{self.version} is not applied; {newest}"
        first, state = left[0], left[0].state.value
        late = " (older than one that is applied)" * (first.state is MigrationState.OUT_OF_ORDER)
        if len(left) == 1:
            return f"{first.file} is {state}{late}"
        return f"{count(len(left), 'migration')} are not applied, beginning with {first.file}{late}"

    def describe_end(self, applied: Sequence[str]) -> str:
        """Return what is applied, where nothing is left, and what was not waited for."""
        if self.version is not None:
            return f"{self._find_recorded(applied)} is applied"
        entries = self._entries(applied)
        done = [each.file for each in entries if each.applied and each.file is not None]
        held = [each.file for each in entries if each.phase is Phase.AFTER]
        text = f"{done[-1]} is applied" if done else "no migration is to be applied before the rollout"
        if not held:
            return text
        if len(held) == 1:
            return f"{text}\n{held[0]} comes after the rollout: it was not waited for"
        what = f"{count(len(held), 'migration')} come after the rollout, beginning with {held[0]}"
        return f"{text}\n{what}: they were not waited for"

    def _find_recorded(self, applied: Sequence[str]) -> str | None:
        """Return the version that is waited for as the history has it."""
        return next((each for each in applied if is_same_version(each, self.version or "")), None)

    def _entries(self, applied: Sequence[str]) -> tuple[MigrationEntry, ...]:
        # As for `up`: what is applied without a file here overtakes no file.
        newest = max(self.known.intersection(applied), default="")
        return set_phases(compare_history(self.files, (), applied, newest=newest), self.files)


def read_awaited(environment: Environment, version: str | None) -> Awaited:
    """Return what is waited for; without a version the migrations folder is read.

    Raises ConfigError where it has no migrations, PolicyError for one that dbmate would not run.
    """
    if version is not None:
        return Awaited(version)
    values = environment.values
    try:
        listing = list_migrations(values.migrations_dir)
    except ConfigError as error:
        raise error.but(hint=_WITHOUT_FILES) from None
    folder = environment.display_path(values.migrations_dir)
    # Else one might never be waited for: Kubernetes mounts the files of a ConfigMap as links.
    for stray in listing.strays:
        if version_of(stray.name) is not None:
            raise PolicyError(f"{folder}/{stray.name} {stray.reason}", hint=stray.hint, migration=stray.name)
    if not listing.files:
        raise ConfigError(f"the migrations folder {folder} has no migrations", hint=_WITHOUT_FILES)
    return Awaited(files=listing.files, folder=folder)
