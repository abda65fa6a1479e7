"""Reads the schema of an environment's database, and nothing else happens to it."""

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.domain.live_schema import LiveSchema, extension_versions
from dbmate_wrap.domain.other_tools import TOOL_OF_TABLE, tool_notices
from dbmate_wrap.errors import BlockedError, FailedError, LockedError, PreflightError
from dbmate_wrap.postgres import advisory_lock, live_schema, schema, shadow_state
from dbmate_wrap.postgres.schema import PgDump
from dbmate_wrap.settings.durations import write_duration
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.elapsed import elapsed_time
from dbmate_wrap.workspace.server_choice import Wanted

_DENIED = re.compile(r"permission denied for (?P<what>.+?)(?: DETAIL| HINT| pg_dump| LOCK|$)")


# pg_dump waits for locks with the timeout of statements.
_WAITED = re.compile(r"canceling statement due to (?:statement|lock) timeout.*LOCK TABLE", re.DOTALL)


def read_needs(db: Database) -> Wanted:
    """Return what a server needs on which the database's schema is to be made: major, extensions, ICU."""
    extensions, icu = live_schema.read_needs(db.session)
    return Wanted(db.server.major, extensions, icu)


def say_other_tools(context: Context, db: Database) -> None:
    """Name the other tools that keep a history in the database."""
    for notice in tool_notices(live_schema.tables_named(db.session, list(TOOL_OF_TABLE))):
        context.console.say(f"notice: {notice}")


def read_alone(context: Context, db: Database, program: PgDump, excluded: Sequence[str] = ()) -> LiveSchema:
    """As `read_live_schema`, while no other run is at work; where one is, that is said."""
    values, invocation = context.environment.values, context.invocation
    try:
        with advisory_lock.hold(
            db.url,
            run_id=invocation.run_id,
            timeout=values.connect_timeout,
            wait=0.0,
            on_wait=lambda holder: None,
        ):
            return read_live_schema(context, db, program, excluded)
    except LockedError as error:
        context.console.say(f"warning: {error.message}: what it changes now may show as a difference")
        return read_live_schema(context, db, program, excluded)


@contextmanager
def dumping_again(
    context: Context, db: Database, program: PgDump, excluded: Sequence[str]
) -> Iterator[Callable[[], str]]:
    """Dump the schema in a thread while the caller works; what is yielded waits for the text.

    No pg_dump is left when the caller is interrupted.
    """
    stop = Event()
    with ThreadPoolExecutor(1, "second dump") as executor:
        text = executor.submit(_dump, context, db, program, excluded, stop.is_set)
        try:
            yield text.result
        finally:
            stop.set()


def read_live_schema(
    context: Context, db: Database, program: PgDump, excluded: Sequence[str] = ()
) -> LiveSchema:
    """Read it with this pg_dump; `excluded` are options of pg_dump that leave something out.

    dbmate's own table is left out. Raises PreflightError (22) where the role may not read something.
    """
    role, table = context.environment.values.role, db.server.history.place
    with elapsed_time(context.console, f"reading the schema of {db.url.database}") as show:
        text = _dump(context, db, program, excluded, show)
    facts = dict(shadow_state.rights(db.session, table))
    shared = shadow_state.shared(db.session).facts
    facts |= extension_versions({name: fact.value for name, fact in shared.items()})
    facts |= {f"the index {name}": "is not valid" for name in live_schema.invalid_indexes(db.session)}
    owner = live_schema.history_owner(db.session, db.server) or role or db.url.user
    return LiveSchema(text, facts, db.server.major, table, owner)


def _dump(
    context: Context,
    db: Database,
    program: PgDump,
    excluded: Sequence[str],
    should_stop: Callable[[], bool] | None = None,
) -> str:
    values, redactor = context.environment.values, context.secrets.redactor
    role, timeout = values.role, values.lock_timeout
    options = (*excluded, f"--exclude-table={'.'.join(map(quoted, db.server.history.place))}")
    if timeout is not None:
        # While it waits for one table, it holds the others: a migration would wait for it.
        options += (f"--lock-wait-timeout={max(1, round(timeout * 1000))}",)
    try:
        _, text = db.with_current_password(
            lambda url: schema.dump_schema(
                program, url, redactor, role=role, excluded=options, should_stop=should_stop
            )
        )
    except FailedError as error:
        if denied := _DENIED.search(error.message):
            account = role or db.url.user
            raise PreflightError(
                f"{account} may not read {denied['what']}: pg_dump locks what it dumps",
                hint=f'grant pg_read_all_data to "{account}" (PostgreSQL 14 and newer), or use the owner',
            ) from None
        if _WAITED.search(error.message):
            raise _blocked(db, timeout) from None
        raise
    return text


def _blocked(db: Database, timeout: float | None) -> BlockedError:
    holders = "; ".join(live_schema.exclusive_locks(db.session)) or "it has ended meanwhile"
    return BlockedError(
        f"another session kept pg_dump from a table for {write_duration(timeout)} (lock_timeout): {holders}",
        hint="run the command again when it has ended",
    )
