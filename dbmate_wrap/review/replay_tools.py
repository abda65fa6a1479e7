"""The tools of a replay on an open shadow server, and the errors of what fails there."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from dbmate_wrap.cluster import isolation
from dbmate_wrap.dbmate.client import Dbmate
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.project_names import ProjectNames
from dbmate_wrap.postgres import shadow
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.review.replay_means import DumpStore, ReplayMeans
from dbmate_wrap.review.replay_progress import ReplayProgress
from dbmate_wrap.review.server_lacks import first_uses_of_extensions
from dbmate_wrap.review.superuser import Rewritten, rewrite_for_replay
from dbmate_wrap.shadow.replay import ReplayPlan
from dbmate_wrap.shadow.scratch import MigrationFailed, ReplayTools
from dbmate_wrap.shadow.scratch_pool import ScratchPool


def make_tools(
    means: ReplayMeans,
    pool: ScratchPool,
    store: DumpStore,
    bind: Callable[[DatabaseUrl, Session], Dbmate],
    plan: ReplayPlan,
    progress: ReplayProgress,
) -> ReplayTools:
    """Return the tools for the plan. Raises PreflightError (22) where the server lacks an extension."""
    setup, values = means.setup, means.environment.values
    # This session is in no scratch database.
    with setup.connect(pool.url) as session:
        rewritten = _hand_to_superuser(means, pool, session, plan)
        bound = bind(pool.url, session)
        _raise_for_missing_extensions(means, session, plan, pool.origin)
    prepared = rewritten.setup
    return ReplayTools(
        pool=pool,
        dbmate=lambda url: replace(bound, url=url.with_connect_timeout(values.connect_timeout)),
        connect=setup.connect,
        dump=lambda url, should_stop: setup.dump(store.program, url, should_stop),
        events=progress.events(),
        cache=store.cache,
        migrations_table=bound.migrations_table,
        rewritten=rewritten.files,
        set_up=partial(prepared.run, origin=pool.origin, keeps_roles=pool.keeps_roles) if prepared else None,
        judged=progress.on_judged,
    )


@contextmanager
def failures_as_errors(
    means: ReplayMeans,
    tools: ReplayTools,
    progress: ReplayProgress,
    said: Callable[[str], Sequence[str]] = lambda name: (),
) -> Iterator[None]:
    """Turn a migration that fails into the error for it; the progress is cleared in any case.

    `said` returns what the server said to the file of that name before.
    """
    try:
        yield
    except MigrationFailed as failed:
        from dbmate_wrap.review import replay_errors

        progress.clear()
        for line in said(failed.migration.file.name):
            means.console.say(f"warning: {line}")
        names, pool = ProjectNames(means.files.folder, tools.migrations_table), tools.pool
        error = replay_errors.replay_error(failed, names, pool.origin, keeps_roles=pool.keeps_roles)
        raise error from None
    finally:
        progress.clear()


def _hand_to_superuser(
    means: ReplayMeans, pool: ScratchPool, session: Session, plan: ReplayPlan
) -> Rewritten:
    """Let a superuser run what the replay's role may not; return what calls it in the files' places."""
    if pool.server.replay_role is None:
        return Rewritten({}, {}, (), means.prepared)
    found = rewrite_for_replay(
        plan.remaining,
        means.prepared if not plan.start else None,
        means.files.folder,
        lambda: shadow.read_replay_server(session, has_network=not isolation.can_isolate()),
        pool.major,
        pool.placeholders,
    )
    pool.statements = found.statements
    for note in found.notes:
        means.console.say(note)
    return found


def _raise_for_missing_extensions(
    means: ReplayMeans, session: Session, plan: ReplayPlan, origin: str
) -> None:
    """Raise PreflightError (22) before anything is run, where the server lacks an extension."""
    needed = first_uses_of_extensions(plan.remaining)
    if not needed:
        return
    # Imported here, as in the other errors: they load the diagnosis of runs, which few replays need.
    from dbmate_wrap.postgres import server_facts
    from dbmate_wrap.review import replay_errors

    if missing := server_facts.missing_extensions(session, needed):
        path = f"{means.files.folder}/{needed[missing[0]]}"
        raise replay_errors.missing_extension_error(path, missing, origin)
