"""Names of environments and of their variables, and the nearest name to one that does not exist."""

import re
from collections.abc import Iterable

from dbmate_wrap.errors import Fault

PREFIX = "DBMATE_WRAP_"
ENVIRONMENT_VARIABLE = f"{PREFIX}ENV"
UNPREFIXED = "DATABASE_URL"
# Stands for the environment's name in a url_command or url_file that serves several environments.
PLACEHOLDER = "{environment}"
_SECRET = re.compile(r"://[^/?\s]*:\S*@|[?&]password=|\bPGPASSWORD=", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


def url_variable(environment: str) -> str:
    """The variable that holds the URL of one environment: pre-prod -> PRE_PROD_DATABASE_URL."""
    return f"{environment.upper().replace('-', '_')}_{UNPREFIXED}"


def holds_secret(text: str) -> bool:
    """Whether a text looks like a URL with a password, wherever it stands."""
    return bool(_SECRET.search(text))


def is_name(text: str) -> bool:
    """Whether an environment can be called that."""
    return bool(_NAME.fullmatch(text))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """A hint that names the nearest known name, None where none is near."""
    from difflib import get_close_matches

    by_folded = {each.lower(): each for each in known}
    close = get_close_matches(name.lower(), list(by_folded), n=1)
    return f"did you mean {by_folded[close[0]]}?" if close else None


def name_faults(names: Iterable[str], source: str) -> list[Fault]:
    """Pairs of names that share one variable."""
    faults: list[Fault] = []
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(url_variable(name), name)
        if other != name:
            message = f"the environments {other} and {name} share the variable {url_variable(name)}"
            faults.append(Fault(message, source, hint="rename one of them"))
    return faults
