"""Lets every judge of migration files speak: the SQL rules, squawk, and the comments that allow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dbmate_wrap.commands.call import Call
from dbmate_wrap.commands.comparison import Comparison
from dbmate_wrap.commands.files import Files, shown
from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.finding import Check, Finding
from dbmate_wrap.policy import engine
from dbmate_wrap.policy.allow import Allow, apply
from dbmate_wrap.policy.rules import family_of
from dbmate_wrap.policy.severity import apply_severities

_SQUAWK_OFF = "hazards were not looked for: [policy] has squawk off"
_NO_SQUAWK = "hazards were not looked for: squawk is not installed"


def ruling(call: Call, comparison: Comparison) -> engine.Ruling:
    """What the rules are told of this project."""
    schema, _, table = call.environment.values.migrations_table.rpartition(".")
    folder = shown(call, call.environment.values.migrations_dir)
    return engine.Ruling((schema or None, table), folder, comparison.old)


@dataclass(frozen=True)
class Hazards:
    """What squawk says, the files (as they are shown) that it has seen, and the check that tells of it."""

    findings: tuple[Finding, ...]
    seen: frozenset[str]
    check: Check


def hazards(call: Call, files: Files, comparison: Comparison) -> Hazards:
    """Ask squawk about the new migrations, but for the baseline. Raises BinaryError when it does not work."""
    from dbmate_wrap.policy.squawk import find_squawk
    from dbmate_wrap.policy.squawk import hazards as ask

    policy = call.project.policy
    baseline = engine.baseline_name([file.name for file in files.migrations])
    asked = [each for each in files.parsed if each.file.name in comparison.new - {baseline}]
    if policy.get("squawk") == "off" and not any(rule.startswith("squawk/") for rule in policy):
        return Hazards((), frozenset(), Check("squawk", "skip", _SQUAWK_OFF))
    program = find_squawk(call.scripts_dir, call.search_path)
    if program is None:
        check = Check("squawk", "skip", _NO_SQUAWK, "pip install 'dbmate-wrap[squawk]'")
        return Hazards((), frozenset(), check)
    off = frozenset(rule for rule in policy if family_of(rule) == "squawk" and policy[rule] == "off")
    folder = shown(call, call.environment.values.migrations_dir)
    found = ask(program, asked, folder=folder, server_major=None, excluded=off)
    looked = f"looked for hazards in {count(len(asked), 'new migration')}"
    seen = frozenset(f"{folder}/{each.file.name}" for each in asked)
    return Hazards(found, seen, Check("squawk", "pass", looked if asked else "no new migrations to look at"))


def judged(
    files: Files, told: engine.Ruling, seen_by: Mapping[str, frozenset[str]]
) -> Mapping[str, frozenset[str]]:
    """Which rules were judged, by file; `seen_by` has the files that others than the rules looked at."""
    return {
        file: rules | frozenset(judge for judge, seen in seen_by.items() if file in seen)
        for file, rules in engine.judged(files.parsed, told).items()
    }


def settle(
    call: Call,
    files: Files,
    told: engine.Ruling,
    findings: Sequence[Finding],
    allows: Sequence[Allow],
    seen_by: Mapping[str, frozenset[str]],
) -> list[Finding]:
    """The findings that none of the comments `allows`, with the team's severities."""
    kept = apply(findings, allows, judged(files, told, seen_by), call.project.policy)
    return list(apply_severities(kept, call.project.policy))
