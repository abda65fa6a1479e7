"""Compares two texts of one migration by what they make on a shadow server."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from dbmate_wrap import sql
from dbmate_wrap.dbmate.client import Dbmate
from dbmate_wrap.domain.console import Console
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.schema_diff import Difference, compare_dumps
from dbmate_wrap.errors import FailedError
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.postgres.shadow import REPLAY_ROLE
from dbmate_wrap.review.prepared_replay import prepare_replay
from dbmate_wrap.review.replay_means import ReplayMeans, make_means, signals_as_errors
from dbmate_wrap.review.superuser import roles_without_objects
from dbmate_wrap.settings import Environment
from dbmate_wrap.shadow import replay as shadow_replay
from dbmate_wrap.shadow.scratch import ReplayTools, SchemaState, compare_reloaded
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from dbmate_wrap.workspace.project_files import ProjectFiles
from dbmate_wrap.workspace.replay_setup import ReplaySetup
from dbmate_wrap.workspace.shadow_server import ShadowChoice


@dataclass(frozen=True)
class Comparison:
    """What two texts make on the server `origin`.

    `difference` is what the new one makes otherwise; `former_failure` the message where the former one cannot
    be applied there: then it has made nothing anywhere.
    """

    origin: str
    difference: Difference
    former_failure: str | None = None


def compare_texts(
    files: ProjectFiles,
    former: ParsedMigration,
    environment: Environment,
    setup: ReplaySetup,
    console: Console,
) -> Comparison:
    """Replay the history up to the file that `former` is a text of, once with each text, and compare.

    Raises FailedError where the new text or what comes before it cannot be applied; else as `replay`.
    """
    index = [migration.file.name for migration in files.parsed].index(former.file.name)
    before, new = files.parsed[:index], files.parsed[index]
    means = make_means(files, environment, setup, console)
    with signals_as_errors("dbmate-wrap amend"):
        choice = means.choose_server()
        bind = setup.start_dbmate()
        with choice.open() as pool:
            server = _Server(means, choice, pool, bind)
            return _compare(server, [*before, former], [*before, new])


@dataclass(frozen=True)
class _Server:
    means: ReplayMeans
    choice: ShadowChoice
    pool: ScratchPool
    bind: Callable[[DatabaseUrl, Session], Dbmate]

    def make_state(self, history: Sequence[ParsedMigration]) -> tuple[SchemaState, ReplayTools]:
        """Run a history; only what comes before the last migration is kept in the cache."""
        means = replace(self.means, files=replace(self.means.files, parsed=tuple(history)))
        prepared = prepare_replay(means, self.choice, self.pool, self.bind, due=(len(history) - 1,))
        with prepared.failures_as_errors():
            return shadow_replay.make_state(prepared.tools, prepared.plan), prepared.tools


def _compare(
    server: _Server, former: Sequence[ParsedMigration], new: Sequence[ParsedMigration]
) -> Comparison:
    origin = server.pool.origin
    # First: where roles stay on the server, what is second may fail for what the first has made.
    try:
        expected, _ = server.make_state(former)
    except FailedError as error:
        if error.migration != former[-1].file.name:
            raise
        server.make_state(new)
        return Comparison(origin, Difference(), error.message.split("\n", 1)[0])
    stood_in = server.pool.placeholders
    found, tools = server.make_state(new)
    texts = (former[-1].file.content + new[-1].file.content).decode("utf-8", "replace").lower()
    roles = stood_in | server.pool.placeholders
    difference = _difference(tools, expected, found, texts, roles)
    roles = roles_without_objects(roles)
    if not difference and _owners(former[-1], roles) != _owners(new[-1], roles):
        difference = Difference(changed=("the owners of objects",))
    return Comparison(origin, difference)


def _owners(migration: ParsedMigration, roles: Collection[str]) -> frozenset[str]:
    """Return the statements that give objects to such roles: what they do is not seen on the server."""
    if not sql.is_available():
        return frozenset()
    from dbmate_wrap.sql.owners import owners_given

    return frozenset(each for part in migration.sections for each in owners_given(part.up.sql, roles))


def _difference(
    tools: ReplayTools, expected: SchemaState, found: SchemaState, texts: str, placeholders: Collection[str]
) -> Difference:
    """Return all that is otherwise, the order of columns too; `texts` are both, in lower case.

    A placeholder that only one of the texts needed was made by neither.
    """
    history = found.history_table
    if difference := compare_dumps(expected.schema, found.schema, history):
        reloaded = compare_reloaded(tools, expected.schema, found.schema, history)
        if difference := difference if reloaded is None else reloaded:
            return difference
    changed = {*dict(expected.rights.items() ^ found.rights.items())}
    # Others may make roles on a server that is not ours.
    told = {
        role
        for state in (expected, found)
        for role in state.shared.roles
        if not tools.pool.keeps_roles or role.lower() in texts
    }
    before, after = (state.shared.only_about(told).facts for state in (expected, found))
    changed |= {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    for role in (expected.shared.roles ^ found.shared.roles).intersection(placeholders):
        for name in (role, quoted(role)):  # Facts quote a name where it has to be.
            changed -= {f"role {name}", f"the membership of role {REPLAY_ROLE} in {name}"}
    return Difference(changed=tuple(sorted(changed)))
