"""Refuses what the branch of a pull request says about programs, addresses and files of the machine."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dbmate_wrap.errors import Fault
from dbmate_wrap.settings.config_file import OWN_FILE, PYPROJECT, ConfigDocument, read_texts
from dbmate_wrap.settings.config_schema import ConfigTable, validate
from dbmate_wrap.settings.dotenv import parse_dotenv
from dbmate_wrap.settings.faults import config_error
from dbmate_wrap.settings.layers import EnvironmentSettings, is_set_by_process
from dbmate_wrap.settings.model import COMMANDS, NAMES, PATHS
from dbmate_wrap.settings.names import BRANCH_VARIABLE, BUILT_IN, PREFIX, url_variable
from dbmate_wrap.settings.untrusted_checkout import UntrustedCheckout, link_fault, links_on
from dbmate_wrap.settings.url_parts import PARTS

# By their names, so that a new setting of these kinds is among them.
PROGRAMS = frozenset(name for name in NAMES if name.endswith("_path"))
ADDRESSES = frozenset(name for name in NAMES if name.endswith("_url"))
# They are opened when they are needed, as are those above; and a right that a branch cannot give itself.
ON_USE = PROGRAMS | ADDRESSES | {*COMMANDS, "url_file", "shadow_superuser", *PARTS}
# They are opened by every command: refused at the start.
IN_REPOSITORY = PATHS - ON_USE
_LOCAL_FOLDER = ".dbmate-wrap"
_FETCH = "fetch the whole history (GitHub: fetch-depth: 0, GitLab: GIT_DEPTH: 0), or "


@dataclass
class UntrustedSettings:
    """The settings of a project in `root` that a pull request has checked out; `table` is its own file's."""

    checkout: UntrustedCheckout
    root: Path
    table: ConfigTable

    def named_by_branch(self, settings: EnvironmentSettings, key: str) -> bool:
        """Return True for a value that stands in the file, but not in that of the base."""
        value = _value(self.table, settings.name, key)
        if value is None or is_set_by_process(key):
            return False
        base = self._base_table
        known = base is not None and (settings.name in BUILT_IN or settings.name in base.environments)
        there = _value(base, settings.name, key) if base is not None and known else None
        return type(there) is not type(value) or there != value

    def refuse(self, settings: EnvironmentSettings, key: str) -> None:
        """Raise ConfigError where a setting of ON_USE is the branch's, or leads to what it wrote."""
        if fault := self.fault_of(settings, key):
            raise config_error(fault)

    def fault_of(self, settings: EnvironmentSettings, key: str) -> Fault | None:
        """Return why a setting of ON_USE is not used; None where it may be."""
        value, source = getattr(settings.values, key), settings.sources[key]
        if value is None or (key in ADDRESSES.union(COMMANDS, PROGRAMS) and is_set_by_process(key)):
            return None
        if self.named_by_branch(settings, key):
            return self._fault(self._not_of_base, source, self._ways_out(key, settings.name))
        hint = f"put it outside of the repository, or set {PREFIX}{key.upper()} in the pipeline"
        if key in COMMANDS and (word := self._word_in_repository(str(value))):
            return self._fault(f"runs {word}, which is a file of the checkout", source, hint)
        if key in PROGRAMS and self._leads_to_branch(self.root / value):
            return self._fault("leads to a file that the branch wrote", source, hint)
        return None

    def refuse_secret_file(self, path: Path, key: str, settings: EnvironmentSettings) -> None:
        """Raise ConfigError for a file with a URL or a password that the branch wrote or leads astray."""
        self.refuse(settings, key)
        if self._leads_to_branch(path):
            hint = f"set {url_variable(settings.name)} in the pipeline's environment"
            why = f"leads to {path.name}, which the branch wrote"
            raise config_error(self._fault(why, settings.sources[key], hint))

    def refuse_dotenv(self, file: str, variable: str, value: str, source: str, environment: str) -> None:
        """Raise ConfigError for a URL of a .env file that the branch wrote, unless the base has the same."""
        path = self.root / file
        if not self._leads_to_branch(path):
            return
        text = self.checkout.base_text(path)
        line = parse_dotenv(file, text).urls.get(variable) if text is not None else None
        if line is None or line.value != value:
            raise config_error(self._fault(self._not_of_base, source, self._ways_out("", environment)))

    def refuse_fleets(self) -> None:
        """Raise ConfigError: a fleet's targets are databases, and a command or a query may list them."""
        hint = "run it from a branch that is trusted"
        raise config_error(self._fault("lists databases", "a fleet", hint))

    def start_faults(self, environments: Iterable[EnvironmentSettings]) -> list[Fault]:
        """Return the faults of the paths that every command opens."""
        faults = [self._path_fault(each, key) for each in environments for key in sorted(IN_REPOSITORY)]
        if self.checkout.tracks(local := self.root / _LOCAL_FOLDER):
            hint = f"git rm -r --cached {_LOCAL_FOLDER}: it is this machine's own, and never committed"
            if not self.checkout.is_readable:
                hint = "let git read the repository (git status says why it does not), or remove the folder"
            faults.append(self._fault("is in the repository, or git cannot say", local.name, hint))
        return [each for each in faults if each is not None]

    def _path_fault(self, settings: EnvironmentSettings, key: str) -> Fault | None:
        path, source = getattr(settings.values, key), settings.sources[key]
        if path is None:
            return None
        named, is_folder = self.named_by_branch(settings, key), key.endswith("_dir")
        why = self.checkout.leads_astray(path, by_branch=named, is_folder=is_folder)
        if why is None:
            return None
        hint = f"name a file of the repository, or set {PREFIX}{key.upper()} in the pipeline"
        return self._fault(f"{key} {why}", path.name if source == "default" else source, hint)

    def dotenv_fault(self, path: Path) -> Fault | None:
        """Return the fault of a .env file that is a link of the branch and leads astray."""
        why = self.checkout.leads_astray(path)
        return link_fault(path.name, why) if why else None

    @cached_property
    def _base_table(self) -> ConfigTable | None:
        texts = [self.checkout.base_text(self.root / name) for name in (OWN_FILE, PYPROJECT)]
        if self.checkout.base is None:
            return None
        return validate(read_texts(self.root, *texts) or ConfigDocument(self.root / OWN_FILE), [])

    @property
    def _not_of_base(self) -> str:
        base = self.checkout.base
        return f"is not what the base {base[:12]} has" if base else "may not be what the base has"

    def _leads_to_branch(self, path: Path) -> bool:
        links = links_on(path)
        real = path if not links else Path(os.path.realpath(path))  # It may be a link to itself.
        return any(map(self.checkout.wrote, (*links, real)))

    def _word_in_repository(self, command: str) -> str | None:
        from dbmate_wrap.settings.url_command import split_command

        for word in split_command(command):
            path = self.root / word
            real = Path(os.path.realpath(path))
            if "/" in word and real.exists() and real.is_relative_to(self.checkout.top):
                return word
        return None

    def _ways_out(self, key: str, environment: str) -> str:
        fetch = "" if self.checkout.base else _FETCH
        variable = f"{PREFIX}{key.upper()}" if key else url_variable(environment)
        if key in ("url_command", "url_file"):
            variable += f" or {url_variable(environment)}"
        return f"{fetch}merge the setting first, or set {variable} in the pipeline's environment"

    def _fault(self, why: str, source: str, hint: str) -> Fault:
        variable = self.checkout.pull_request.variable
        message = f"{why}: not used in the checkout of a pull request ({variable} is set)"
        if variable != BRANCH_VARIABLE:
            hint += "; `dbmate-wrap explain untrusted-branches` says why"
        return Fault(message, source, hint)


def _value(table: ConfigTable, environment: str, key: str) -> object:
    return {**table.shared, **table.environments.get(environment, {})}.get(key)
