"""What was measured last of each part, in docs/benchmarks/results.json; the page is made from it alone."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scripts.bench.machine import Taken
from scripts.bench.peers.found import AtOnce, Cell, Peers, Tool
from scripts.bench.rows import Row

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs" / "benchmarks" / "results.json"


@dataclass(frozen=True)
class Part:
    """One part of the benchmarks: its figures, and for the part `peers` what was measured of other tools."""

    name: str
    taken: Taken
    rows: Sequence[Row]
    peers: Peers | None = None


def write(file: Path, parts: Sequence[Part]) -> None:
    """Put these parts in the place of what the file has of them."""
    kept = {part.name: part for part in read(file)} | {part.name: part for part in parts}
    # Other tools come last, whatever was measured last.
    ordered = sorted(kept.values(), key=lambda part: part.peers is not None)
    text = json.dumps([asdict(part) for part in ordered], indent=1, ensure_ascii=False)
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{text}\n", encoding="utf-8")


def read(file: Path) -> list[Part]:
    """What was measured; nothing where there is no such file."""
    if not file.exists():
        return []
    return [_part(each) for each in json.loads(file.read_text(encoding="utf-8"))]


def _part(found: dict[str, Any]) -> Part:
    rows = [Row(**row) for row in found["rows"]]
    peers = found["peers"]
    return Part(found["name"], Taken(**found["taken"]), rows, _peers(peers) if peers else None)


def _peers(found: dict[str, Any]) -> Peers:
    return Peers(
        tools=[Tool(**each) for each in found["tools"]],
        cells=[Cell(**each) for each in found["cells"]],
        at_once=[AtOnce(**each) for each in found["at_once"]],
        flush_ms=tuple(found["flush_ms"]),
        trip_ms=tuple(found["trip_ms"]),
    )
