"""Gives databases in which the project's migrations were applied, all or the first of them, to tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.migration import is_same_version
from dbmate_wrap.domain.similar_name import similar_name
from dbmate_wrap.errors import UsageError
from dbmate_wrap.review.replay_means import DumpStore, ReplayMeans
from dbmate_wrap.review.replay_progress import ReplayProgress
from dbmate_wrap.review.replay_tools import failures_as_errors, make_tools
from dbmate_wrap.shadow import replay as shadow_replay
from dbmate_wrap.shadow.replay import ReplayPlan
from dbmate_wrap.shadow.scratch import ReplayTools, ScratchDatabase
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from dbmate_wrap.workspace.shadow_server import ShadowChoice

# Each version that a test of a migration begins at has a template.
_MOST_TEMPLATES = 40


@dataclass
class _Server:
    """An open server, and what works on its databases."""

    means: ReplayMeans
    pool: ScratchPool
    store: DumpStore
    should_stop: Callable[[], bool]

    @cached_property
    def makes_roles(self) -> bool:
        """True where the migrations make roles, and where that is not known: they have no template."""
        return self.pool.roles_of(self.store.keys[-1]) != frozenset()

    @cached_property
    def tools(self) -> ReplayTools:
        """The tools for any of the migrations; a copy of a template does without."""
        bind = self.means.setup.start_dbmate()
        tools = make_tools(self.means, self.pool, self.store, bind, self._whole, self.progress)
        return replace(tools, events=replace(tools.events, should_stop=self.should_stop))

    @cached_property
    def progress(self) -> ReplayProgress:
        """The progress of what is replayed."""
        return ReplayProgress(self.means.console, self._whole, self.pool.origin)

    @contextmanager
    def database(self, plan: ReplayPlan) -> Iterator[DatabaseUrl]:
        """Give a database with the migrations of the plan; where these had no template they get one."""
        if plan.start == plan.base:
            with self.pool.scratch(plan.key(plan.base)) as handle:
                yield handle.url
            return
        with ExitStack() as stack:
            with failures_as_errors(self.means, self.tools, self.progress):
                database = stack.enter_context(shadow_replay.open_state(self.tools, plan))
            yield database.url

    def apply(self, url: DatabaseUrl, length: int) -> None:
        """Apply what the database lacks of the first `length` migrations. Raises as the replay."""
        database = ScratchDatabase(url, self.tools)
        applied = database.history().versions
        due = [each for each in self._whole.migrations[:length] if each.file.version not in applied]
        with failures_as_errors(self.means, self.tools, self.progress):
            database.apply(due)

    @property
    def _whole(self) -> ReplayPlan:
        migrations = self.means.files.parsed
        return ReplayPlan(migrations, self.store.keys, (), len(migrations), 0)


@dataclass(frozen=True)
class MigratedCopy:
    """A database of one test."""

    url: DatabaseUrl
    _server: _Server = field(repr=False)

    def migrate(self, to: str | None) -> None:
        """Apply what it lacks up to the version `to` (None: everything).

        Raises UsageError for a version that there is not, FailedError for a migration that fails.
        """
        migrations = self._server.means.files.parsed
        self._server.apply(self.url, len(migrations) if to is None else _length_to(self._server.means, to))


@dataclass(frozen=True)
class MigratedCopies:
    """The server of a session of tests, which has a template of all migrations."""

    _server: _Server
    _choice: ShadowChoice

    @contextmanager
    def copy(self, version: str | None = None) -> Iterator[MigratedCopy]:
        """Give a database with all migrations up to that version (None: all), for the time of the block.

        Raises UsageError for a version that there is not; for migrations that fail as the replay.
        """
        length = len(self._server.means.files.parsed)
        if version is not None:
            length = _length_to(self._server.means, version)
        with self._server_for(length) as server:
            plan = _plan(server, length, server.pool.longest_template)
            with server.database(plan) as url:
                yield MigratedCopy(url, server)

    @contextmanager
    def _server_for(self, length: int) -> Iterator[_Server]:
        """Give the server of the session, or another one where its roles would be in the way.

        A role belongs to a server, and this one has those of all migrations: one that makes a role would
        fail on it.
        """
        keys, open_another = self._server.store.keys, self._choice.open_another
        if length == len(keys) or open_another is None or not self._server.makes_roles:
            yield self._server
        else:
            with open_another() as pool:
                means = self._server.means
                means.prepare(pool, self._choice)
                yield _Server(means, pool, self._server.store, self._server.should_stop)


@contextmanager
def open_copies(means: ReplayMeans, should_stop: Callable[[], bool]) -> Iterator[MigratedCopies]:
    """Open the server that the settings choose, and let it have a template of all migrations.

    There is at least one. `should_stop` is asked while they are replayed. Raises as the replay.
    """
    choice = means.choose_server()
    with choice.open() as pool:
        pool.most_templates = _MOST_TEMPLATES
        means.prepare(pool, choice)
        server = _Server(means, pool, means.store(choice, pool.major, pool), should_stop)
        plan = _plan(server, len(means.files.parsed), pool.longest_cached_prefix)
        if plan.remaining:
            with server.database(plan):
                pass  # Made for its template.
        yield MigratedCopies(server, choice)


def _plan(server: _Server, length: int, find: Callable[[tuple[str, ...]], int]) -> ReplayPlan:
    migrations, keys = server.means.files.parsed[:length], server.store.keys[:length]
    return ReplayPlan(migrations, keys, (), length, find(keys))


def _length_to(means: ReplayMeans, version: str) -> int:
    versions = [each.file.version for each in means.files.parsed]
    for number, known in enumerate(versions, 1):
        if is_same_version(known, version):
            return number
    alike = similar_name(version, versions)
    hint = f"is it {alike}?" if alike else f"the last one is {versions[-1]}"
    raise UsageError(f"there is no migration {version} in {means.files.folder}", hint=hint)
