"""Starts a server, and first removes what an earlier one left; the caller holds the lock of its home."""

import contextlib
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from dbmate_wrap.cluster import paths, postmaster
from dbmate_wrap.cluster.account import Account, choose_account, hand_over, run_as
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.cluster.data_directory import create_data_directory
from dbmate_wrap.cluster.isolation import run_without_network
from dbmate_wrap.cluster.loopback import HBA, HBA_FILE
from dbmate_wrap.cluster.programs import make_runnable
from dbmate_wrap.errors import UnreachableError

_PORT = 5432
# Crash recovery of a development database takes seconds.
START_SECONDS = 60
_SMALL = {"max_connections": "100", "shared_buffers": "32MB", "cluster_name": "dbmate-wrap"}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_LOG_LIMIT = 5_000_000
_LOG_LINES = 8
# pg_ctl looks every 100 ms; a server is up after 20. With `pg_ctl -w` alone a start takes 40 ms more.
_QUICK_SECONDS, _POLL = 1.0, 0.003


def start_server(
    home: Path,
    data: Path | None,
    binaries: Binaries,
    *,
    durable: bool,
    isolated: bool,
    settings: Mapping[str, str],
) -> postmaster.PidFile:
    """Start the server of `home`, making its data directory first where `data` is None.

    Where `isolated`, and the system can, it has no network, and connects to no socket: it reaches nobody.
    Raises ConfigError for what the machine lacks, UnreachableError when PostgreSQL itself gives up.
    """
    account = choose_account(data or paths.data_link(home))
    programs = make_runnable(binaries, account)
    if data is None:
        data = create_data_directory(home, programs, account)
    sockets = paths.make_private(paths.socket_dir(home, account), account)
    running = _remove_stale(data, sockets)
    if running is not None:
        return running
    log = paths.log_file(data)
    begin = _rotate(log)
    pg_ctl = [str(programs.bin_dir / "pg_ctl"), "start"]
    pg_ctl += ["-t", str(START_SECONDS), "-D", str(data), "-l", str(log)]
    if settings.get("listen_addresses"):
        settings = {**settings, "hba_file": str(_write_hba(data, account))}
    pg_ctl += ["-o", _options(sockets, durable, settings)]
    run = run_without_network if isolated else run_as
    pg_ctl = [*run(account, [*pg_ctl, "-W"], timeout=START_SECONDS).argv[:-1]]
    found = _await_ready(data, patience=_QUICK_SECONDS)
    if found is None:
        # pg_ctl itself can say why it does not start.
        _run_pg_ctl([*pg_ctl, "-w"], account, log, begin, connects=not isolated)
        found = postmaster.find_ready(data)
    if found is None:
        raise _failure("PostgreSQL started and stopped again", log, begin)
    _link_socket(found)
    return found


def _write_hba(data: Path, account: Account) -> Path:
    path = data / HBA_FILE
    path.write_text(HBA, encoding="ascii")
    hand_over(path, account)
    return path


def _link_socket(found: postmaster.PidFile) -> None:
    """Let the socket be found under its usual name too: it is named after the port, which TCP has changed."""
    if found.port != _PORT and found.socket is not None:
        usual = found.socket.with_name(f".s.PGSQL.{_PORT}")
        with contextlib.suppress(OSError):
            usual.unlink(missing_ok=True)
            usual.symlink_to(found.socket.name)


def _remove_stale(data: Path, sockets: Path) -> postmaster.PidFile | None:
    """Remove what an earlier server of `data` left; or return the server that another start has just started.

    PostgreSQL removes a stale pid file itself, but not where its number belongs to a new process of the same
    account, which is usual after the restart of a container.
    """
    found = postmaster.read_pid_file(data)
    if found is not None and postmaster.runs_in(found.pid, data):
        ready = _await_ready(data, patience=0)
        if ready is not None:
            return ready
        postmaster.shut_down(found.pid, data)  # Its socket was removed, or its folder moved.
        if found.socket_dir != sockets:
            paths.remove_socket_dir(found.socket_dir)
    (data / "postmaster.pid").unlink(missing_ok=True)
    _end_orphan(data, sockets)
    return None


def _await_ready(data: Path, *, patience: float) -> postmaster.PidFile | None:
    """Wait for the server, whose pid file may take `patience` seconds to appear.

    None when there is none by then, and when the server ended, hangs, or is ready but cannot be reached.
    """
    begin = time.monotonic()
    seen = False
    while time.monotonic() < begin + START_SECONDS:
        now = postmaster.read_pid_file(data)
        if now is not None and now.status == "ready":
            return postmaster.find_ready(data)
        if now is None and (seen or time.monotonic() >= begin + patience):
            return None
        if now is not None and not postmaster.runs_in(now.pid, data):
            return None
        seen = now is not None
        time.sleep(_POLL)
    return None


def _end_orphan(data: Path, sockets: Path) -> None:
    """End the server whose data directory was deleted under it, and remove its socket."""
    for lock in sockets.glob(".s.PGSQL.*.lock"):
        try:
            first = lock.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
        except FileNotFoundError:
            continue
        if first.isdigit() and postmaster.runs_in(int(first), data):
            postmaster.shut_down(int(first), data, mode=postmaster.IMMEDIATE)
    for left in sockets.glob(".s.PGSQL.*"):
        left.unlink(missing_ok=True)


def _run_pg_ctl(pg_ctl: Sequence[str], account: Account, log: Path, begin: int, *, connects: bool) -> None:
    for _ in range(5):
        if run_as(account, pg_ctl, timeout=START_SECONDS + 20, connects=connects).returncode == 0:
            return
        # The sessions of a server that was killed end a moment after it, or when their statement does.
        if "shared memory block" not in _tail(log, begin):
            break
        time.sleep(1)
    raise _failure("PostgreSQL did not start", log, begin)


def _options(sockets: Path, durable: bool, more: Mapping[str, str]) -> str:
    settings = {
        "listen_addresses": "",
        "port": str(_PORT),
        "unix_socket_directories": str(sockets),
        **_SMALL,
        **({} if durable else _NOT_DURABLE),
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
        hint=f"the whole log: {log}; `dbmate-wrap db reset` starts over (it destroys the data)",
    )
