"""Validates the shape of the TOML table: known keys, no secrets, tables where tables belong."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dbmate_wrap.errors import Fault
from dbmate_wrap.policy.registry import FAMILIES, RULES, nearest_rule, rule_of
from dbmate_wrap.settings.config_file import ConfigDocument
from dbmate_wrap.settings.model import BOOLEANS, NAMES
from dbmate_wrap.settings.names import PREFIX, holds_secret, is_name, nearest

_SEVERITIES = ("error", "warning", "off")
_SECRET_KEY = re.compile(r"(.*_)?(url|database_url|password|pgpassword)", re.IGNORECASE)


@dataclass(frozen=True)
class ConfigTable:
    """The content of a configuration file without its faulty parts."""

    document: ConfigDocument
    shared: Mapping[str, object] = field(default_factory=dict)
    environments: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    default_environment: str | None = None
    policy: Mapping[str, str] = field(default_factory=dict)


def validate(document: ConfigDocument, faults: list[Fault]) -> ConfigTable:
    """Return the table of a document; every fault of its shape is added to `faults`."""
    table = dict(document.table)
    environments = _tables(document, "environments", table.pop("environments", {}), faults)
    return ConfigTable(
        document,
        environments={
            name: _settings(document, ("environments", name), values, faults)
            for name, values in environments.items()
        },
        default_environment=_default(document, table.pop("default_environment", None), faults),
        policy=_policy(document, table.pop("policy", {}), faults),
        shared=_settings(document, (), table, faults, also=("default_environment", "environments", "policy")),
    )


def _settings(
    document: ConfigDocument,
    path: tuple[str, ...],
    table: Mapping[str, object],
    faults: list[Fault],
    also: Iterable[str] = (),
) -> dict[str, object]:
    kept: dict[str, object] = {}
    for key, value in table.items():
        fault = _fault(key, value, document.source(*path, _display_key(key)), (*NAMES, *also))
        if fault:
            faults.append(fault)
        else:
            kept[key] = value
    return kept


def _fault(key: str, value: object, source: str, known: tuple[str, ...]) -> Fault | None:
    if (key not in known and _SECRET_KEY.fullmatch(key)) or _holds_secret(value):
        hint = "keep it in <NAME>_DATABASE_URL or .env.<name>, or name a url_command or url_file"
        if key == "shadow_url":
            hint = f"set it as {PREFIX}SHADOW_URL in the process environment"
        return Fault("is a secret, which does not belong in a file that is shared", source, hint)
    if key not in known:
        return Fault("is not a setting", source, hint=nearest(key, known))
    if isinstance(value, bool) and key not in BOOLEANS:
        return Fault("must not be true or false", source)
    return None


def _holds_secret(value: object) -> bool:
    if isinstance(value, dict):
        return any(_holds_secret(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_holds_secret(inner) for inner in value)
    return isinstance(value, str) and holds_secret(value)


def _tables(
    document: ConfigDocument, key: str, value: object, faults: list[Fault]
) -> dict[str, Mapping[str, object]]:
    if not isinstance(value, dict):
        faults.append(Fault("must be a table", document.source(key), hint="write [environments.staging]"))
        return {}
    found: dict[str, Mapping[str, object]] = {}
    for name, inner in value.items():
        source = document.source(key, _display_key(name))
        if not isinstance(inner, dict):
            faults.append(Fault("must be a table", source, hint="write [environments.staging]"))
        elif not is_name(name):
            faults.append(Fault("must be a name of letters, digits, - and _", source))
        else:
            found[name] = inner
    return found


def _default(document: ConfigDocument, value: object, faults: list[Fault]) -> str | None:
    if value is None or (isinstance(value, str) and not holds_secret(value)):
        return value
    faults.append(Fault("must be the name of an environment", document.source("default_environment")))
    return None


def _policy(document: ConfigDocument, value: object, faults: list[Fault]) -> dict[str, str]:
    if not isinstance(value, dict):
        faults.append(Fault("must be a table", document.source("policy"), hint="write [policy]"))
        return {}
    kept: dict[str, str] = {}
    for rule, severity in value.items():
        source = document.source("policy", _display_key(rule))
        if rule not in FAMILIES and rule_of(rule) is None:
            faults.append(Fault("is not a rule or a family of rules", source, hint=_nearest_rule(rule)))
        elif isinstance(severity, str) and severity in _SEVERITIES:
            kept[rule] = severity
        else:
            faults.append(Fault("must be error, warning or off", source))
    return kept


def _nearest_rule(rule: str) -> str:
    if rule.lower().startswith("squawk/"):
        near = nearest_rule(rule)
        return f"did you mean {near}?" if near else "see https://squawkhq.com/docs/rules"
    return nearest(rule, (*FAMILIES, *RULES)) or "docs/rules/README.md lists the rules"


def _display_key(key: str) -> str:
    # A key that needs quotes in TOML is not one of ours and may be anything, even a URL: it is not shown.
    return key if re.fullmatch(r"[A-Za-z0-9_/-]{1,60}", key) else "(a key)"
