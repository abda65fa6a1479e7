"""The durations that dbmate reports, for the ledger."""

import time
from dataclasses import dataclass, field

from dbmate_wrap.domain.ledger import Origin, Record
from dbmate_wrap.domain.migration import MigrationFile


@dataclass
class Timings:
    """The duration that dbmate reported of each migration, and the time of its end; by file name."""

    ended: dict[str, tuple[float, float]] = field(default_factory=dict)

    def note(self, name: str, seconds: float) -> None:
        """Record that dbmate has just ended with this file; called from another thread."""
        self.ended[name] = (seconds, time.monotonic())

    def record(self, file: MigrationFile) -> Record:
        """The ledger's line for a migration that is applied according to the database."""
        seconds, at = self.ended.get(file.name, (None, time.monotonic()))
        duration = None if seconds is None else round(seconds * 1000)
        ago = round((time.monotonic() - at) * 1000)
        return Record(file.version, file.name, file.checksum, Origin.APPLIED, duration, ago, file.content)
