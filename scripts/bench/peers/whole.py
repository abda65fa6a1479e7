"""Whether a database has all that its migrations make, and a tool's history all of them."""

import subprocess

from scripts.bench.peers.peer import Peer
from scripts.bench.server import TcpServer

_TABLES = "select count(*) from pg_tables where schemaname = 'public' and tablename ~ '^t[0-9]+$'"


def is_whole(server: TcpServer, peer: Peer, database: str, count: int) -> bool:
    """Whether every table is there, and the tool's own history has each migration exactly once."""
    tables = int(server.ask(_TABLES, database))
    try:
        recorded = server.ask(peer.recorded, database).split()
    except subprocess.CalledProcessError:
        return False  # Its table was not made.
    return tables == count == len(recorded) == len(set(recorded))
