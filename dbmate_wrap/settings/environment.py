"""One environment: its settings, their sources, and its database URL."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dbmate_wrap.domain.database_url import DatabaseUrl, UrlFault, parse
from dbmate_wrap.errors import ConfigError, Fault
from dbmate_wrap.settings.faults import Source, config_error
from dbmate_wrap.settings.model import Values
from dbmate_wrap.settings.names import PLACEHOLDER, url_variable
from dbmate_wrap.settings.url_lookup import (
    FoundUrl,
    UrlConfig,
    UrlSources,
    find_url,
    find_url_without_command,
)

# Without a URL these environments run on a server that we start.
EMBEDDED = frozenset({"dev", "test"})
COMMAND_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class ResolvedUrl:
    """A database URL and its source in words."""

    url: DatabaseUrl
    source: str
    warnings: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Environment:
    """The settings of one environment; durations are seconds, paths are absolute."""

    name: str
    is_default: bool
    values: Values
    sources: Mapping[str, Source]
    url_sources: UrlSources = field(repr=False)
    url_config: UrlConfig = field(repr=False)
    other_configs: tuple[UrlConfig, ...] = field(repr=False)
    command_timeout: float = COMMAND_TIMEOUT_SECONDS

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.url_sources.root

    def resolve_url(self) -> ResolvedUrl | None:
        """Return this environment's URL; None for dev and test without one, which use the embedded server.

        Runs the url_command at every call. Raises ConfigError for a URL that is missing, broken or malformed,
        or that is also the database of another environment.
        """
        found = find_url(self.url_config, self.url_sources, self.command_timeout)
        if found is None:
            self._check_absence()
            return None
        resolved = parse_found(found, f"the database URL of {self.name}", self.url_sources.os_user)
        shadow = self._shadow()
        for label, other in (
            *self._known_urls(self.other_configs),
            *([("shadow_url", shadow)] if shadow else []),
        ):
            _check_apart(f"environment {self.name}", resolved, label, other)
        return resolved

    def url_source(self) -> str | None:
        """Return the source of the URL without running a command; None where there is no URL."""
        found = find_url_without_command(self.url_config, self.url_sources)
        if found:
            return found.source
        command = self.url_config.for_environment(self.url_config.command)
        return f"the url_command of {command[1]}" if command else None

    def resolve_shadow_url(self) -> ResolvedUrl | None:
        """Return `shadow_url` or None. Raises ConfigError where it is the database of an environment."""
        shadow = self._shadow()
        if shadow:
            for label, other in self._known_urls((self.url_config, *self.other_configs)):
                _check_apart("shadow_url", shadow, label, other)
        return shadow

    def _shadow(self) -> ResolvedUrl | None:
        if self.values.shadow_url is None:
            return None
        found = FoundUrl(self.values.shadow_url.get_secret_value(), str(self.sources["shadow_url"]))
        return parse_found(found, "the shadow_url", self.url_sources.os_user)

    def _known_urls(self, environments: tuple[UrlConfig, ...]) -> Iterator[tuple[str, ResolvedUrl]]:
        """Yield the URLs known without running a command; faults of other environments are ignored."""
        for other in environments:
            found = find_url_without_command(other, self.url_sources)
            try:
                url = parse_found(found, "", self.url_sources.os_user) if found else None
            except ConfigError:
                continue
            if url:
                yield f"environment {other.name}", url

    def _check_absence(self) -> None:
        default, own = self.url_sources.default_environment, url_variable(self.name)
        unprefixed = None if self.is_default else self.url_sources.unprefixed()
        if unprefixed:
            message = f"belongs to the default environment {default}, and {self.name} has no URL of its own"
            hint = f"set {own}; and call this one {url_variable(default)}, which says whose it is"
            raise config_error([Fault(message, unprefixed.source, hint)])
        if self.name in EMBEDDED:
            return
        unnamed = [key for key in ("url_command", "url_file") if getattr(self.values, key)]
        if unnamed:
            message = (
                f"names no environment, so it belongs to {default}, and {self.name} has no URL of its own"
            )
            hint = f"set it under environments.{self.name}, or write {PLACEHOLDER} in it for the name"
            raise config_error([Fault(message, str(self.sources[unnamed[0]]), hint)])
        hint = f"set {own}, write it to .env.{self.name}, or name a url_command or url_file for it"
        raise config_error([Fault("has no database URL", f"environment {self.name}", hint)])


def parse_found(found: FoundUrl, what: str, os_user: str) -> ResolvedUrl:
    """Parse a URL that was found. Raises ConfigError with its source, which quotes nothing of the URL."""
    try:
        url = parse(found.text, os_user=os_user)
    except UrlFault as fault:
        message, hint = f"{what} is not usable: {fault.message}", fault.hint
    else:
        return ResolvedUrl(url, found.source, found.warnings)
    raise config_error([Fault(message, found.source, hint)])


def _check_apart(label: str, resolved: ResolvedUrl, other_label: str, other: ResolvedUrl) -> None:
    if not resolved.url.same_database(other.url):
        return
    message = f"{label} is the same database as {other_label} ({other.source})"
    raise config_error([Fault(message, resolved.source, "give each a database of its own")])
