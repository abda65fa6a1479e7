"""Looks up an environment's database URL in a chain of sources; the first found wins."""

import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dbmate_wrap.errors import ConfigError, Fault
from dbmate_wrap.settings.dotenv import DotenvFile, read_dotenv
from dbmate_wrap.settings.faults import Source, config_error, variable_source
from dbmate_wrap.settings.layers import EnvironmentSettings
from dbmate_wrap.settings.names import PLACEHOLDER, UNPREFIXED, url_variable
from dbmate_wrap.settings.text_file import read_text


@dataclass(frozen=True)
class FoundUrl:
    """The text of a URL, not yet parsed."""

    text: str = field(repr=False)
    source: str
    warnings: tuple[Fault, ...] = ()


@dataclass
class UrlSources:
    """URL sources shared by all environments: variables of the process, and .env files, each read once."""

    root: Path
    default_environment: str
    os_user: str
    variables: Mapping[str, str] = field(repr=False)
    files: dict[str, DotenvFile] = field(default_factory=dict, repr=False)

    def dotenv(self, name: str) -> DotenvFile:
        """Return a .env file of the project; empty where it does not exist."""
        if name not in self.files:
            self.files[name] = read_dotenv(self.root / name)
        return self.files[name]

    def in_process(self, name: str) -> FoundUrl | None:
        """Return a process variable; empty counts as not set."""
        text = self.variables.get(name, "")
        return FoundUrl(text, variable_source(name)) if text.strip() else None

    def in_file(self, file: str, name: str) -> FoundUrl | None:
        """Return a variable of a .env file; empty counts as not set. Raises ConfigError for faults in it."""
        content = self.dotenv(file)
        if content.faults:
            raise config_error(content.faults)
        line = content.urls.get(name)
        if line is None or not line.value.strip():
            return None
        return FoundUrl(line.value, f"{name} in {file} line {line.number}")

    def unprefixed(self) -> FoundUrl | None:
        """Return a DATABASE_URL that names no environment."""
        return self.in_process(UNPREFIXED) or self.in_file(".env", UNPREFIXED)


def find_url(settings: EnvironmentSettings, sources: UrlSources, timeout: float) -> FoundUrl | None:
    """Return the environment's URL, None where no source has one. Raises ConfigError for a broken source."""
    return (
        sources.in_process(url_variable(settings.name))
        or _from_command(settings, sources, timeout)
        or _from_file(settings, sources)
        or _from_dotenv(settings, sources)
    )


def find_url_without_command(settings: EnvironmentSettings, sources: UrlSources) -> FoundUrl | None:
    """As `find_url`, but None where only a command has it, or where a source is broken."""
    own = sources.in_process(url_variable(settings.name))
    if own or command_of(settings, sources):
        return own
    try:
        return _from_file(settings, sources) or _from_dotenv(settings, sources)
    except ConfigError:
        return None


def command_of(settings: EnvironmentSettings, sources: UrlSources) -> tuple[str, Source] | None:
    """Return the url_command and its source, None where none applies to this environment."""
    return _own(settings, sources, settings.values.url_command, settings.sources["url_command"])


def _own(
    settings: EnvironmentSettings, sources: UrlSources, text: str | None, source: Source
) -> tuple[str, Source] | None:
    # One that names no environment belongs to the default environment only, like a DATABASE_URL without
    # prefix: the URL of one environment is never used for another.
    if text is None:
        return None
    names_one = source.for_one or PLACEHOLDER in text
    return (text, source) if names_one or settings.name == sources.default_environment else None


def _from_command(settings: EnvironmentSettings, sources: UrlSources, timeout: float) -> FoundUrl | None:
    configured = command_of(settings, sources)
    if configured is None:
        return None
    from dbmate_wrap.settings.url_command import run_url_command

    command, source = configured
    text = run_url_command(
        command, environment=settings.name, root=sources.root, source=source.text, timeout=timeout
    )
    return FoundUrl(text, f"the output of {source}")


def _from_file(settings: EnvironmentSettings, sources: UrlSources) -> FoundUrl | None:
    file = settings.values.url_file
    configured = _own(settings, sources, str(file) if file else None, settings.sources["url_file"])
    if configured is None:
        return None
    template, source = configured
    path = sources.root / template.replace(PLACEHOLDER, settings.name)
    faults: list[Fault] = []
    text = read_text(path, str(path), faults)
    problem = faults[0].message if faults else _problem(text)
    if text is None or problem:
        message = f"the url_file of {settings.name} {problem}"
        raise config_error([Fault(message, source.text, f"{path} must hold one line, the database URL")])
    warnings: tuple[Fault, ...] = ()
    if sys.platform != "win32" and path.stat().st_mode & stat.S_IROTH:
        message = f"{path} can be read by every user of this machine"
        warnings = (Fault(message, source.text, hint=f"chmod o-r {path}"),)
    return FoundUrl(text.strip("\r\n"), f"{path} ({source})", warnings)


def _problem(text: str | None) -> str | None:
    if text is None:
        return "does not exist"
    if not text.strip():
        return "is empty"
    lines = len(text.strip("\r\n").splitlines())
    return f"has {lines} lines, and a URL is one" if lines > 1 else None


def _from_dotenv(settings: EnvironmentSettings, sources: UrlSources) -> FoundUrl | None:
    own, own_file = url_variable(settings.name), f".env.{settings.name}"
    return (
        sources.in_file(own_file, own)
        or sources.in_file(own_file, UNPREFIXED)
        or sources.in_file(".env", own)
        or (sources.unprefixed() if settings.name == sources.default_environment else None)
    )
