"""What every verb is given: the environment, the outcome to fill in, and how to speak to the person."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.redact import Secrets
from dbmate_wrap.settings import Environment, Project


@dataclass(frozen=True)
class Context:
    """One invocation. `say` shows a line of progress, `detail` one for who wants more,
    `show` a line of the result as it comes, `show_in_place` (on a terminal) a text that replaces the one
    before; `ask` returns what was typed, or None without a terminal."""

    project: Project
    environment: Environment
    outcome: Outcome
    secrets: Secrets
    say: Callable[[str], None]
    detail: Callable[[str], None]
    show: Callable[[str], None]
    show_in_place: Callable[[str], None] | None
    ask: Callable[[str], str | None]
    scripts_dir: Path
    search_path: str

    @property
    def embedded_home(self) -> Path:
        """Where the embedded server keeps its data."""
        return self.project.root / ".dbmate-wrap" / "postgres"

    @property
    def application_name(self) -> str:
        """How our sessions are called in pg_stat_activity: at most 63 bytes, with the run id."""
        return f"dbmate-wrap/{self.outcome.run_id}"

    @property
    def dbmate_name(self) -> str:
        """How dbmate's sessions are called there: by that other runs see that something is still going on."""
        return f"{self.application_name}/dbmate"
