"""Finds out, by the variables of the process, whether the checkout is that of a pull request."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dbmate_wrap.domain.pull_request import PullRequest, pull_request_of, target_refs
from dbmate_wrap.errors import Fault
from dbmate_wrap.settings.faults import config_error, variable_source
from dbmate_wrap.settings.names import BRANCH_VARIABLE

if TYPE_CHECKING:
    # Only a pull request needs it, and git with it.
    from dbmate_wrap.settings.untrusted_checkout import UntrustedCheckout


def untrusted_checkout(folder: Path | None) -> "UntrustedCheckout | None":
    """Return the checkout where a pipeline, or DBMATE_WRAP_BRANCH, says it is a pull request's; else None."""
    said = os.environ.get(BRANCH_VARIABLE, "")
    if said not in ("", "trusted", "untrusted"):
        hint = "leave it out where the pipeline's own variables say it"
        raise config_error(Fault("must be trusted or untrusted", variable_source(BRANCH_VARIABLE), hint))
    if said == "trusted":
        return None
    found = pull_request_of(os.environ) or (PullRequest(BRANCH_VARIABLE) if said else None)
    if found is None:
        return None
    from dbmate_wrap.settings.untrusted_checkout import UntrustedCheckout

    return UntrustedCheckout(folder or Path("."), found)


def pipeline_targets() -> tuple[str, ...]:
    """Return the commits that the pipeline's pull request or merge queue goes to, the best first."""
    return target_refs(os.environ)
