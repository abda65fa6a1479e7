"""The persistent shadow server of a project: cleaned at every start, made again where it is broken."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from dbmate_wrap import process
from dbmate_wrap.cluster import paths, server
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.errors import ConfigError, LockedError, WrapError
from dbmate_wrap.postgres import shadow
from dbmate_wrap.postgres.session import Session, connect, disable_timeouts
from dbmate_wrap.shadow.server_state import OwnServer, read_cluster

# Autovacuum would connect to templates, and has nothing to do here. Nothing else that was tried, from
# shared_buffers to wal_level, made a replay or a copy faster.
_QUIET = {"autovacuum": "off", "jit": "off"}
# For `domain/server_log.py`: the SQLSTATE in each line, and the query of each warning.
_LOG = {"log_line_prefix": "%m [%p] %e ", "log_min_error_statement": "warning"}
_FORMAT = "3"
_START_SECONDS = 0.2
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Access:
    """The way in which a check opens a server.

    `wait`: seconds to wait for another check, which `say` reports; `timeout`: seconds for connecting;
    `superuser`: on a server of our own migrations are replayed by its superuser; `settings`: its settings
    beyond those of every shadow server.
    """

    wait: float
    timeout: float | None
    say: Callable[[str], None]
    application_name: str
    superuser: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def server_settings(self) -> dict[str, str]:
        """The settings of a server of our own."""
        return {**_QUIET, **_LOG, **self.settings}

    def connect(self, url: DatabaseUrl) -> Session:
        """Return a session on the maintenance database that no timeout ends."""
        session = connect(
            url, application_name=self.application_name, timeout=self.timeout, keepalives=not url.is_socket
        )
        try:
            disable_timeouts(session)
        except BaseException:
            session.close()
            raise
        return session


@dataclass
class PersistentServer:
    """The server in `folder`; a file beside it records its format, its boot and its state after initdb.

    It never flushes to the disk, so its data is worthless after a crash of the machine. A crash cannot be
    told from an orderly shutdown, so every boot makes a new server.
    """

    folder: Path
    binaries: Binaries
    access: Access
    running: OwnServer | None = field(default=None, init=False)
    url: DatabaseUrl | None = field(default=None, init=False)

    def start(self) -> OwnServer:
        """Start it, with nothing on it but templates. Raises what `cluster.server.start` raises."""
        initial = self._read_initial_state()
        if initial is not None:
            try:
                server.stop(self.folder)
                _reset_settings(self.folder)
                session = self._start_and_connect()
                self.running = OwnServer(session, initial, self._recreate, self._replay_role)
                self.running.drop_stale_databases()
                return self.running
            except LockedError:
                raise
            except WrapError:
                self._close_session()  # Broken, of another major, full: it is only a cache.
        self.running = OwnServer(*self._recreate(), self._recreate, self._replay_role)
        return self.running

    def stop(self) -> None:
        """End its sessions and the server, and remove the folder of its socket."""
        self._close_session()
        if self.url is not None:
            server.stop(self.folder)
            paths.remove_socket_dir(Path(self.url.host))
            return
        # The start was interrupted: a server that starts all the same can be seen after this time.
        time.sleep(_START_SECONDS)
        with suppress(WrapError):
            server.stop(self.folder)  # The start has reported a folder that cannot be used.

    def _recreate(self) -> tuple[Session, str]:
        self._close_session()
        try:
            self._marker_file.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"cannot remove {self._marker_file}: {error.strerror}") from error
        server.destroy(self.folder)
        session = self._start_and_connect()
        shadow.create_replay_role(session)
        initial = read_cluster(session).state(())
        # Without it, or with a part of it, the next check makes the server again.
        with suppress(OSError):
            self._marker_file.write_text(f"{_FORMAT}\n{boot_id()}\n{self._folder_id}\n{initial}\n", "utf-8")
        return session, initial

    def _start_and_connect(self) -> Session:
        settings = self.access.server_settings
        endpoint = server.start(self.folder, self.binaries, durable=False, isolated=True, settings=settings)
        self.url = endpoint.url("postgres")
        return self.access.connect(self.url)

    def _close_session(self) -> None:
        if self.running is not None:
            self.running.session.close()

    @property
    def _replay_role(self) -> str | None:
        return None if self.access.superuser else shadow.REPLAY_ROLE

    @property
    def _marker_file(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.made")

    def _read_initial_state(self) -> str | None:
        """Return the state after initdb; None where there is no server of this format and this boot."""
        try:
            written, boot, folder_id, initial = self._marker_file.read_text("utf-8").splitlines()
        except (OSError, ValueError):
            return None
        # An empty boot id means that boots cannot be told apart: any may lie between.
        is_ours = boot and (written, boot, folder_id) == (_FORMAT, boot_id(), self._folder_id)
        return initial if is_ours else None

    @property
    def _folder_id(self) -> str:
        """An identification of the folder: a copy of it may have been made during a check."""
        return sha256(os.fsencode(self.folder.resolve())).hexdigest()[:24]


def boot_id() -> str:
    """Return a text that is different after every boot; empty where the system has none."""
    command = process.Command(("/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"), {"LC_ALL": "C"})
    try:
        if sys.platform == "linux":
            return _BOOT_ID.read_text("ascii").strip()
        said = process.run(command, timeout=10)
    except OSError:
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""


def _reset_settings(folder: Path) -> None:
    """Undo what ALTER SYSTEM has written; the server is stopped."""
    data = paths.find_data(folder.resolve())
    if data is None:
        return
    # The server's account could have put a link there, and we may be root.
    with suppress(FileNotFoundError):
        os.close(
            os.open(data / "postgresql.auto.conf", os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC)
        )
