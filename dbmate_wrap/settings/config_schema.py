"""Validates the shape of the TOML table: known keys, no secrets, tables where tables belong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dbmate_wrap.errors import Fault
from dbmate_wrap.policy.configuration import Policy
from dbmate_wrap.policy.registry import FAMILIES, RULES, nearest_rule, rule_of
from dbmate_wrap.settings.config_file import ConfigDocument
from dbmate_wrap.settings.model import BOOLEANS, NAMES, PLAN_KEYS
from dbmate_wrap.settings.names import PREFIX, holds_secret, is_name, nearest

# What stands in a table of its own in a file.
_PLAIN_NAMES = tuple(name for name in NAMES if name not in PLAN_KEYS.values())
_SEVERITIES = ("error", "warning", "off")
_VERSION = re.compile(r"[0-9]+")
_SECRET_KEY = re.compile(r"(.*_)?(url|database_url|password|pgpassword)", re.IGNORECASE)


@dataclass(frozen=True)
class ConfigTable:
    """The content of a configuration file without its faulty parts."""

    document: ConfigDocument
    shared: Mapping[str, object]
    environments: Mapping[str, Mapping[str, object]]
    default_environment: str | None
    policy: Policy
    fleets: Mapping[str, object] = field(default_factory=dict)


def validate(document: ConfigDocument, faults: list[Fault]) -> ConfigTable:
    """Return the table of a document; every fault of its shape is added to `faults`."""
    return _Validation(document, faults).table()


@dataclass(frozen=True)
class _Validation:
    document: ConfigDocument
    faults: list[Fault]

    def table(self) -> ConfigTable:
        shared = dict(self.document.table)
        environments = self._environments(shared.pop("environments", {}))
        default = self._default(shared.pop("default_environment", None))
        policy = self._policy(shared.pop("policy", {}))
        # What is in them, settings/fleets.py judges.
        fleets = self._entries(shared.pop("fleets", {}), "fleets", "write [fleets.NAME]")
        known = (*_PLAIN_NAMES, "default_environment", "environments", "policy", "plan", "fleets")
        kept = self._settings((), shared, known)
        return ConfigTable(self.document, kept, environments, default, policy, fleets)

    def _environments(self, tables: object) -> dict[str, Mapping[str, object]]:
        found: dict[str, Mapping[str, object]] = {}
        hint = "write [environments.staging]"
        for name, table in self._entries(tables, "environments", hint).items():
            path = ("environments", display_key(name))
            if not isinstance(table, dict):
                self._add("must be a table", path, hint)
            elif not is_name(name):
                self._add("must be a name of letters, digits, - and _", path)
            else:
                found[name] = self._settings(path, table, (*_PLAIN_NAMES, "plan"))
        return found

    def _default(self, name: object) -> str | None:
        if name is None or (isinstance(name, str) and not holds_secret(name)):
            return name
        self._add("must be the name of an environment", ("default_environment",))
        return None

    def _policy(self, table: object) -> Policy:
        entries = dict(self._entries(table, "policy", "write [policy]"))
        since = entries.pop("since", None)
        if since is not None and not (isinstance(since, str) and _VERSION.fullmatch(since)):
            self._add("must be a version, as the files have it", ("policy", "since"), 'since = "014"')
            since = None
        return Policy(self._severities(entries), since)

    def _severities(self, entries: Mapping[str, object]) -> dict[str, str]:
        kept: dict[str, str] = {}
        for rule, severity in entries.items():
            path = ("policy", display_key(rule))
            if rule not in FAMILIES and rule_of(rule) is None:
                self._add("is not a rule or a family of rules", path, _nearest_rule(rule))
            elif isinstance(severity, str) and severity in _SEVERITIES:
                kept[rule] = severity
            else:
                self._add("must be error, warning or off", path)
        return kept

    def _settings(
        self, path: tuple[str, ...], table: Mapping[str, object], known: tuple[str, ...]
    ) -> dict[str, object]:
        faults = {key: key_fault(key, value, known) for key, value in table.items()}
        for key, fault in faults.items():
            if fault:
                self._add(fault[0], (*path, display_key(key)), fault[1])
        kept = {key: value for key, value in table.items() if not faults[key]}
        plan = kept.pop("plan", {})
        return kept | self._plan(path, plan)

    def _plan(self, path: tuple[str, ...], table: object) -> dict[str, object]:
        """Return the settings of a table [plan] by their own names."""
        if not isinstance(table, dict):
            self._add("must be a table", (*path, "plan"), "write [plan]")
            return {}
        kept = self._settings((*path, "plan"), table, tuple(PLAN_KEYS)) if table else {}
        return {PLAN_KEYS[key]: value for key, value in kept.items()}

    def _entries(self, table: object, key: str, hint: str) -> dict[str, object]:
        if isinstance(table, dict):
            return table
        self._add("must be a table", (key,), hint)
        return {}

    def _add(self, message: str, path: tuple[str, ...], hint: str | None = None) -> None:
        self.faults.append(Fault(message, self.document.source(*path), hint))


def key_fault(key: str, value: object, known: tuple[str, ...]) -> tuple[str, str | None] | None:
    """Return the message and the hint for a key that is no setting or holds no value for one."""
    if (key not in known and _SECRET_KEY.fullmatch(key)) or _holds_secret(value):
        hint = "keep it in <NAME>_DATABASE_URL or .env.<name>, or name a url_command or url_file"
        if key == "shadow_url":
            hint = f"set it as {PREFIX}SHADOW_URL in the process environment"
        return "is a secret, which does not belong in a file that is shared", hint
    if key not in known:
        return "is not a setting", nearest(key, known)
    if isinstance(value, bool) and key not in BOOLEANS:
        return "must not be true or false", None
    return None


def _holds_secret(value: object) -> bool:
    if isinstance(value, dict | list):
        return any(map(_holds_secret, value.values() if isinstance(value, dict) else value))
    return isinstance(value, str) and holds_secret(value)


def _nearest_rule(rule: str) -> str:
    if rule.lower().startswith("squawk/"):
        near = nearest_rule(rule)
        return f"did you mean {near}?" if near else "see https://squawkhq.com/docs/rules"
    return nearest(rule, (*FAMILIES, *RULES)) or "`dbmate-wrap explain rules` lists the rules"


def display_key(key: str) -> str:
    """Return a key as a message may show it."""
    # A key that needs quotes in TOML is not one of ours and may be anything, even a URL: it is not shown.
    return key if re.fullmatch(r"[A-Za-z0-9_/-]{1,60}", key) else "(a key)"
