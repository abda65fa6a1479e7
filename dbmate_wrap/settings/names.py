"""Names of environments and of their variables, what they imply, and hints for misspelled names."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from dbmate_wrap.errors import Fault

# The settings that a name implies; these four environments always exist.
BUILT_IN: Mapping[str, Mapping[str, bool]] = MappingProxyType(
    {
        "dev": {"disposable": True, "dump_schema": True, "create_database": True},
        "test": {"disposable": True, "create_database": True},
        "staging": {},
        "production": {"protected": True},
    }
)
PREFIX = "DBMATE_WRAP_"
ENVIRONMENT_VARIABLE = f"{PREFIX}ENV"
# Says of the checkout that its branch is `trusted` or `untrusted`, whatever the pipeline's variables are.
BRANCH_VARIABLE = f"{PREFIX}BRANCH"
# The commit of the files, where there is no git: an image that was built from it.
COMMIT_VARIABLE = f"{PREFIX}COMMIT"
UNPREFIXED = "DATABASE_URL"
# For whoever sets one of dbmate's own variables.
DBMATE_HINT = f"set {PREFIX}<KEY> in the process environment, or the key in dbmate-wrap.toml"
# Stands for the environment's name in a url_command or url_file that serves several environments.
PLACEHOLDER = "{environment}"
# Stands for the target's name in a url_command or url_file that serves a whole fleet.
TARGET = "{target}"
_SECRET = re.compile(r"://[^/?\s]*:\S*@|[?&]password=|\bPGPASSWORD=", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


def url_variable(environment: str) -> str:
    """Return the variable that holds an environment's URL: pre-prod -> PRE_PROD_DATABASE_URL."""
    return f"{environment.upper().replace('-', '_')}_{UNPREFIXED}"


def direct_url_variable(environment: str) -> str:
    """Return the variable of the URL that leads past a pooler, as Supabase, Neon and Prisma name it."""
    return url_variable(f"{environment}-direct")


def filled(text: str, environment: str, target: str | None) -> str:
    """Return a text with the names of the environment and of the target, where there is one, in it."""
    text = text.replace(PLACEHOLDER, environment)
    return text if target is None else text.replace(TARGET, target)


def holds_secret(text: str) -> bool:
    """Return True where a text contains something like a URL with a password."""
    return bool(_SECRET.search(text))


def is_name(text: str) -> bool:
    """Return True for a valid name of an environment."""
    return bool(_NAME.fullmatch(text))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return a hint with the nearest known name, None where none is near."""
    from dbmate_wrap.domain.similar_name import similar_name

    found = similar_name(name, known)
    return f"did you mean {found}?" if found else None


def name_faults(names: Iterable[str], source: str) -> list[Fault]:
    """Return a fault for every pair of names that share one variable."""
    faults: list[Fault] = []
    seen: dict[str, str] = {}
    for name in names:
        for variable in (url_variable(name), direct_url_variable(name)):
            other = seen.setdefault(variable, name)
            if other != name:
                message = f"the environments {other} and {name} share the variable {variable}"
                faults.append(Fault(message, source, hint="rename one of them"))
                break
    return faults
