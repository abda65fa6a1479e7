"""The context of a verb, without a command line."""

import sys
from pathlib import Path

from dbmate_wrap import settings
from dbmate_wrap.domain.fleet_reference import FleetReference
from dbmate_wrap.domain.invocation import Invocation
from dbmate_wrap.redact import Secrets
from dbmate_wrap.workspace.context import Context
from tests.support.consoles import RecordedConsole


def fleet_context(root: Path, said: list[str], fleet: str | None = None) -> Context:
    """Return the context of a fleet's environment; `said` gets every line of the console."""
    project = settings.load(root, about=FleetReference(fleet))
    console, programs = RecordedConsole(said.append), Path(sys.executable).parent
    invocation = Invocation("fleet list", "0123456789ab")
    return Context(project, project.environment(), invocation, Secrets(), console, programs, "/usr/bin:/bin")
