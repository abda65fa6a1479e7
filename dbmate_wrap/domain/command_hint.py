"""Writes the commands of a hint so that they can be typed as they stand: with the environment's name."""

import re
from dataclasses import dataclass
from functools import cache

# They take one target of a fleet too.
TARGET_VERBS = (
    *("up", "status", "plan", "rollback", "history", "dump", "doctor", "stamp", "exec", "psql"),
    *("baseline", "drift", "wait"),
)
_OTHER_VERBS = (
    *("redo", "snapshot", "diagram"),
    *("db start", "db stop", "db url", "db psql", "db reset"),
)
_REST = r"[^`;,\n]*? "


@dataclass(frozen=True)
class TargetOfFleet:
    """One database that a run is about; `fleet` is None where its environment tells the fleet."""

    environment: str
    target: str
    fleet: str | None = None

    def __str__(self) -> str:
        import shlex  # No command but those of fleets needs it.

        if self.fleet is not None:
            return f"-e {shlex.quote(f'fleet:{self.fleet}/{self.target}')}"
        # What begins with a hyphen would be taken for an option.
        equals = "=" if self.target.startswith("-") else " "
        return f"-e {self.environment} --target{equals}{shlex.quote(self.target)}"


@cache
def _unnamed(verbs: tuple[str, ...]) -> re.Pattern[str]:
    # Not where the rest of the command names one already. Compiled where a line has a command: few have.
    return re.compile(rf"\bdbmate-wrap (?:{'|'.join(verbs)})\b(?![\w-])(?!{_REST}(?:-e|--env)\b)")


@cache
def _named(environment: str) -> re.Pattern[str]:
    verbs = "|".join(TARGET_VERBS)
    name = re.escape(environment)
    verb = rf"\bdbmate-wrap (?:{verbs})\b(?![\w-])"
    return re.compile(rf"({verb}(?:{_REST}| ))(?:-e|--env) {name}(?![\w-])(?! --target)")


def name_environment(text: str, about: str | TargetOfFleet | None) -> str:
    """Return `text` with ``-e NAME`` after each verb that is about an environment; unchanged for None.

    For a target of a fleet also with ``--target NAME`` after each verb that takes one.
    """
    if about is None or "dbmate-wrap " not in text:
        return text
    if isinstance(about, str):
        return _unnamed((*TARGET_VERBS, *_OTHER_VERBS)).sub(lambda found: f"{found[0]} -e {about}", text)
    text = _unnamed(_OTHER_VERBS).sub(lambda found: f"{found[0]} -e {about.environment}", text)
    text = _named(about.environment).sub(lambda found: f"{found[1]}{about}", text)
    return _unnamed(TARGET_VERBS).sub(lambda found: f"{found[0]} {about}", text)


def renumber_command(name: str, option: str = "") -> str:
    """Return the command that gives a new migration the next number; `option` names the base, if any."""
    import shlex  # Few hints are about numbers.

    return f"dbmate-wrap renumber {shlex.quote(name)}{option}"
