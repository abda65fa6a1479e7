"""Measures every peer in turns: start, status, up with nothing pending, up of 1, 100 and 1,000 migrations.

All but the start are measured in three conditions: as it is, with a delay on every flush, with one on the
network.
"""

import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scripts.bench.measure import Run, timed
from scripts.bench.peers import install
from scripts.bench.peers.at_once import at_once
from scripts.bench.peers.found import APPLIED, CONDITIONS, COUNTS, Cell, Condition, Peers, Tool
from scripts.bench.peers.peer import Peer
from scripts.bench.peers.whole import is_whole
from scripts.bench.proxy import delaying
from scripts.bench.rows import Row
from scripts.bench.server import TcpServer, tcp_server

FLUSH_MS, TRIP_MS = 2, 5
# A command is not run again once it has had so many seconds in one condition; those of our goals have more.
BUDGET = 25.0
_OF_GOALS = ("dbmate-wrap", "dbmate")


@dataclass(frozen=True)
class Bench:
    """What all measurements share; `folder` has a project of each tool for each number of migrations."""

    server: TcpServer
    peers: Sequence[Peer]
    folder: Path
    repeat: int

    def project(self, peer: Peer, count: int) -> Path:
        """The project, written when it is first wanted."""
        made = self.folder / f"{peer.name}-{count}"
        if not made.exists():
            made.mkdir()
            peer.write(made, count)
        return made


def measure(repeat: int) -> tuple[list[Row], Peers]:
    """Everything that is measured of peers, and what our own goals say about it."""
    found = list(install.peers())
    measured = [each for each in found if isinstance(each, Peer)]
    with tcp_server() as server, tempfile.TemporaryDirectory(prefix="dbmate-wrap-bench-") as folder:
        bench = Bench(server, measured, Path(folder), repeat)
        cells = list(_starts(bench))
        flush_ms, trip_ms = [server.commit_ms()], [server.trip_ms()]
        for condition in CONDITIONS:
            with _condition(server, condition) as port:
                if condition == "flush":
                    flush_ms.append(_checked(server.commit_ms(), flush_ms[0] + FLUSH_MS, "a flush"))
                if condition == "network":
                    trip_ms.append(_checked(server.trip_ms(port), trip_ms[0] + TRIP_MS, "a round trip"))
                cells += _conditioned(bench, condition, port)
        together = [at_once(server, peer, bench.project(peer, APPLIED), APPLIED) for peer in measured]
    tools = [_tool(each) if isinstance(each, Peer) else each for each in found]
    peers = Peers(tools, cells, together, tuple(flush_ms), tuple(trip_ms))
    return list(_goals(peers)), peers


@contextmanager
def _condition(server: TcpServer, condition: Condition) -> Iterator[int]:
    """The port by which the server is to be reached in that condition."""
    if condition == "network":
        with delaying(server.endpoint.port, TRIP_MS / 2) as port:
            yield port
        return
    server.delay_flushes(FLUSH_MS if condition == "flush" else 0)
    try:
        yield server.endpoint.port
    finally:
        server.delay_flushes(0)


def _checked(found: float, wanted: float, what: str) -> float:
    """Whether a delay is there: not less than it should be, and not much more."""
    if not wanted * 0.9 <= found <= wanted * 1.6 + 1:
        raise SystemExit(
            f"{what} takes {found} ms where it should take {wanted:.2f} ms: nothing was measured"
        )
    return found


def _starts(bench: Bench) -> Iterator[Cell]:
    runs = {peer.name: partial(timed, list(peer.start), bench.folder) for peer in bench.peers}
    yield from _in_turns(bench.repeat * 2, runs, "start", "plain")


def _conditioned(bench: Bench, condition: Condition, port: int) -> Iterator[Cell]:
    """Everything that asks a server, in one condition."""
    with ExitStack() as databases:
        status, nothing = {}, {}
        for peer in bench.peers:
            folder = bench.project(peer, APPLIED)
            name = databases.enter_context(bench.server.new_database())
            timed(list(peer.up), folder, dict(peer.variables(bench.server.address(name))))
            address = dict(peer.variables(bench.server.address(name, port)))
            status[peer.name] = partial(timed, list(peer.status), folder, address)
            nothing[peer.name] = partial(timed, list(peer.up), folder, address)
        yield from _in_turns(bench.repeat, status, "status", condition)
        yield from _in_turns(bench.repeat, nothing, "up, nothing pending", condition)
    for count in COUNTS:
        ups = {peer.name: partial(_up, bench, peer, count, port) for peer in bench.peers}
        yield from _in_turns(bench.repeat, ups, f"up of {count:,}", condition)


def _up(bench: Bench, peer: Peer, count: int, port: int) -> Run:
    """The time of `up` on a new database, where everything was there afterwards."""
    folder = bench.project(peer, count)
    with bench.server.new_database() as name:
        run = timed(list(peer.up), folder, dict(peer.variables(bench.server.address(name, port))))
        if not is_whole(bench.server, peer, name, count):
            raise SystemExit(f"{peer.name}: its history is not whole after up of {count}")
    return run


def _in_turns(
    repeat: int, measurements: Mapping[str, Callable[[], Run]], measure: str, condition: Condition
) -> Iterator[Cell]:
    """Each tool once, then each again, as long as it is within its budget; one that fails is left out."""
    runs: dict[str, list[float]] = {name: [] for name in measurements}
    failed: dict[str, str] = {}
    for _ in range(repeat):
        for name, run in measurements.items():
            had = runs[name]
            budget = 4 * BUDGET if name in _OF_GOALS else BUDGET
            if name in failed or (had and sum(had) + statistics.median(had) > budget):
                continue
            try:
                had.append(round(run().seconds, 4))
            except SystemExit as error:
                failed[name] = str(error).splitlines()[0]
                print(f"{measure}, {condition}: {error}", file=sys.stderr)
    print(f"{measure}, {condition}: {_told(runs)}", file=sys.stderr)
    for name, had in runs.items():
        yield Cell(name, measure, condition, had, "it failed" if name in failed else None)


def _told(runs: Mapping[str, Sequence[float]]) -> str:
    return ", ".join(
        f"{name} {statistics.median(had):.3f} s ({len(had)})" for name, had in runs.items() if had
    )


def _tool(peer: Peer) -> Tool:
    return Tool(peer.name, peer.version, peer.how, peer.transactions, peer.locks, peer.checks)


def _goals(peers: Peers) -> Iterator[Row]:
    """What is promised of ours against raw dbmate."""
    limits: dict[Condition, tuple[float, str]] = {
        "plain": (1.2, "with flushes as they are here"),
        "flush": (1.15, f"with {FLUSH_MS} ms more on every flush"),
    }
    for condition, (limit, words) in limits.items():
        ours = peers.cell("dbmate-wrap", "up of 1,000", condition)
        raw = peers.cell("dbmate", "up of 1,000", condition)
        if ours and raw and ours.seconds and raw.seconds:
            ratios = [round(one / other, 3) for one, other in zip(ours.seconds, raw.seconds, strict=False)]
            beside = f"{statistics.median(ours.seconds):.1f} s and {statistics.median(raw.seconds):.1f} s"
            name = f"`up` of 1,000 on a new database against `dbmate migrate`, {words}"
            yield Row(name, ratios, "x", limit, beside)
