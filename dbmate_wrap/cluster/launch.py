"""Brings a server up, whatever an earlier start left behind; the caller holds the lock of its home."""

import shlex
import time
from collections.abc import Mapping
from pathlib import Path

from dbmate_wrap.cluster import copies, folders, layout, postmaster
from dbmate_wrap.cluster.account import Account, choose, run_as
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.cluster.heal import PORT, START_SECONDS, await_ready, heal
from dbmate_wrap.cluster.initdb import initialise
from dbmate_wrap.errors import UnreachableError

_MODEST = {"max_connections": "100", "shared_buffers": "32MB", "cluster_name": "dbmate-wrap"}
_THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_LOG_LIMIT = 5_000_000
_LOG_LINES = 8
# pg_ctl looks every 100 ms; a server is up after 20.
_QUICK_SECONDS, _QUICK_POLL = 1.0, 0.003


def launch(
    home: Path, data: Path | None, binaries: Binaries, *, durable: bool, settings: Mapping[str, str]
) -> postmaster.PidFile:
    """Start the server of `home`, making its data directory first where `data` is None.

    Raises ConfigError for what the machine lacks, UnreachableError when PostgreSQL itself gives up.
    """
    account = choose(data or layout.pointer(home))
    programs = copies.runnable(binaries, account)
    if data is None:
        data = initialise(home, programs, account)
    sockets = folders.private(folders.socket_dir(home, account), account)
    running = heal(data, sockets)
    if running is not None:
        return running
    log = layout.log_file(data)
    begin = _rotate(log)
    pg_ctl = [str(programs.bin_dir / "pg_ctl"), "start", "-t", str(START_SECONDS), "-D", str(data)]
    pg_ctl += ["-l", str(log), "-o", _options(sockets, durable, settings)]
    found = _quickly([*pg_ctl, "-W"], account, data)
    if found is not None:
        return found
    _start([*pg_ctl, "-w"], account, log, begin)
    found = postmaster.ready(data)
    if found is None:
        raise _failure("PostgreSQL started and stopped again", log, begin)
    return found


def _quickly(pg_ctl: list[str], account: Account, data: Path) -> postmaster.PidFile | None:
    """The server when it comes up; None where pg_ctl itself has to say why it does not."""
    run_as(account, pg_ctl, timeout=START_SECONDS)
    deadline = time.monotonic() + _QUICK_SECONDS
    seen = False
    while time.monotonic() < deadline:
        found = postmaster.ready(data)
        if found is not None:
            return found
        listed = postmaster.read(data)
        if seen and listed is None:
            return None  # It has ended.
        seen = listed is not None
        time.sleep(_QUICK_POLL)
    listed = postmaster.read(data)
    alive = listed is not None and postmaster.runs_in(listed.pid, data)
    return await_ready(listed, data) if listed is not None and alive else None


def _start(pg_ctl: list[str], account: Account, log: Path, begin: int) -> None:
    for _ in range(5):
        if run_as(account, pg_ctl, timeout=START_SECONDS + 20).returncode == 0:
            return
        # The sessions of a server that was killed end a moment after it, or when their statement does.
        if "shared memory block" not in _tail(log, begin):
            break
        time.sleep(1)
    raise _failure("PostgreSQL did not start", log, begin)


def _options(sockets: Path, durable: bool, more: Mapping[str, str]) -> str:
    settings = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(sockets),
        **_MODEST,
        **({} if durable else _THROW_AWAY),
        **more,
    }
    return " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())


def _rotate(log: Path) -> int:
    """Keep the log small; returns where the lines of this start will begin."""
    size = log.stat().st_size if log.exists() else 0
    if size <= _LOG_LIMIT:
        return size
    log.replace(log.with_name("log.1"))
    return 0


def _tail(log: Path, begin: int) -> str:
    try:
        with log.open("rb") as file:
            file.seek(begin)
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.strip().splitlines()[-_LOG_LINES:])


def _failure(what: str, log: Path, begin: int) -> UnreachableError:
    return UnreachableError(
        f"{what}. The end of its log:\n{_tail(log, begin) or '(it is empty)'}",
        kind="other",
        hint=f"the whole log: {log}; dbmate-wrap db reset starts over (it destroys the data)",
    )
