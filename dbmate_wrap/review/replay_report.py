"""What a replay has found, for the verb that asked for it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbmate_wrap.domain.finding import Check, Finding
from dbmate_wrap.review.replay_means import DumpStore, ReplayMeans

if TYPE_CHECKING:
    from dbmate_wrap.review.server_warnings import WarningLog


@dataclass(frozen=True)
class ReplayReport:
    """The findings of a replay (warnings and notices), and a message about what was done.

    `server_warnings` is the row about what the server said beside, `roles` that about placeholders.
    """

    findings: tuple[Finding, ...]
    message: str
    server_warnings: Check | None = None
    roles: Check | None = None


def describe_server_warnings(
    means: ReplayMeans, store: DumpStore, round_trips: Collection[str], log: "WarningLog | None" = None
) -> Check | None:
    """Return the row about what the server said to the migrations under review, now or when they ran."""
    pairs = zip(store.keys, (migration.file.name for migration in means.files.parsed), strict=True)
    under_review = {key: name for key, name in pairs if name in round_trips}
    if log is None and not store.cache.load_warnings(under_review):
        return None  # As nearly always: what is for the others is not imported.
    from dbmate_wrap.review.server_warnings import review_warnings

    return review_warnings(under_review, store.cache, log, means.files.folder)


def describe_placeholders(roles: Collection[str]) -> Check | None:
    """Return the row about the roles that are made for this check alone; None without any."""
    if not roles:
        return None
    names = ", ".join(sorted(roles))
    message = f"placeholders for roles of production, which nothing here makes: {names}"
    return Check("roles", "pass", f"{message} (NOLOGIN, on the throw-away server alone)")
