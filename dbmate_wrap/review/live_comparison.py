"""Compares a live schema with what a history makes on a shadow server."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from dbmate_wrap import sql
from dbmate_wrap.dbmate.client import Dbmate
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.drift import (
    SchemaDifference,
    differing_pairs,
    find_differences,
    find_fact_differences,
    may_be_the_same,
)
from dbmate_wrap.domain.drift_ignore import IgnoredDifference, without_ignored
from dbmate_wrap.domain.dumped_objects import is_bare
from dbmate_wrap.domain.live_schema import LiveSchema, extension_versions, with_owners_kept, without_owner
from dbmate_wrap.errors import FailedError, PreflightError
from dbmate_wrap.postgres.schema import PgDump
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.postgres.shadow import OWN_ROLES, REPLAY_ROLE
from dbmate_wrap.review.prepared_replay import prepare_replay
from dbmate_wrap.review.replay_means import DumpStore, ReplayMeans, signals_as_errors
from dbmate_wrap.shadow import replay as shadow_replay
from dbmate_wrap.shadow.cache import SchemaDump
from dbmate_wrap.shadow.scratch import ReplayTools, find_unloadable, reload_dump
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from dbmate_wrap.workspace.server_choice import Wanted
from dbmate_wrap.workspace.shadow_server import ShadowChoice


@dataclass(frozen=True)
class LiveComparison:
    """All that differs, whatever its class, and the words for the server that was compared on.

    `objects` are those of the dumps, `facts` what pg_dump leaves out; neither has what drift_ignore means,
    `ignored` in number.
    """

    objects: tuple[SchemaDifference, ...]
    facts: tuple[SchemaDifference, ...]
    origin: str
    ignored: int = 0

    def without(self, ignored: Sequence[IgnoredDifference], say: Callable[[str], None]) -> "LiveComparison":
        """Leave out what is known; entries that mean nothing any more are told."""
        kept, unused = without_ignored(self.differences, ignored)
        for entry in unused:
            say(f"warning: drift_ignore has {entry} (because {entry.because}), and nothing like it differs")
        objects = tuple(each for each in self.objects if each in kept)
        facts = tuple(each for each in self.facts if each in kept)
        return replace(self, objects=objects, facts=facts, ignored=len(self.differences) - len(kept))

    @property
    def differences(self) -> tuple[SchemaDifference, ...]:
        """Both kinds."""
        return (*self.objects, *self.facts)


def compare_live(
    means: ReplayMeans, wanted: Wanted, read_live: Callable[[PgDump], LiveSchema], command: str
) -> LiveComparison:
    """Compare what `read_live` reads with what the files make; `wanted` is what the live schema needs.

    Both are dumped by one pg_dump. Where the texts differ, both are loaded into the shadow server and dumped
    again from there: what differs only in how it was written down is no difference. Raises as `replay`, and
    PreflightError (22) where the live schema is empty, and where its dump cannot be loaded there.
    """
    with signals_as_errors(command):
        return _Comparison(means, means.choose_server(wanted), wanted.major or 0, read_live).run()


@dataclass(frozen=True)
class _Comparison:
    means: ReplayMeans
    choice: ShadowChoice
    major: int
    read_live: Callable[[PgDump], LiveSchema]

    def run(self) -> LiveComparison:
        live: LiveSchema | None = None
        if self.choice.major is not None:
            store = self.means.store(self.choice, self.choice.major, dump_major=self.major)
            expected = store.cache.load_dump(store.keys[-1])
            if expected is not None and expected.facts is not None:
                live = self._read(store.program)
                found = self._compare_texts(store, expected.schema, live)
                if not self._must_load(found, store, expected.schema, live):
                    major = self.choice.major
                    return self._result(found, expected.facts, live, f"PostgreSQL {major}", major)
        bind = self.means.setup.start_dbmate()
        with self.choice.open() as pool:
            return self._run_on(pool, bind, live)

    def _run_on(
        self, pool: ScratchPool, bind: Callable[[DatabaseUrl, Session], Dbmate], live: LiveSchema | None
    ) -> LiveComparison:
        prepared = prepare_replay(self.means, self.choice, pool, bind, dump_major=self.major)
        store, tools = prepared.store, prepared.tools
        with prepared.failures_as_errors():
            expected = store.cache.load_dump(store.keys[-1]) if not prepared.plan.remaining else None
            if expected is None or expected.facts is None:
                expected = self._make(tools, prepared.plan, store)
        assert expected.facts is not None
        live = live or self._read(store.program)
        found = self._compare_texts(store, expected.schema, live)
        if self._must_load(found, store, expected.schema, live):
            found = self._compare_reloaded(tools, store, expected.schema, live)
        return self._result(found, expected.facts, live, pool.origin, pool.major)

    def _compare_texts(
        self, store: DumpStore, expected: str, live: LiveSchema
    ) -> tuple[SchemaDifference, ...]:
        table = live.history_table
        if is_bare(live.text, table) and not is_bare(expected, table):
            raise PreflightError(
                "the database is empty: it has nothing of what the migrations make",
                hint="check that it is the right one: dbmate-wrap doctor; in a new one, `dbmate-wrap up`"
                " makes everything",
            )
        return find_differences(expected, live.text, table, store.cache.same_texts())

    def _must_load(
        self, found: Sequence[SchemaDifference], store: DumpStore, expected: str, live: LiveSchema
    ) -> bool:
        if not any(each.change in ("changed", "reordered") for each in found):
            return False
        return may_be_the_same(expected, live.text, live.history_table, store.cache.same_texts())

    def _make(self, tools: ReplayTools, plan: shadow_replay.ReplayPlan, store: DumpStore) -> SchemaDump:
        state = shadow_replay.make_state(tools, plan)
        shared = {name: fact.value for name, fact in state.shared.facts.items()}
        dump = SchemaDump(
            state.schema, state.recorded.statement, {**state.rights, **extension_versions(shared)}
        )
        store.cache.save_dump(store.keys[-1], dump)
        return dump

    def _compare_reloaded(
        self, tools: ReplayTools, store: DumpStore, expected: str, live: LiveSchema
    ) -> tuple[SchemaDifference, ...]:
        """Compare once both were loaded and dumped; what is the same then is not loaded the next time."""
        _make_roles(tools.pool, live.text)
        # Both by the superuser: neither owners nor privileges are in the dumps, and what only a superuser may
        # make (an extension) was made by one.
        try:
            loaded = reload_dump(tools, live.text, superuser=True).schema
        except FailedError as error:
            where = find_unloadable(tools, live.text)
            raise _not_loaded(error, tools.pool.origin, where) from None
        # What was read from a dump, as a baseline is, does not change when it is loaded once more.
        found = find_differences(expected, loaded, live.history_table)
        if may_be_the_same(expected, loaded, live.history_table, frozenset()):
            again = self._load_expected(tools, store, expected)
            found = find_differences(again, loaded, live.history_table)
        different = {(each.kind, each.name) for each in found}
        pairs = differing_pairs(expected, live.text, live.history_table)
        same = (digests for name, digests in pairs.items() if name not in different)
        store.cache.record_same_texts(chain.from_iterable(same))
        return found

    def _load_expected(self, tools: ReplayTools, store: DumpStore, expected: str) -> str:
        key = f"{store.keys[-1]} loaded"
        if (known := store.cache.load_dump(key)) is not None:
            return known.schema
        dump = reload_dump(tools, expected, superuser=True)
        store.cache.save_dump(key, dump)
        return dump.schema

    def _result(
        self,
        found: Sequence[SchemaDifference],
        facts: Mapping[str, str],
        live: LiveSchema,
        origin: str,
        major: int,
    ) -> LiveComparison:
        made = without_owner(facts, REPLAY_ROLE, live.owner)
        there = without_owner(live.facts, live.owner, live.owner)
        withheld = self.means.owners_withheld(self.choice)
        made, there = with_owners_kept(made, there, withheld, live.owner)
        beside = find_fact_differences(made, there, same_major=major == live.major)
        return LiveComparison(tuple(found), tuple(beside), origin)

    def _read(self, program: PgDump) -> LiveSchema:
        self.means.console.detail("reading the live schema")
        return self.read_live(program)


def _make_roles(pool: ScratchPool, dump: str) -> None:
    """Let roles be there that the dump names, in a policy for instance; on a server of our own."""
    if sql.is_available():
        from dbmate_wrap.sql.roles import roles_nobody_makes

        pool.make_placeholders(pool.placeholders | (roles_nobody_makes([dump]) - OWN_ROLES))


def _not_loaded(error: FailedError, origin: str, where: str) -> PreflightError:
    at = f" ({where})" if where else ""
    return PreflightError(
        f"the dump of the live schema cannot be loaded on {origin}: {error.message}{at}",
        hint="choose a server that has what it needs: the setting shadow (`dbmate-wrap explain settings`)",
        sqlstate=error.sqlstate,
    )
