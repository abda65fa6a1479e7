"""Deals with what an earlier server left: stale pid files, servers without their socket or their data."""

import time
from pathlib import Path

from dbmate_wrap.cluster import folders, postmaster

PORT = 5432
# Crash recovery of a development database takes seconds.
START_SECONDS = 60


def heal(data: Path, sockets: Path) -> postmaster.PidFile | None:
    """Clear the way for a new server of `data`; or return the one that another start has just brought up.

    PostgreSQL removes a stale pid file by itself, but not where its number belongs to a new process of the
    same account, which after the restart of a container is the rule.
    """
    found = postmaster.read(data)
    if found is not None and postmaster.runs_in(found.pid, data):
        ready = await_ready(found, data)
        if ready is not None:
            return ready
        postmaster.end(found.pid, data)  # Its socket was cleaned away, or its folder moved.
        if found.socket_dir != sockets:
            folders.discard(found.socket_dir)
    (data / "postmaster.pid").unlink(missing_ok=True)
    _evict(data, sockets)
    return None


def await_ready(found: postmaster.PidFile, data: Path) -> postmaster.PidFile | None:
    """The server when it is ready; None when it ended, hangs, or is ready but cannot be reached."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        ready = postmaster.ready(data)
        if ready is not None:
            return ready
        now = postmaster.read(data)
        if now is None or now.status == "ready":
            return None
        if postmaster.wait_until_gone(found.pid, data, patience=0.1):
            return None
    return None


def _evict(data: Path, sockets: Path) -> None:
    """End the server whose data directory was deleted under it, and remove its socket."""
    lock = sockets / f".s.PGSQL.{PORT}.lock"
    try:
        first = lock.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    except FileNotFoundError:
        first = ""
    if first.isdigit() and postmaster.runs_in(int(first), data):
        postmaster.end(int(first), data, mode=postmaster.IMMEDIATE)
    for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        (sockets / name).unlink(missing_ok=True)
