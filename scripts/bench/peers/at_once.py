"""Starts one tool ten times at the same time on one new database: who ends well, and is the history whole?"""

import subprocess
import sys
import time
from pathlib import Path

from scripts.bench.measure import environment
from scripts.bench.peers.found import AtOnce
from scripts.bench.peers.peer import Peer
from scripts.bench.peers.whole import is_whole
from scripts.bench.server import TcpServer

RUNS, TIMES = 10, 3
# It is not done again once it took so many seconds.
_BUDGET = 25.0


def at_once(server: TcpServer, peer: Peer, folder: Path, count: int) -> AtOnce:
    """Do it several times; `folder` is a project of `count` migrations."""
    well: list[int] = []
    seconds: list[float] = []
    whole: list[bool] = []
    for _ in range(TIMES):
        if sum(seconds) > _BUDGET:
            break
        with server.new_database() as name:
            extra = environment(dict(peer.variables(server.address(name))))
            began = time.perf_counter()
            children = [
                subprocess.Popen(
                    peer.up, cwd=folder, env=extra, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
                for _ in range(RUNS)
            ]
            codes = [child.wait() for child in children]
            seconds.append(round(time.perf_counter() - began, 3))
            well.append(codes.count(0))
            whole.append(is_whole(server, peer, name, count))
    print(f"{RUNS} at once: {peer.name} {well} {whole} {seconds}", file=sys.stderr)
    return AtOnce(peer.name, RUNS, count, well, seconds, whole)
