"""A replay that is planned on an open shadow server: what all replays but that of `check` begin with."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from dbmate_wrap.dbmate.client import Dbmate
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.review.replay_means import DumpStore, ReplayMeans
from dbmate_wrap.review.replay_progress import ReplayProgress
from dbmate_wrap.review.replay_tools import failures_as_errors, make_tools
from dbmate_wrap.shadow.replay import ReplayPlan, plan_replay
from dbmate_wrap.shadow.scratch import ReplayTools
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from dbmate_wrap.workspace.shadow_server import ShadowChoice


@dataclass(frozen=True)
class PreparedReplay:
    """What is to be run, and by what."""

    means: ReplayMeans
    store: DumpStore
    plan: ReplayPlan
    tools: ReplayTools
    progress: ReplayProgress

    def failures_as_errors(self) -> AbstractContextManager[None]:
        """Turn a migration that fails in the block into the error for it."""
        return failures_as_errors(self.means, self.tools, self.progress)


def prepare_replay(
    means: ReplayMeans,
    choice: ShadowChoice,
    pool: ScratchPool,
    bind: Callable[[DatabaseUrl, Session], Dbmate],
    due: Sequence[int] = (),
    dump_major: int = 0,
) -> PreparedReplay:
    """Plan the replay of `means.files` on the server of `choice`, which is open as `pool`.

    `due` are the indexes of the migrations that something is found out about; `dump_major` is that of another
    server which the same pg_dump has to read. Raises PreflightError (22) for an extension that it lacks.
    """
    means.prepare(pool, choice)
    store = means.store(choice, pool.major, pool, dump_major=dump_major)
    plan = plan_replay(means.files.parsed, store.keys, due, pool.longest_cached_prefix)
    progress = ReplayProgress(means.console, plan, pool.origin)
    return PreparedReplay(means, store, plan, make_tools(means, pool, store, bind, plan, progress), progress)
