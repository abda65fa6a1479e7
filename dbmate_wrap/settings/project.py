"""Puts the settings together: the project, its environments, and all faults of both at once."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dbmate_wrap.errors import Fault
from dbmate_wrap.settings import layers
from dbmate_wrap.settings import root as roots
from dbmate_wrap.settings.config_schema import Table, checked
from dbmate_wrap.settings.environment import Environment
from dbmate_wrap.settings.faults import failure
from dbmate_wrap.settings.model import BUILT_IN
from dbmate_wrap.settings.names import ENVIRONMENT_VARIABLE, UNPREFIXED, is_name, name_faults, nearest
from dbmate_wrap.settings.source import variable
from dbmate_wrap.settings.url_lookup import UrlConfig, UrlSources


@dataclass(frozen=True)
class Project:
    """One project's settings: `selected` is the environment asked for, `warnings` is for doctor."""

    root: Path
    config_file: Path | None
    default_environment: str
    selected: str
    policy: Mapping[str, str]
    warnings: tuple[Fault, ...]
    all_environments: Mapping[str, Environment] = field(repr=False)

    @property
    def environments(self) -> tuple[str, ...]:
        """The names, the four that always exist first."""
        return tuple(self.all_environments)

    def environment(self, name: str | None = None) -> Environment:
        """The environment of that name, without one the selected. Raises ConfigError for an unknown name."""
        found = self.all_environments.get(name or self.selected)
        if found is None:
            raise failure([_unknown(name or self.selected, self.environments, "--env")])
        return found


def load(project: Path | None = None, environment: str | None = None) -> Project:
    """Read and check the settings of every environment, and the .env files of the one that is asked for.

    `project` is the folder given on the command line, `environment` the name. Raises ConfigError with every
    fault there is, each with its source; URLs are looked up later, by `Environment.resolve_url`.
    """
    faults: list[Fault] = []
    warnings = layers.variable_warnings()
    root, document = roots.locate(project, faults, warnings)
    unread = bool(faults)  # Then nobody knows which environments it declares.
    table = checked(document, faults) if document else None
    names = tuple(dict.fromkeys((*BUILT_IN, *(table.environments if table else ()))))
    faults += name_faults(names, document.source("environments") if document else "")
    faults += layers.variable_faults()
    default, source = _default_environment(table)
    selected = environment or default
    asked = {default: source} | ({environment: "--env"} if environment else {})
    faults += [
        _unknown(name, names, place) for name, place in asked.items() if name not in names and not unread
    ]
    layered = {name: layers.lay(name, table, root, faults) for name in names}
    around = UrlSources(root, default, _os_user(), _url_variables())
    for file in (".env", f".env.{selected}") if selected in names else (".env",):
        faults += around.dotenv(file).faults
        warnings += around.dotenv(file).warnings
    if faults:
        raise failure(faults)
    return Project(
        root=root,
        config_file=document.path if document else None,
        default_environment=default,
        selected=selected,
        policy=table.policy if table else {},
        warnings=tuple(warnings),
        all_environments=_environments(layered, around),
    )


def _environments(layered: Mapping[str, layers.Layered], around: UrlSources) -> dict[str, Environment]:
    wanted = {name: _wanted(name, each, around) for name, each in layered.items()}
    return {
        name: Environment(
            name=name,
            is_default=name == around.default_environment,
            values=each.values,
            sources=each.sources,
            around=around,
            wanted=wanted[name],
            others=tuple(other for other in wanted.values() if other.name != name),
        )
        for name, each in layered.items()
    }


def _wanted(name: str, each: layers.Layered, around: UrlSources) -> UrlConfig:
    command, file = each.values.url_command, each.values.url_file
    return UrlConfig(
        name,
        name == around.default_environment,
        (command, each.sources["url_command"]) if command else None,
        (str(file), each.sources["url_file"]) if file else None,
    )


def _default_environment(table: Table | None) -> tuple[str, str]:
    """The environment of a bare DATABASE_URL and of a command without --env, and who says so."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return named, variable(ENVIRONMENT_VARIABLE).text
    if table and table.default_environment is not None:
        return table.default_environment, table.document.source("default_environment")
    return "dev", ""


def _unknown(name: str, names: tuple[str, ...], source: str) -> Fault:
    hint = nearest(name, names) or f"there are {', '.join(names)}"
    # What is no name is not shown: it may be a URL in the wrong place.
    shown = f"{name} is" if is_name(name) else "this is"
    return Fault(f"{shown} not an environment", source, hint)


def _url_variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.endswith(UNPREFIXED)}


def _os_user() -> str:
    """Who libpq takes for a URL without a user; empty in a container whose user has no name."""
    if sys.platform != "win32":
        import pwd

        try:
            return pwd.getpwuid(os.geteuid()).pw_name
        except KeyError:
            pass
    return next((name for key in ("LOGNAME", "USER", "USERNAME") if (name := os.environ.get(key))), "")
