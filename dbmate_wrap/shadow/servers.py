"""Opens a shadow server for one check: the project's own, a throw-away one, or one that a URL names."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from dbmate_wrap.cluster import file_lock
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.cluster.temporary import temporary
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.errors import ConfigError, LockedError, WrapError
from dbmate_wrap.postgres import shadow, shadow_state
from dbmate_wrap.shadow.own_server import Access, PersistentServer
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from dbmate_wrap.shadow.server_state import ForeignServer, OwnServer, read_cluster

_BUSY = "another check is using the shadow server"


@contextmanager
def open_own_server(home: Path, binaries: Binaries, access: Access) -> Iterator[ScratchPool]:
    """Open the server of these programs in the folder `home`, which holds one for each origin and major.

    Where another check uses it for too long, or the folder cannot be used, starts a throw-away server without
    cached templates. Raises what `cluster.server.start` raises.
    """
    folder = home / f"{binaries.kind}-{binaries.major}"
    with ExitStack() as stack:
        persistent = PersistentServer(folder, binaries, access)
        yield _start_persistent(stack, persistent) or _start_throw_away(stack, binaries, access)


@contextmanager
def open_throw_away_server(binaries: Binaries, access: Access) -> Iterator[ScratchPool]:
    """Open a server of these programs without templates, which is removed at the end."""
    with ExitStack() as stack:
        yield _start_throw_away(stack, binaries, access)


@contextmanager
def open_foreign_server(url: DatabaseUrl, access: Access) -> Iterator[ScratchPool]:
    """Open the server that a URL names, by a role that may create databases; nothing else on it is touched.

    One check at a time on the whole server: an advisory lock. Raises UnreachableError; ConfigError where
    the role may not create databases; LockedError when another check has it for too long.
    """
    with access.connect(url) as session:
        account = shadow.account(session)
        _raise_for_missing_rights(url, account)
        if not shadow.acquire(session, access.wait, lambda: _report_wait(access)):
            raise LockedError(
                f"{_BUSY}, and has been for {access.wait:.0f} s ({url.public()})",
                hint="wait for it; if it is dead, end its session (pg_stat_activity, pg_terminate_backend)",
            )
        roles, release = shadow_state.roles(session), shadow_state.release(session)
        server = ForeignServer(session, account.name, account.unicode, roles, release)
        server.drop_stale_databases()
        major = session.server_version_num // 10000
        try:
            yield ScratchPool(url, major, "shadow_url", server)
        finally:
            # The end of the session would release it too, but not at once.
            with suppress(WrapError):
                session.rows("select pg_catalog.pg_advisory_unlock_all()")


def _start_persistent(stack: ExitStack, persistent: PersistentServer) -> ScratchPool | None:
    """Start the project's own server, which the stack stops; None where it is busy or cannot be used."""
    folder, binaries, access = persistent.folder, persistent.binaries, persistent.access
    lock = folder.with_name(f"{folder.name}.check.lock")
    try:
        try:
            stack.enter_context(file_lock.hold_file_lock(lock, wait=0))
        except LockedError:
            _report_wait(access)
            stack.enter_context(file_lock.hold_file_lock(lock, wait=access.wait))
        stack.callback(persistent.stop)
        server = persistent.start()
    except LockedError:
        access.say("it is still busy: this check uses a throw-away server, without cached templates")
        return None
    except ConfigError as error:
        access.say(f"this check uses a throw-away server, without cached templates: {error.message}")
        return None
    assert persistent.url is not None  # It has started.
    remedy = f"run the command again; if that does not help: rm -rf {folder.parent}"
    return ScratchPool(persistent.url, binaries.major, binaries.title, server, remedy)


def _start_throw_away(stack: ExitStack, binaries: Binaries, access: Access) -> ScratchPool:
    url = stack.enter_context(temporary(binaries, settings=access.server_settings)).url("postgres")
    session = stack.enter_context(access.connect(url))
    shadow.create_replay_role(session)
    role = None if access.superuser else shadow.REPLAY_ROLE
    server = OwnServer(session, read_cluster(session).state(()), None, role)
    return ScratchPool(url, binaries.major, binaries.title, server)


def _report_wait(access: Access) -> None:
    access.say(f"{_BUSY}: waiting up to {access.wait:.0f} s for it")


def _raise_for_missing_rights(url: DatabaseUrl, account: shadow.ReplayAccount) -> None:
    if account.read_only:
        raise ConfigError(
            f"the server of shadow_url is a standby, which only reads ({url.public()})",
            hint="name the primary, or another server",
        )
    if not account.may_create:
        raise ConfigError(
            f"the role {account.name} of shadow_url may not create databases ({url.public()})",
            hint=f"alter role {quoted(account.name)} createdb",
        )
