"""Looks up an environment's database URL in a chain of sources; the first found wins."""

import stat
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dbmate_wrap.errors import ConfigError, Fault
from dbmate_wrap.settings.dotenv import DotenvFile, read_dotenv
from dbmate_wrap.settings.faults import config_error, variable_source
from dbmate_wrap.settings.layers import EnvironmentSettings, is_set_by_process
from dbmate_wrap.settings.names import (
    PLACEHOLDER,
    TARGET,
    UNPREFIXED,
    direct_url_variable,
    filled,
    url_variable,
)
from dbmate_wrap.settings.text_file import read_text

if TYPE_CHECKING:
    from dbmate_wrap.settings.untrusted_settings import UntrustedSettings


@dataclass(frozen=True)
class FoundUrl:
    """The text of a URL, not yet parsed; `variable` is the .env file and the name there, if it is of one."""

    text: str = field(repr=False)
    source: str
    warnings: tuple[Fault, ...] = ()
    variable: tuple[str, str] | None = None


@dataclass
class UrlSources:
    """URL sources shared by all environments: variables of the process, and .env files, each read once.

    `untrusted` says what of them the branch of a pull request wrote; None where a branch is trusted.
    """

    root: Path
    default_environment: str
    os_user: str
    variables: Mapping[str, str] = field(repr=False)
    untrusted: "UntrustedSettings | None" = None
    files: dict[str, DotenvFile] = field(default_factory=dict, repr=False)

    def dotenv(self, name: str) -> DotenvFile:
        """Return a .env file of the project; empty where it does not exist."""
        if name not in self.files:
            path = self.root / name
            fault = self.untrusted.dotenv_fault(path) if self.untrusted is not None else None
            self.files[name] = DotenvFile(name, faults=[fault]) if fault else read_dotenv(path)
        return self.files[name]

    def in_process(self, name: str) -> FoundUrl | None:
        """Return a process variable; empty counts as not set."""
        text = self.variables.get(name, "")
        return FoundUrl(text, variable_source(name)) if text.strip() else None

    def of_process(self, environment: str) -> FoundUrl | None:
        """Return the URL of a process variable: first the direct one, which leads past a pooler."""
        direct = self.in_process(direct_url_variable(environment))
        return direct or self.in_process(url_variable(environment))

    def in_file(self, file: str, name: str) -> FoundUrl | None:
        """Return a variable of a .env file; empty counts as not set. Raises ConfigError for faults in it."""
        content = self.dotenv(file)
        if content.faults:
            raise config_error(*content.faults)
        line = content.urls.get(name)
        if line is None or not line.value.strip():
            return None
        return FoundUrl(line.value, f"{name} in {file} line {line.number}", variable=(file, name))

    def unprefixed(self) -> FoundUrl | None:
        """Return a DATABASE_URL that names no environment."""
        return self.in_process(UNPREFIXED) or self.in_file(".env", UNPREFIXED)

    def find(self, settings: EnvironmentSettings, target: str | None = None) -> FoundUrl | None:
        """Return the environment's URL, or that of its target; None without one.

        Raises ConfigError for a broken source, and for one that gives each target a URL where none is named.
        """
        if target is None and (key := self.key_per_target(settings)):
            hint = "name one with --target: `dbmate-wrap fleet list` lists them"
            raise config_error(Fault(f"gives each target a URL ({TARGET})", settings.sources[key], hint))
        return (
            self.of_process(settings.name)
            or self._from_command(settings, target)
            or self._from_file(settings, target)
            or self._from_parts(settings, target)
            or self._refused_of_branch(self._from_dotenv(settings.name), settings.name)
        )

    def key_per_target(self, settings: EnvironmentSettings) -> str | None:
        """Return the setting that gives each target a URL of its own; None where all share one."""
        values = settings.values
        if self.of_process(settings.name):
            return None
        if command := self.command_of(settings):
            return "url_command" if TARGET in command else None
        if values.url_file is not None and self._applies(str(values.url_file), "url_file", settings):
            return "url_file" if TARGET in str(values.url_file) else None
        if values.host is None or not self._applies(values.host, "host", settings):
            return None
        parts = ("host", "database", "user", "password_file")
        return next((part for part in parts if TARGET in str(getattr(values, part))), None)

    def _refused_of_branch(self, found: FoundUrl | None, environment: str) -> FoundUrl | None:
        if found is not None and found.variable is not None and self.untrusted is not None:
            self.untrusted.refuse_dotenv(*found.variable, found.text, found.source, environment)
        return found

    def find_without_command(
        self, settings: EnvironmentSettings, target: str | None = None
    ) -> FoundUrl | None:
        """As `find`, but None where only a command has it, or where a source is broken."""
        own = self.of_process(settings.name)
        if own or self.command_of(settings) or (target is None and self.key_per_target(settings)):
            return own
        try:
            found = self._from_file(settings, target) or self._from_parts(settings, target)
            return found or self._from_dotenv(settings.name)
        except ConfigError:
            return None

    def command_of(self, settings: EnvironmentSettings) -> str | None:
        """Return the url_command, None where none applies to this environment."""
        command = settings.values.url_command
        return command if command and self._applies(command, "url_command", settings) else None

    def _applies(self, text: str, key: str, settings: EnvironmentSettings) -> bool:
        # One that names no environment belongs to the default environment only, like a DATABASE_URL without
        # prefix: the URL of one environment is never used for another.
        names_one = key in settings.own or PLACEHOLDER in text
        return names_one or settings.name == self.default_environment

    def _from_command(self, settings: EnvironmentSettings, target: str | None) -> FoundUrl | None:
        command = self.command_of(settings)
        if command is None:
            return None
        from dbmate_wrap.settings.url_command import run_url_command

        name, source = settings.name, settings.sources["url_command"]
        if self.untrusted is None or is_set_by_process("url_command"):
            text = run_url_command(command, environment=name, root=self.root, source=source, target=target)
        else:
            self.untrusted.refuse(settings, "url_command")
            # Not in the checkout: many programs run what lies in their folder.
            with tempfile.TemporaryDirectory() as empty:
                text = run_url_command(command, environment=name, root=Path(empty), source=source)
        return FoundUrl(text, f"the output of {source}")

    def _from_file(self, settings: EnvironmentSettings, target: str | None) -> FoundUrl | None:
        file, source = settings.values.url_file, settings.sources["url_file"]
        if file is None or not self._applies(str(file), "url_file", settings):
            return None
        path = self.root / filled(str(file), settings.name, target)
        if self.untrusted is not None:
            self.untrusted.refuse_secret_file(path, "url_file", settings)
        text, warnings = _read_secret(path, f"the url_file of {settings.name}", source, "the database URL")
        return FoundUrl(text, f"{path} ({source})", warnings)

    def _from_parts(self, settings: EnvironmentSettings, target: str | None) -> FoundUrl | None:
        host = settings.values.host
        if host is None or not self._applies(host, "host", settings):
            return None
        from dbmate_wrap.settings.url_parts import PARTS, url_parts_of

        if self.untrusted is not None:
            for part in PARTS:
                self.untrusted.refuse(settings, part)
        parts = url_parts_of(settings, target)
        assert parts is not None, "there is a host"
        if parts.password_file is None:
            return FoundUrl(parts.url(None), settings.sources["host"])
        if self.untrusted is not None:
            self.untrusted.refuse_secret_file(parts.password_file, "password_file", settings)
        source, what = settings.sources["password_file"], f"the password_file of {settings.name}"
        password, warnings = _read_secret(parts.password_file, what, source, "the password")
        return FoundUrl(parts.url(password), settings.sources["host"], warnings)

    def _from_dotenv(self, environment: str) -> FoundUrl | None:
        own, own_file = url_variable(environment), f".env.{environment}"
        return (
            self.in_file(own_file, own)
            or self.in_file(own_file, UNPREFIXED)
            or self.in_file(".env", own)
            or (self.unprefixed() if environment == self.default_environment else None)
        )


def _read_secret(path: Path, what: str, source: str, content: str) -> tuple[str, tuple[Fault, ...]]:
    """Return the line of a file, and a warning where everybody may read it. Raises ConfigError."""
    faults: list[Fault] = []
    text = read_text(path, str(path), faults)
    problem = faults[0].message if faults else _problem(text)
    if text is None or problem:
        raise config_error(Fault(f"{what} {problem}", source, f"{path} must hold one line, {content}"))
    warnings: tuple[Fault, ...] = ()
    if sys.platform != "win32" and path.stat().st_mode & stat.S_IROTH:
        message = f"{path} can be read by every user of this machine"
        warnings = (Fault(message, source, hint=f"chmod o-r {path}"),)
    return text.strip("\r\n"), warnings


def _problem(text: str | None) -> str | None:
    if text is None:
        return "does not exist"
    if not text.strip():
        return "is empty"
    lines = len(text.strip("\r\n").splitlines())
    return f"has {lines} lines, and must have one" if lines > 1 else None
