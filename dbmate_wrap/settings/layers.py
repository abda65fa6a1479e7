"""Merges the layers of one environment's settings and keeps the source of each value."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from dbmate_wrap.domain.consent import CONSENT_VARIABLE
from dbmate_wrap.domain.database_url import UrlFault, parse
from dbmate_wrap.errors import Fault
from dbmate_wrap.settings.config_schema import ConfigTable
from dbmate_wrap.settings.faults import variable_source
from dbmate_wrap.settings.model import COMMANDS, NAMES, PATHS, Values, written_keys
from dbmate_wrap.settings.names import (
    BRANCH_VARIABLE,
    BUILT_IN,
    COMMIT_VARIABLE,
    DBMATE_HINT,
    ENVIRONMENT_VARIABLE,
    PREFIX,
    holds_secret,
    nearest,
)

_DEFAULT = "default"
# By the first word of pydantic's type of error.
_PLAIN = {"bool": "must be true or false", "int": "must be a whole number", "string": "must be text"}


@dataclass(frozen=True)
class EnvironmentSettings:
    """The validated settings of one environment: durations are seconds, paths are absolute.

    `sources` say in words where each value comes from; `own` are the keys of the environment's own table.
    """

    name: str
    values: Values
    sources: Mapping[str, str]
    own: frozenset[str]


def merge_layers(name: str, table: ConfigTable, root: Path, faults: list[Fault]) -> EnvironmentSettings:
    """Merge the layers: process variables, the environment's table, the shared table, the name's defaults.

    Earlier layers win. Every fault is added to `faults`; the values are then not to be used.
    """
    given: dict[str, object] = dict(BUILT_IN.get(name, {}))
    sources = dict.fromkeys(NAMES, _DEFAULT) | dict.fromkeys(given, f"default for {name}")
    document, own = table.document, dict(table.environments.get(name, {}))
    given |= dict(table.shared) | own
    sources |= {key: document.source(*written_keys(key)) for key in table.shared}
    sources |= {key: document.source("environments", name, *written_keys(key)) for key in own}
    for key in NAMES:
        if is_set_by_process(key):
            own.pop(key, None)
            given.pop(key, None)  # So that pydantic-settings takes the variable.
            sources[key] = variable_source(f"{PREFIX}{key.upper()}")
    try:
        values = Values(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        faults.extend(_fault(detail, sources) for detail in details)
        return EnvironmentSettings(name, Values.model_construct(), sources, frozenset())
    faults.extend(_contradictions(values, sources, root))
    if values.protected and own.get("disposable") is True:
        hint = "one environment cannot be both: leave one of them out"
        faults.append(Fault("is true, and so is protected", sources["disposable"], hint))
    return EnvironmentSettings(name, _complete(values, sources, root), sources, frozenset(own))


def is_set_by_process(key: str) -> bool:
    """Return True where a variable of the process gives the setting `key`."""
    return bool(os.environ.get(f"{PREFIX}{key.upper()}"))


def _contradictions(values: Values, sources: Mapping[str, str], root: Path) -> list[Fault]:
    found: list[Fault] = []
    if values.shadow == "url" and values.shadow_url is None:
        hint = f"set shadow_url, or {PREFIX}SHADOW_URL in the process environment"
        found.append(Fault("is url, but no shadow_url is set", sources["shadow"], hint))
    setup = values.shadow_setup
    # Of the branch that is checked, which may have put a link there.
    if setup is not None and not Path(os.path.realpath(root / setup)).is_relative_to(os.path.realpath(root)):
        found.append(Fault("must be a file in the project's folder", sources["shadow_setup"]))
    if values.shadow_url is not None:
        try:
            parse(values.shadow_url.get_secret_value(), os_user="nobody")
        except UrlFault as fault:
            found.append(Fault(f"is not usable: {fault.message}", sources["shadow_url"], fault.hint))
    found.extend(_command_faults(values, sources))
    return found


def _command_faults(values: Values, sources: Mapping[str, str]) -> Iterator[Fault]:
    for key in COMMANDS:
        if (command := getattr(values, key)) is None:
            continue
        from dbmate_wrap.settings.url_command import split_command

        try:
            split_command(command)
        except ValueError:
            hint = "it is split as a shell does; quotes must be closed"
            yield Fault("is not a command line", sources[key], hint)


def _complete(values: Values, sources: dict[str, str], root: Path) -> Values:
    """Return the values with absolute paths and with the default that depends on another value."""
    update: dict[str, object] = {key: root / path for key in PATHS if (path := getattr(values, key))}
    if values.protected and values.disposable:
        # Set for all environments, or for one command: it was not meant for this one.
        update["disposable"], sources["disposable"] = False, f"{sources['disposable']}; not where protected"
    if sources["require_tls"] == _DEFAULT:
        update["require_tls"] = values.protected
        sources["require_tls"] = "default (as protected)"
    return values.model_copy(update=update)


def _fault(detail: ErrorDetails, sources: Mapping[str, str]) -> Fault:
    key = str(detail["loc"][0])
    context = detail.get("ctx", {})
    match detail["type"]:
        case "value_error":
            message = str(context["error"])
        case "greater_than_equal":
            message = f"must be at least {context['ge']}"
        case "less_than_equal":
            message = f"must be at most {context['le']}"
        case "literal_error":
            message = f"must be {context['expected']}"
        case other:
            message = _PLAIN.get(other.partition("_")[0], "has a value of the wrong kind")
    return Fault(message, sources[key])


def variable_faults() -> list[Fault]:
    """Return faults for process variables that are no settings, or hold a URL with a password."""
    known = [f"{PREFIX}{key.upper()}" for key in NAMES]
    known += [ENVIRONMENT_VARIABLE, BRANCH_VARIABLE, COMMIT_VARIABLE, CONSENT_VARIABLE]
    faults: list[Fault] = []
    for name, value in sorted(os.environ.items()):
        source = variable_source(name)
        if not (value and name.upper().startswith(PREFIX)):
            continue
        if name not in known:
            faults.append(Fault("is not a setting", source, hint=nearest(name, known)))
        elif name != f"{PREFIX}SHADOW_URL" and holds_secret(value):
            faults.append(Fault("holds a URL with a password", source, hint="use url_file"))
    return faults


def variable_warnings() -> list[Fault]:
    """Return warnings for dbmate's own variables, which never reach the dbmate that is run here."""
    return [
        Fault("has no effect here", variable_source(name), hint=DBMATE_HINT)
        for name in sorted(os.environ)
        if name.startswith("DBMATE_") and not name.startswith(PREFIX)
    ]
