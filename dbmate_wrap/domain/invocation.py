"""The identity of one run of the command line."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbmate_wrap.domain.ledger import Provenance


@dataclass(frozen=True)
class Invocation:
    """The verb that runs and the id of this run, and the names of its sessions in pg_stat_activity.

    `provenance` is None where each run finds it out for itself.
    """

    command: str
    run_id: str
    provenance: "Provenance | None" = None

    @property
    def application_name(self) -> str:
        """The name of our own sessions: at most 63 bytes, with the run id."""
        return f"dbmate-wrap/{self.run_id}"

    @property
    def dbmate_name(self) -> str:
        """The name of dbmate's sessions: other runs recognise by it that one is still at work."""
        return f"{self.application_name}/dbmate"
