"""Prepares dbmate for one environment: the verified binary, the options of its server session."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from dbmate_wrap.dbmate import binary
from dbmate_wrap.dbmate.binary import Binary
from dbmate_wrap.dbmate.client import Dbmate, ServerOptions
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.history_table import HistoryTable
from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.domain.migration import Block
from dbmate_wrap.errors import PreflightError
from dbmate_wrap.policy.concurrent import all_concurrent
from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.session import Session, disable_timeouts
from dbmate_wrap.workspace.context import Context

# A server session whose dbmate is gone ends within this time, even amid a statement.
_CONNECTION_CHECK_SECONDS = 0.5
# dbmate sends the next statement at once: one that idles in a transaction for so long has lost its dbmate.
_IDLE_IN_TRANSACTION_SECONDS = 60.0


def start_verification(context: Context, known: Binary | None = None) -> Callable[[], Binary]:
    """Begin to find and hash the binary (25 ms) while other work goes on; calling the result waits for it.

    `known` is one that this run has verified before. The call raises BinaryError.
    Raises ConfigError where a pull request's branch set dbmate_path.
    """
    if known is not None:

        def verified() -> Binary:
            return known

        return verified
    context.environment.refuse_of_branch("dbmate_path")
    executor = ThreadPoolExecutor(1)
    explicit, scripts_dir = context.environment.values.dbmate_path, context.scripts_dir
    future = executor.submit(
        binary.find_binary, explicit, scripts_dir=scripts_dir, search_path=context.search_path
    )
    executor.shutdown(wait=False)
    return future.result


def bind(
    context: Context, verified: Binary, url: DatabaseUrl, session: Session, history: HistoryTable
) -> Dbmate:
    """dbmate bound to one database and its history table, with the environment's timeouts.

    `session` is the run's own. dbmate is given the table with its schema, so that no migration that changes
    search_path, role or schemas makes it record elsewhere: for a bare name it asks for current_schema().
    """
    values = context.environment.values
    disable_timeouts(session, ["idle_session_timeout"])
    if values.lock_timeout is None:
        context.console.say(
            "warning: lock_timeout is none: who comes after a migration that waits for a lock waits as long"
        )
    if catalog.backend_pid(session) == session.backend_pid:
        checks = catalog.can_check_connections(session)
        options = ServerOptions(
            context.invocation.dbmate_name,
            values.lock_timeout or 0.0,
            values.statement_timeout,
            _IDLE_IN_TRANSACTION_SECONDS,
            _CONNECTION_CHECK_SECONDS if checks else None,
            values.role,
        )
    elif values.role is not None:
        raise PreflightError(
            f"the role {values.role} cannot be handed on through the pooler",
            hint="use a direct URL, or let the account itself own what is migrated",
        )
    else:
        options = ServerOptions(context.invocation.dbmate_name)
        _warn_of_pooler(context, url, session)
    # Without it a server that accepts and never answers holds dbmate for minutes.
    bounded = url.with_connect_timeout(values.connect_timeout)
    redactor = context.secrets.redactor
    return Dbmate(verified.path, bounded, history.setting, options, redactor, verified.version)


def bind_to_missing(context: Context, verified: Binary, url: DatabaseUrl) -> Dbmate:
    """dbmate bound to a database that is not there yet, for `create`."""
    values = context.environment.values
    bounded = url.with_connect_timeout(values.connect_timeout)
    options = ServerOptions(context.invocation.dbmate_name)
    redactor = context.secrets.redactor
    return Dbmate(verified.path, bounded, values.migrations_table, options, redactor, verified.version)


def fit_lock_timeout(dbmate: Dbmate, blocks: Sequence[Block], concurrent: float | None) -> Dbmate:
    """dbmate with the lock_timeout that these blocks want: `concurrent` where all they do is concurrent.

    That is none by default: such a statement waits for every transaction that is older than it, whatever
    that has looked at; reads and writes of the table do not queue up behind it, and a wait that is cut off
    leaves an invalid index.
    """
    return dbmate.with_lock_timeout(concurrent) if all_concurrent(blocks) else dbmate


def _warn_of_pooler(context: Context, url: DatabaseUrl, session: Session) -> None:
    """A pooler refuses PGOPTIONS (PgBouncer 1.18: 08P01) or, worse, ignores it: only defaults get through."""
    values = context.environment.values
    wanted = {"lock_timeout": values.lock_timeout, "statement_timeout": values.statement_timeout}
    missing = {
        name: f"{round(seconds * 1000)}ms"
        for name, seconds in wanted.items()
        if seconds and not catalog.has_timeout(session, name)
    }
    if missing:
        role = f"alter role {quoted(url.user)} in database {quoted(url.database)} set"
        remedy = "; ".join(f"{role} {name} = '{value}'" for name, value in missing.items())
        context.console.say(
            f"warning: {' and '.join(missing)} cannot be handed on through the pooler: dbmate runs without;"
            f" use a direct URL, or set it for good: {remedy}"
        )
