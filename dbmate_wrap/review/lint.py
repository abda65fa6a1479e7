"""Lets every judge of migration files speak: the SQL rules, squawk, and the comments that allow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.finding import Check, Finding
from dbmate_wrap.policy import engine
from dbmate_wrap.policy.registry import family_of
from dbmate_wrap.policy.severity import apply_severities
from dbmate_wrap.policy.suppressions import Suppression, apply_suppressions
from dbmate_wrap.review.branch import BranchDiff
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.project_files import ProjectFiles, display_path

_SQUAWK_OFF = "hazards were not looked for: [policy] has squawk off"
_NO_SQUAWK = "hazards were not looked for: squawk is not installed"


def rule_context(context: Context, comparison: BranchDiff) -> engine.RuleContext:
    """What the rules are told of this project."""
    schema, _, table = context.environment.values.migrations_table.rpartition(".")
    folder = display_path(context, context.environment.values.migrations_dir)
    return engine.RuleContext((schema or None, table), folder, comparison.old)


@dataclass(frozen=True)
class Hazards:
    """What squawk says, the files (as they are shown) that it has seen, and the check that tells of it."""

    findings: tuple[Finding, ...]
    seen: frozenset[str]
    check: Check


def hazards(context: Context, files: ProjectFiles, comparison: BranchDiff) -> Hazards:
    """Ask squawk about the new migrations, but for the baseline. Raises BinaryError when it does not work."""
    from dbmate_wrap.policy.squawk import find_squawk
    from dbmate_wrap.policy.squawk import hazards as ask

    policy = context.project.policy
    baseline = engine.baseline_name([file.name for file in files.migrations])
    asked = [each for each in files.parsed if each.file.name in comparison.new - {baseline}]
    if policy.get("squawk") == "off" and not any(rule.startswith("squawk/") for rule in policy):
        return Hazards((), frozenset(), Check("squawk", "skip", _SQUAWK_OFF))
    program = find_squawk(context.scripts_dir, context.search_path)
    if program is None:
        check = Check("squawk", "skip", _NO_SQUAWK, "pip install 'dbmate-wrap[squawk]'")
        return Hazards((), frozenset(), check)
    off = frozenset(rule for rule in policy if family_of(rule) == "squawk" and policy[rule] == "off")
    folder = display_path(context, context.environment.values.migrations_dir)
    found = ask(program, asked, folder=folder, server_major=None, excluded=off)
    looked = f"looked for hazards in {count(len(asked), 'new migration')}"
    seen = frozenset(f"{folder}/{each.file.name}" for each in asked)
    return Hazards(found, seen, Check("squawk", "pass", looked if asked else "no new migrations to look at"))


def judged_rules(
    files: ProjectFiles, told: engine.RuleContext, seen_by: Mapping[str, frozenset[str]]
) -> Mapping[str, frozenset[str]]:
    """Which rules were judged, by file; `seen_by` has the files that others than the rules looked at."""
    return {
        file: rules | frozenset(judge for judge, seen in seen_by.items() if file in seen)
        for file, rules in engine.judged(files.parsed, told).items()
    }


def resolve_findings(
    context: Context,
    files: ProjectFiles,
    told: engine.RuleContext,
    findings: Sequence[Finding],
    allows: Sequence[Suppression],
    seen_by: Mapping[str, frozenset[str]],
) -> list[Finding]:
    """The findings that none of the comments `allows`, with the team's severities."""
    kept = apply_suppressions(findings, allows, judged_rules(files, told, seen_by), context.project.policy)
    return list(apply_severities(kept, context.project.policy))
