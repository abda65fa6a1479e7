"""The table `[policy]`: the severities that a team gives to rules, and the version from which they hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.policy.registry import RULES, family_of


@dataclass(frozen=True)
class Policy:
    """`severities` by rule or family; rules of files and SQL hold from the version `since` on (None: all)."""

    severities: Mapping[str, str] = field(default_factory=dict)
    since: str | None = None

    def without_spared(
        self, findings: Sequence[Finding], folder: str, files: Sequence[MigrationFile]
    ) -> tuple[Finding, ...]:
        """Return the findings without those before `since`; what dbmate cannot run always counts."""
        if self.since is None:
            return tuple(findings)
        before = {f"{folder}/{file.name}" for file in files if int(file.version) < int(self.since)}
        return tuple(found for found in findings if found.file not in before or _always_counts(found.rule))


def _always_counts(rule: str) -> bool:
    known = RULES.get(rule)
    is_not_run = known is not None and known.family == "files" and known.refusal is not None
    return is_not_run or family_of(rule) == "lockfile"
