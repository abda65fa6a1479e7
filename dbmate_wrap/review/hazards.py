"""Runs squawk on what a branch adds: findings about locks and rewrites, and the check that counts them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.finding import Check, Finding
from dbmate_wrap.domain.migration import ParsedMigration

_SQUAWK_OFF = "hazards were not looked for: [policy] has squawk off"
_NO_SQUAWK = "hazards were not looked for: squawk is not installed"


@dataclass(frozen=True)
class Hazards:
    """The findings of squawk, the files (as they are shown) that it has read, and its check."""

    findings: tuple[Finding, ...]
    files: frozenset[str]
    check: Check


def find_hazards(
    migrations: Sequence[ParsedMigration],
    history: Sequence[ParsedMigration],
    *,
    folder: str,
    policy: Mapping[str, str],
    scripts_dir: Path,
    search_path: str,
) -> Hazards:
    """Ask squawk about `migrations`, which are some of the `history`. Raises BinaryError when it fails."""
    from dbmate_wrap.policy import squawk

    if policy.get("squawk") == "off" and not any(rule.startswith("squawk/") for rule in policy):
        return Hazards((), frozenset(), Check("squawk", "skip", _SQUAWK_OFF))
    program = squawk.find_squawk(scripts_dir, search_path)
    if program is None:
        check = Check("squawk", "skip", _NO_SQUAWK, "pip install 'dbmate-wrap[squawk]'")
        return Hazards((), frozenset(), check)
    found = squawk.hazards(program, migrations, folder, history)
    number = count(len(migrations), "new migration")
    message = f"looked for hazards in {number}" if migrations else "no new migrations to look at"
    files = frozenset(f"{folder}/{each.file.name}" for each in migrations)
    return Hazards(found, files, Check("squawk", "pass", message))
