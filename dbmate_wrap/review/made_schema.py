"""Reads the schema that a history makes, on a shadow server."""

from collections.abc import Callable
from typing import TypeVar

from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.review.prepared_replay import prepare_replay
from dbmate_wrap.review.replay_means import ReplayMeans, signals_as_errors
from dbmate_wrap.shadow import replay as shadow_replay
from dbmate_wrap.shadow.scratch import ScratchDatabase

_Read = TypeVar("_Read")


def read_made(means: ReplayMeans, read: Callable[[Session, tuple[str, str]], _Read], command: str) -> _Read:
    """Return what `read` makes of a database in which all files were applied, and its history table.

    There is at least one file. Raises as `replay`.
    """
    with signals_as_errors(command):
        choice = means.choose_server()
        bind = means.setup.start_dbmate()
        with choice.open() as pool:
            prepared = prepare_replay(means, choice, pool, bind)

            def at_end(database: ScratchDatabase) -> _Read:
                with database.connect() as session:
                    history = catalog.read_server(session, prepared.tools.migrations_table).history
                    return read(session, history.place)

            with prepared.failures_as_errors():
                return shadow_replay.read_at_end(prepared.tools, prepared.plan, at_end)
