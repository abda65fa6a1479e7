"""A real standby of a server of the tests, made by pg_basebackup; and servers with settings of their own."""

import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg

from dbmate_wrap.cluster import programs as program_files
from dbmate_wrap.cluster import server as cluster
from dbmate_wrap.cluster.account import Account, choose_account, hand_over, run_as
from dbmate_wrap.cluster.binaries import Binaries
from tests.support.servers import Server, run_server

_SECONDS = 60


@contextmanager
def run_configured_server(programs: Binaries, settings: Mapping[str, str]) -> Iterator[Server]:
    """A throw-away server that was restarted with `settings`, for those which need a restart."""
    with run_server(programs) as running:
        with running.connect() as connection:
            for name, value in settings.items():
                command = psycopg.sql.SQL("ALTER SYSTEM SET {} = {}")
                connection.execute(command.format(psycopg.sql.Identifier(name), psycopg.sql.Literal(value)))
            row = connection.execute("SHOW data_directory").fetchone()
        assert row is not None
        home = Path(row[0]).parent
        assert cluster.stop(home)
        cluster.start(home, programs, durable=False)
        yield running


@contextmanager
def run_standby(primary: Server) -> Iterator[Server]:
    """A hot standby that streams from `primary`, in a folder of its own, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="dbmate-wrap-standby-", dir="/tmp"))
    account = choose_account(folder / "data")
    hand_over(folder, account)
    try:
        # Where the account can reach them: for root, not in somebody's home.
        programs = program_files.make_runnable(
            Binaries(primary.bin_dir, primary.major, "local"), account
        ).bin_dir
        _copy(primary, programs, folder / "data", account)
        pg_ctl = [str(programs / "pg_ctl"), "-w", "-D", str(folder / "data")]
        _run(account, [*pg_ctl, "start", "-l", str(folder / "log"), "-o", _options(folder)])
        try:
            yield replace(primary, socket_dir=folder)
        finally:
            _run(account, [*pg_ctl, "stop", "-m", "immediate"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(primary: Server, programs: Path, data: Path, account: Account) -> None:
    place = ["-h", str(primary.socket_dir), "-p", str(primary.port), "-U", primary.superuser, "-D", str(data)]
    # -R writes where to stream from, and standby.signal.
    how = ["-R", "-X", "stream", "--checkpoint=fast", "--no-sync"]
    _run(account, [str(programs / "pg_basebackup"), *place, *how])


def _options(folder: Path) -> str:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "shared_buffers": "16MB",
        "fsync": "off",
    }
    return " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())


def _run(account: Account, argv: Sequence[str]) -> None:
    done = run_as(account, argv, timeout=_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
