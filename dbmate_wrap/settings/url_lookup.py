"""The chain of places in which an environment's database URL is looked for; the first found wins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dbmate_wrap.errors import ConfigError, Fault
from dbmate_wrap.settings.dotenv import DotenvFile, read
from dbmate_wrap.settings.faults import failure
from dbmate_wrap.settings.names import PLACEHOLDER, UNPREFIXED, url_variable
from dbmate_wrap.settings.source import Source, variable


@dataclass(frozen=True)
class Found:
    """The text of a URL, not yet understood."""

    text: str = field(repr=False)
    source: str
    warnings: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class UrlSources:
    """What the environments of a project share: the process's URL variables; .env files, each read once."""

    root: Path
    default_environment: str
    os_user: str
    variables: Mapping[str, str] = field(repr=False)
    files: dict[str, DotenvFile] = field(default_factory=dict, repr=False)

    def dotenv(self, name: str) -> DotenvFile:
        """A .env file of the project; empty where it does not exist."""
        if name not in self.files:
            self.files[name] = read(self.root / name)
        return self.files[name]

    def in_process(self, name: str) -> Found | None:
        """A process variable; empty counts as not set."""
        text = self.variables.get(name, "")
        return Found(text, variable(name).text) if text.strip() else None

    def in_file(self, file: str, name: str) -> Found | None:
        """A variable of a .env file. Raises ConfigError for a file with faults."""
        content = self.dotenv(file)
        if content.faults:
            raise failure(content.faults)
        line = content.line(name)
        return Found(line.value, f"{name} in {file} line {line.number}") if line else None

    def bare(self) -> Found | None:
        """A DATABASE_URL that names no environment."""
        return self.in_process(UNPREFIXED) or self.in_file(".env", UNPREFIXED)


@dataclass(frozen=True)
class UrlConfig:
    """What decides the URL of one environment; `command` and `file` as configured, with their sources."""

    name: str
    is_default: bool
    command: tuple[str, Source] | None = None
    file: tuple[str, Source] | None = None

    def usable(self, place: tuple[str, Source] | None) -> tuple[str, Source] | None:
        """The place with the environment's name filled in.

        One that names no environment belongs to the default environment only, like a bare DATABASE_URL:
        never is one environment's URL used for another.
        """
        if place is None:
            return None
        text, source = place
        of_no_environment = not source.for_one and PLACEHOLDER not in text
        return None if of_no_environment and not self.is_default else (text, source)


def find(wanted: UrlConfig, around: UrlSources, timeout: float) -> Found | None:
    """The URL of the environment, None where no place has one. Raises ConfigError for a broken place."""
    return (
        around.in_process(url_variable(wanted.name))
        or _printed(wanted, around, timeout)
        or _mounted(wanted, around)
        or _in_dotenv(wanted, around)
    )


def find_without_command(wanted: UrlConfig, around: UrlSources) -> Found | None:
    """As `find`, but None where only a command could tell, or where a place is broken."""
    own = around.in_process(url_variable(wanted.name))
    if own or wanted.usable(wanted.command):
        return own
    try:
        return _mounted(wanted, around) or _in_dotenv(wanted, around)
    except ConfigError:
        return None


def _printed(wanted: UrlConfig, around: UrlSources, timeout: float) -> Found | None:
    place = wanted.usable(wanted.command)
    if place is None:
        return None
    from dbmate_wrap.settings.url_command import ask

    command, source = place
    text = ask(command, environment=wanted.name, root=around.root, source=source.text, timeout=timeout)
    return Found(text, f"the output of {source}")


def _mounted(wanted: UrlConfig, around: UrlSources) -> Found | None:
    place = wanted.usable(wanted.file)
    if place is None:
        return None
    from dbmate_wrap.settings import url_file

    template, source = place
    path = around.root / template.replace(PLACEHOLDER, wanted.name)
    text, warnings = url_file.read(path, environment=wanted.name, source=source.text)
    return Found(text, f"{path} ({source})", warnings)


def _in_dotenv(wanted: UrlConfig, around: UrlSources) -> Found | None:
    own, own_file = url_variable(wanted.name), f".env.{wanted.name}"
    return (
        around.in_file(own_file, own)
        or around.in_file(own_file, UNPREFIXED)
        or around.in_file(".env", own)
        or (around.bare() if wanted.is_default else None)
    )
