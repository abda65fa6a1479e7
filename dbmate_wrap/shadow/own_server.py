"""The server of a project's shadows: started clean after whatever was left, made anew where it is broken."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from dbmate_wrap.cluster import layout, server
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.cluster.boot import boot_id
from dbmate_wrap.cluster.server import Endpoint
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.errors import ConfigError, LockedError, WrapError
from dbmate_wrap.postgres import shadow
from dbmate_wrap.postgres.session import Session, connect
from dbmate_wrap.shadow.server_state import OwnServer, own_state

# Autovacuum would connect to templates, and has nothing to do here. Nothing else that was tried, from
# shared_buffers to wal_level, made a replay or a copy faster.
SETTINGS = {"autovacuum": "off", "jit": "off"}
_FORMAT = "2"
_START_SECONDS = 0.2


def url_of(endpoint: Endpoint) -> DatabaseUrl:
    """The maintenance database of a server of our own."""
    parameters = (("sslmode", "disable"),)
    return DatabaseUrl(endpoint.user, None, str(endpoint.socket_dir), endpoint.port, "postgres", parameters)


def connect_maintenance(url: DatabaseUrl, *, timeout: float | None, application_name: str) -> Session:
    """A session on the maintenance database that no timeout ends."""
    session = connect(url, application_name=application_name, timeout=timeout, keepalives=not url.is_socket)
    try:
        shadow.disable_timeouts(session)
    except BaseException:
        session.close()
        raise
    return session


@dataclass
class PersistentServer:
    """The server in `folder`; beside it lies what it must match: our format, this boot, its first state.

    It never flushes to the disk, so what it holds is worth nothing after a crash of the machine. Nobody can
    tell one from an orderly shutdown, so every boot makes it anew.
    """

    folder: Path
    binaries: Binaries
    timeout: float | None
    application_name: str
    ground: OwnServer | None = field(default=None, init=False)
    url: DatabaseUrl | None = field(default=None, init=False)

    def start(self) -> OwnServer:
        """Start it, with nothing on it but templates. Raises what `cluster.server.start` raises."""
        initial = self._known()
        if initial is not None:
            try:
                self.ground = OwnServer(self._resume(), initial, self._anew)
                self.ground.tidy()
                return self.ground
            except LockedError:
                raise
            except WrapError:
                self._leave()  # Broken, of another major, full: it is only a cache.
        session, initial = self._anew()
        self.ground = OwnServer(session, initial, self._anew)
        return self.ground

    def stop(self) -> None:
        """End its sessions and the server."""
        self._leave()
        if self.url is not None:
            server.stop(self.folder)
            return
        # The start was interrupted: a server that comes up all the same shows itself by now.
        time.sleep(_START_SECONDS)
        with suppress(WrapError):
            server.stop(self.folder)  # Where the folder cannot be used, the start has said so.

    def _resume(self) -> Session:
        server.stop(self.folder)
        _reset_settings(self.folder)
        return self._enter()

    def _anew(self) -> tuple[Session, str]:
        self._leave()
        try:
            self._mark.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"cannot remove {self._mark}: {error.strerror}") from error
        server.destroy(self.folder)
        session = self._enter()
        initial = own_state(session).state(())
        # Without it, or with a part of it, the next check makes the server anew.
        with suppress(OSError):
            self._mark.write_text(f"{_FORMAT}\n{boot_id()}\n{self._place}\n{initial}\n", "utf-8")
        return session, initial

    def _enter(self) -> Session:
        endpoint = server.start(self.folder, self.binaries, durable=False, settings=SETTINGS)
        self.url = url_of(endpoint)
        return connect_maintenance(self.url, timeout=self.timeout, application_name=self.application_name)

    def _leave(self) -> None:
        if self.ground is not None:
            self.ground.session.close()

    @property
    def _mark(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.made")

    def _known(self) -> str | None:
        """The state after initdb; None where there is no server of this format and this boot."""
        try:
            written, boot, place, initial = self._mark.read_text("utf-8").splitlines()
        except (OSError, ValueError):
            return None
        # Where the system does not tell one boot from another, any may lie between.
        is_ours = boot and (written, boot, place) == (_FORMAT, boot_id(), self._place)
        return initial if is_ours else None

    @property
    def _place(self) -> str:
        """Stands for the folder: a copy of it may have been made amid a check."""
        return sha256(os.fsencode(self.folder.resolve())).hexdigest()[:24]


def _reset_settings(folder: Path) -> None:
    """Undo what ALTER SYSTEM has written; the server is stopped."""
    data = layout.locate(folder.resolve())
    if data is None:
        return
    # The server's account could have put a link there, and we may be root.
    with suppress(FileNotFoundError):
        os.close(
            os.open(data / "postgresql.auto.conf", os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC)
        )
