"""Measures what docs/benchmarks.md shows; with --write, writes it there. `make bench` does both.

With --only, one part alone is measured, and what was measured of the others stays.
"""

import argparse
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping

from dbmate_wrap.cluster import binaries
from dbmate_wrap.cluster.server import Endpoint
from dbmate_wrap.cluster.temporary import temporary
from scripts.bench import results
from scripts.bench.adoption import adoption_rows
from scripts.bench.check import check_rows
from scripts.bench.commands import command_rows
from scripts.bench.environments import environment_rows
from scripts.bench.fleet import fleet_rows
from scripts.bench.machine import taken
from scripts.bench.peers.run import measure
from scripts.bench.plan import plan_rows
from scripts.bench.results import Part
from scripts.bench.rows import Row, goals_table

_ON_A_SERVER: Mapping[str, Callable[[Endpoint, int], list[Row]]] = {
    "commands": command_rows,
    "adoption": adoption_rows,
    "plan": plan_rows,
    "environments": environment_rows,
    "fleet": fleet_rows,
}
PARTS = (*_ON_A_SERVER, "check", "peers")


def main() -> None:
    """Measure every part that is wanted, each on a server of its own, and print what was found."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part; may be given again")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each, in turns (default 3)")
    arguments = parser.parse_args()
    # A run that is ended takes its servers with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for name in arguments.only or PARTS:
        part = measured(name, arguments.repeat)
        print(f"{name}\n\n{goals_table(part.rows)}\n")
        if arguments.write:
            # Each at once: the next one may fail.
            results.write(results.FILE, [part])
    if arguments.write:
        subprocess.run([sys.executable, "scripts/generate_docs.py"], cwd=results.ROOT, check=True)


def measured(name: str, repeat: int) -> Part:
    """Measure one part."""
    print(f"{name} ...", file=sys.stderr)
    where = taken()
    if name == "peers":
        rows, peers = measure(repeat)
        return Part(name, where, rows, peers)
    if name == "check":
        return Part(name, where, check_rows(repeat))
    with temporary(binaries.embedded()) as server:
        return Part(name, where, _ON_A_SERVER[name](server, repeat))


if __name__ == "__main__":
    main()
