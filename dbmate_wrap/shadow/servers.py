"""Finds a shadow server and holds it for one check: our own, a throw-away one, or one that a URL names."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from dbmate_wrap.cluster import file_lock
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.cluster.temporary import temporary
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.errors import ConfigError, LockedError, WrapError
from dbmate_wrap.postgres import shadow, shadow_shared
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.shadow.own_server import SETTINGS, PersistentServer, connect_maintenance, url_of
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from dbmate_wrap.shadow.server_state import ForeignServer, OwnServer, own_state


@contextmanager
def own(
    home: Path,
    binaries: Binaries,
    *,
    wait: float,
    timeout: float | None,
    say: Callable[[str], None],
    application_name: str,
) -> Iterator[ScratchPool]:
    """The server of these programs in the folder `home`, which holds one for each origin and major.

    While another check has it, waits for up to `wait` seconds; then, and where the folder cannot be used,
    takes a throw-away server, without what was kept. `timeout` seconds are for connecting. Raises what
    `cluster.server.start` raises.
    """
    folder = home / f"{'embedded' if binaries.origin == 'wheel' else 'local'}-{binaries.major}"
    kept = PersistentServer(folder, binaries, timeout, application_name)
    with ExitStack() as stack:
        shelf = _kept(stack, kept, wait, say)
        if shelf is None:
            shelf = _thrown_away(stack, binaries, timeout, application_name)
        yield shelf


@contextmanager
def remote(
    url: DatabaseUrl,
    *,
    wait: float,
    timeout: float | None,
    say: Callable[[str], None],
    application_name: str,
) -> Iterator[ScratchPool]:
    """The server that a URL names, by a role that may create databases; nothing else on it is touched.

    One check at a time on the whole server: an advisory lock. Raises UnreachableError; ConfigError where
    the role may not create databases; LockedError when another check has it for more than `wait` seconds.
    """
    with connect_maintenance(url, timeout=timeout, application_name=application_name) as session:
        account = shadow.account(session)
        _demand(url, account)
        if not shadow.acquire(session, wait, lambda: say(f"{_BUSY}: waiting up to {wait:.0f} s for it")):
            raise LockedError(
                f"{_BUSY}, and has been for {wait:.0f} s ({url.public()})",
                hint="wait for it; if it is dead, end its session (pg_stat_activity, pg_terminate_backend)",
            )
        roles, release = shadow_shared.roles(session), shadow_shared.release(session)
        ground = ForeignServer(session, account.name, account.unicode, roles, release)
        ground.tidy()
        try:
            yield ScratchPool(
                url, session.server_version_num // 10000, "shadow_url", cached=True, ground=ground
            )
        finally:
            # Closing would do, but not at once.
            with suppress(WrapError):
                session.rows("select pg_catalog.pg_advisory_unlock_all()")


_BUSY = "another check is using the shadow server"


def _kept(
    stack: ExitStack, kept: PersistentServer, wait: float, say: Callable[[str], None]
) -> ScratchPool | None:
    """Our own server, which the stack stops; None where it is not to be had."""
    lock = kept.folder.with_name(f"{kept.folder.name}.check.lock")
    try:
        try:
            stack.enter_context(file_lock.hold_file_lock(lock, patience=0))
        except LockedError:
            say(f"{_BUSY}: waiting up to {wait:.0f} s for it")
            stack.enter_context(file_lock.hold_file_lock(lock, patience=wait))
        stack.callback(kept.stop)
        ground = kept.start()
    except LockedError:
        say("it is still busy: this check takes a throw-away server, without what was kept")
        return None
    except ConfigError as error:
        say(f"this check takes a throw-away server, without what was kept: {error.message}")
        return None
    assert kept.url is not None  # It has started.
    return ScratchPool(
        kept.url,
        kept.binaries.major,
        _origin(kept.binaries),
        cached=True,
        ground=ground,
        remedy=f"run the command again; if that does not help: rm -rf {kept.folder.parent}",
    )


def _thrown_away(
    stack: ExitStack, binaries: Binaries, timeout: float | None, application_name: str
) -> ScratchPool:
    url = url_of(stack.enter_context(temporary(binaries, settings=SETTINGS)))
    session: Session = stack.enter_context(
        connect_maintenance(url, timeout=timeout, application_name=application_name)
    )
    ground = OwnServer(session, own_state(session).state(()), None)
    return ScratchPool(url, binaries.major, _origin(binaries), cached=False, ground=ground)


def _origin(binaries: Binaries) -> str:
    return f"{'embedded' if binaries.origin == 'wheel' else 'local'} PostgreSQL {binaries.major}"


def _demand(url: DatabaseUrl, account: shadow.Account) -> None:
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
