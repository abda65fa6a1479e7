"""Names the environment in the commands of a hint, so that they can be typed as they stand."""

import re
from functools import cache

_VERBS = (
    *("up", "status", "plan", "rollback", "redo", "history", "dump", "doctor", "stamp", "exec", "psql"),
    *("snapshot", "baseline", "drift", "diagram"),
    *("db start", "db stop", "db url", "db psql", "db reset"),
)


@cache
def _command() -> re.Pattern[str]:
    # Not where the rest of the command names one already. Compiled where a line has a command: few have.
    return re.compile(rf"\bdbmate-wrap (?:{'|'.join(_VERBS)})\b(?![\w-])(?![^`;,\n]*? (?:-e|--env)\b)")


def name_environment(text: str, environment: str | None) -> str:
    """Return `text` with ``-e NAME`` after each verb that is about an environment; unchanged for None."""
    if environment is None or "dbmate-wrap " not in text:
        return text
    return _command().sub(lambda found: f"{found[0]} -e {environment}", text)


def target_place(environment: str, target: str) -> str:
    """Return what a command names one target of a fleet by, after ``-e``: ``production --target acme``."""
    import shlex

    # What begins with a hyphen would be taken for an option.
    return f"{environment} --target{'=' if target.startswith('-') else ' '}{shlex.quote(target)}"
