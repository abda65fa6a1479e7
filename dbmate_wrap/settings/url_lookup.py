"""Looks up an environment's database URL in a chain of sources; the first found wins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dbmate_wrap.errors import ConfigError, Fault
from dbmate_wrap.settings.dotenv import DotenvFile, read_dotenv
from dbmate_wrap.settings.faults import Source, config_error, variable_source
from dbmate_wrap.settings.names import PLACEHOLDER, UNPREFIXED, url_variable


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
        return FoundUrl(text, variable_source(name).text) if text.strip() else None

    def in_file(self, file: str, name: str) -> FoundUrl | None:
        """Return a variable of a .env file. Raises ConfigError for a file with faults."""
        content = self.dotenv(file)
        if content.faults:
            raise config_error(content.faults)
        line = content.line(name)
        return FoundUrl(line.value, f"{name} in {file} line {line.number}") if line else None

    def unprefixed(self) -> FoundUrl | None:
        """Return a DATABASE_URL that names no environment."""
        return self.in_process(UNPREFIXED) or self.in_file(".env", UNPREFIXED)


@dataclass(frozen=True)
class UrlConfig:
    """The configuration of one environment's URL; `command` and `file` come with their sources."""

    name: str
    is_default: bool
    command: tuple[str, Source] | None = None
    file: tuple[str, Source] | None = None

    def for_environment(self, configured: tuple[str, Source] | None) -> tuple[str, Source] | None:
        """Return a configured command or file if it applies to this environment.

        One that names no environment belongs to the default environment only, like a DATABASE_URL without
        prefix: the URL of one environment is never used for another.
        """
        if configured is None:
            return None
        text, source = configured
        of_no_environment = not source.for_one and PLACEHOLDER not in text
        return None if of_no_environment and not self.is_default else (text, source)


def find_url(config: UrlConfig, sources: UrlSources, timeout: float) -> FoundUrl | None:
    """Return the environment's URL, None where no source has one. Raises ConfigError for a broken source."""
    return (
        sources.in_process(url_variable(config.name))
        or _from_command(config, sources, timeout)
        or _from_file(config, sources)
        or _from_dotenv(config, sources)
    )


def find_url_without_command(config: UrlConfig, sources: UrlSources) -> FoundUrl | None:
    """As `find_url`, but None where only a command has it, or where a source is broken."""
    own = sources.in_process(url_variable(config.name))
    if own or config.for_environment(config.command):
        return own
    try:
        return _from_file(config, sources) or _from_dotenv(config, sources)
    except ConfigError:
        return None


def _from_command(config: UrlConfig, sources: UrlSources, timeout: float) -> FoundUrl | None:
    configured = config.for_environment(config.command)
    if configured is None:
        return None
    from dbmate_wrap.settings.url_command import run_url_command

    command, source = configured
    text = run_url_command(
        command, environment=config.name, root=sources.root, source=source.text, timeout=timeout
    )
    return FoundUrl(text, f"the output of {source}")


def _from_file(config: UrlConfig, sources: UrlSources) -> FoundUrl | None:
    configured = config.for_environment(config.file)
    if configured is None:
        return None
    from dbmate_wrap.settings.url_file import read_url_file

    template, source = configured
    path = sources.root / template.replace(PLACEHOLDER, config.name)
    text, warnings = read_url_file(path, environment=config.name, source=source.text)
    return FoundUrl(text, f"{path} ({source})", warnings)


def _from_dotenv(config: UrlConfig, sources: UrlSources) -> FoundUrl | None:
    own, own_file = url_variable(config.name), f".env.{config.name}"
    return (
        sources.in_file(own_file, own)
        or sources.in_file(own_file, UNPREFIXED)
        or sources.in_file(".env", own)
        or (sources.unprefixed() if config.is_default else None)
    )
