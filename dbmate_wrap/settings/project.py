"""Loads a project: its settings, its environments, and all faults of both at once."""

import os
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dbmate_wrap.errors import Fault
from dbmate_wrap.policy.configuration import Policy
from dbmate_wrap.settings import layers
from dbmate_wrap.settings.config_file import OWN_FILE, ConfigDocument, find_project
from dbmate_wrap.settings.config_schema import ConfigTable, validate
from dbmate_wrap.settings.environment import Environment
from dbmate_wrap.settings.faults import config_error, variable_source
from dbmate_wrap.settings.layers import EnvironmentSettings
from dbmate_wrap.settings.names import (
    BUILT_IN,
    ENVIRONMENT_VARIABLE,
    UNPREFIXED,
    is_name,
    name_faults,
    nearest,
)
from dbmate_wrap.settings.pull_request import untrusted_checkout
from dbmate_wrap.settings.url_lookup import UrlSources

if TYPE_CHECKING:
    from dbmate_wrap.domain.fleet_reference import FleetReference
    from dbmate_wrap.settings.fleets import FleetSettings
    from dbmate_wrap.settings.untrusted_checkout import UntrustedCheckout
    from dbmate_wrap.settings.untrusted_settings import UntrustedSettings


@dataclass(frozen=True)
class Project:
    """The settings of one project; `selected` is the environment to use, `warnings` are for doctor.

    The four built-in ones are the first of `environments`.
    """

    root: Path
    config_file: Path | None
    selected: str
    policy: Policy
    warnings: tuple[Fault, ...]
    environments: Mapping[str, Environment] = field(repr=False)
    fleets: "Mapping[str, FleetSettings]" = field(default_factory=dict, repr=False)

    def environment(self, name: str | None = None) -> Environment:
        """Return the environment of that name, or the selected one. Raises ConfigError if unknown."""
        found = self.environments.get(name or self.selected)
        if found is None:
            raise config_error(_unknown(name or self.selected, self.environments, "--env"))
        return found

    def fleet(self, name: str | None = None, environment: str | None = None) -> "FleetSettings":
        """Return the fleet of that name, or the only one; `environment` is the one that it must be of.

        Raises ConfigError where there is none or several are, and in the checkout of a pull request.
        """
        from dbmate_wrap.settings.fleets import choose_fleet

        if (untrusted := self.environment().url_sources.untrusted) is not None:
            untrusted.refuse_fleets()
        return choose_fleet(self.fleets, name, environment)

    def has_one_fleet(self, environment: str) -> bool:
        """Return True where one fleet is of that environment: a command need not name it."""
        return [each.environment for each in self.fleets.values()].count(environment) == 1


def load(
    project: Path | None = None, environment: str | None = None, about: "FleetReference | None" = None
) -> Project:
    """Read and validate the settings of all environments, and the .env files of the selected one.

    `project` is the folder given on the command line, `environment` the name; `about` is a fleet, whose
    environment is selected then. Raises ConfigError with all faults, each with its source. URLs are looked up
    later, by `Environment.resolve_url`.
    """
    faults, warnings = list[Fault](), layers.variable_warnings()
    checkout = untrusted_checkout(project)
    root, found = find_project(project, faults, warnings, checkout)
    readable, document = not faults, found or ConfigDocument(root / OWN_FILE)  # Else no environment is known.
    table = validate(document, faults)
    names = tuple(dict.fromkeys((*BUILT_IN, *table.environments)))
    faults += name_faults(names, table.document.source("environments"))
    faults += layers.variable_faults()
    default, source = _default_environment(table)
    fleets = _fleets(table, root, names, faults)
    asked = {default: source} | ({environment: "--env"} if environment else {})
    if readable:
        faults += [_unknown(name, names, place) for name, place in asked.items() if name not in names]
    selected = environment or default
    if about is not None and not faults:
        # A target without a fleet is one of the environment's, a fleet without a name may be of any.
        of = selected if about.fleet is None and about.target is not None else environment
        selected = _of_fleet(fleets, about, of)
    layered = [layers.merge_layers(name, table, root, faults) for name in names]
    variables = {name: value for name, value in os.environ.items() if name.endswith(UNPREFIXED)}
    untrusted = _untrusted(checkout, root, table)
    faults += untrusted.start_faults(layered) if untrusted is not None and not faults else []
    url_sources = UrlSources(root, default, _os_user(), variables, untrusted)
    for file in (".env", f".env.{selected}") if selected in names else (".env",):
        faults += url_sources.dotenv(file).faults
        warnings += url_sources.dotenv(file).warnings
    if faults:
        raise config_error(*faults)
    path, environments = found.path if found else None, _environments(layered, url_sources)
    return Project(root, path, selected, table.policy, tuple(warnings), environments, fleets)


def _environments(layered: list[EnvironmentSettings], url_sources: UrlSources) -> dict[str, Environment]:
    return {
        each.name: Environment(each.name, each.values, each.sources, each.own, url_sources, layered)
        for each in layered
    }


def _of_fleet(fleets: "Mapping[str, FleetSettings]", about: "FleetReference", environment: str | None) -> str:
    """Return the environment of the fleet that is meant. Raises ConfigError."""
    from dbmate_wrap.settings.fleets import choose_fleet

    return choose_fleet(fleets, about.fleet, environment).environment


def _fleets(
    table: ConfigTable, root: Path, environments: Collection[str], faults: list[Fault]
) -> "dict[str, FleetSettings]":
    if not table.fleets:
        return {}
    from dbmate_wrap.settings.fleets import read_fleets

    return read_fleets(table, root, environments, faults)


def _untrusted(
    checkout: "UntrustedCheckout | None", root: Path, table: ConfigTable
) -> "UntrustedSettings | None":
    if checkout is None:
        return None
    from dbmate_wrap.settings.untrusted_settings import UntrustedSettings

    return UntrustedSettings(checkout, root, table)


def _default_environment(table: ConfigTable) -> tuple[str, str]:
    """Return the default environment, which owns an unprefixed DATABASE_URL, and the source of its name."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return named, variable_source(ENVIRONMENT_VARIABLE)
    if table.default_environment is not None:
        return table.default_environment, table.document.source("default_environment")
    return "dev", ""


def _unknown(name: str, names: Collection[str], source: str) -> Fault:
    hint = nearest(name, names) or f"there are {', '.join(names)}"
    # Text that is not a name is not shown: it may be a URL in the wrong place.
    shown = f"{name} is" if is_name(name) else "this is"
    return Fault(f"{shown} not an environment", source, hint)


def _os_user() -> str:
    """Return the user that libpq assumes; empty in a container whose user has no name."""
    if sys.platform != "win32":
        import pwd

        try:
            return pwd.getpwuid(os.geteuid()).pw_name
        except KeyError:
            pass
    return next((name for key in ("LOGNAME", "USER", "USERNAME") if (name := os.environ.get(key))), "")
