"""The start of every verb: project, environment, this run's identity, secrets and console."""

from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.domain.console import Console
from dbmate_wrap.domain.invocation import Invocation
from dbmate_wrap.redact import Secrets
from dbmate_wrap.settings import Environment, Project


@dataclass(frozen=True)
class Context:
    """One invocation. `scripts_dir` and `search_path` are where programs are looked for."""

    project: Project
    environment: Environment
    invocation: Invocation
    secrets: Secrets
    console: Console
    scripts_dir: Path
    search_path: str

    @property
    def embedded_home(self) -> Path:
        """The folder in which the embedded server keeps its data."""
        return self.project.root / ".dbmate-wrap" / "postgres"
