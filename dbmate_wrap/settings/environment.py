"""One environment: its settings, their sources, and its database URL."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dbmate_wrap.domain.database_url import DatabaseUrl, UrlFault, parse
from dbmate_wrap.errors import ConfigError, Fault
from dbmate_wrap.settings.faults import failure
from dbmate_wrap.settings.model import Values
from dbmate_wrap.settings.names import PLACEHOLDER, url_variable
from dbmate_wrap.settings.source import Source
from dbmate_wrap.settings.url_lookup import Found, UrlConfig, UrlSources, find, find_without_command

# Without any URL these run on a server that we start.
EMBEDDED = frozenset({"dev", "test"})
COMMAND_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class ResolvedUrl:
    """A database URL and, in words, the place that it came from."""

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
    around: UrlSources = field(repr=False)
    wanted: UrlConfig = field(repr=False)
    others: tuple[UrlConfig, ...] = field(repr=False)
    command_timeout: float = COMMAND_TIMEOUT_SECONDS

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.around.root

    def resolve_url(self) -> ResolvedUrl | None:
        """This environment's URL; None for dev and test without any, which run on the embedded server.

        Runs the url_command at every call. Raises ConfigError for a URL that is missing, broken or malformed,
        and for one that is another environment's database as well.
        """
        found = find(self.wanted, self.around, self.command_timeout)
        if found is None:
            self._check_absence()
            return None
        resolved = understood(found, f"the database URL of {self.name}", self.around.os_user)
        shadow = self._shadow()
        for label, other in (*self._known_urls(self.others), *([("shadow_url", shadow)] if shadow else [])):
            _check_apart(f"environment {self.name}", resolved, label, other)
        return resolved

    def url_source(self) -> str | None:
        """Where the URL comes from, without running a command; None where there is none."""
        found = find_without_command(self.wanted, self.around)
        if found:
            return found.source
        command = self.wanted.usable(self.wanted.command)
        return f"the url_command of {command[1]}" if command else None

    def resolve_shadow_url(self) -> ResolvedUrl | None:
        """`shadow_url`, None where it is not set. Raises ConfigError if an environment has that database."""
        shadow = self._shadow()
        if shadow:
            for label, other in self._known_urls((self.wanted, *self.others)):
                _check_apart("shadow_url", shadow, label, other)
        return shadow

    def _shadow(self) -> ResolvedUrl | None:
        if self.values.shadow_url is None:
            return None
        found = Found(self.values.shadow_url.get_secret_value(), str(self.sources["shadow_url"]))
        return understood(found, "the shadow_url", self.around.os_user)

    def _known_urls(self, environments: tuple[UrlConfig, ...]) -> Iterator[tuple[str, ResolvedUrl]]:
        """What is known without running a command; another environment's faults are no concern of ours."""
        for other in environments:
            found = find_without_command(other, self.around)
            try:
                url = understood(found, "", self.around.os_user) if found else None
            except ConfigError:
                continue
            if url:
                yield f"environment {other.name}", url

    def _check_absence(self) -> None:
        default, own = self.around.default_environment, url_variable(self.name)
        bare = None if self.is_default else self.around.bare()
        if bare:
            message = f"belongs to the default environment {default}, and {self.name} has no URL of its own"
            hint = f"set {own}; and call this one {url_variable(default)}, which says whose it is"
            raise failure([Fault(message, bare.source, hint)])
        if self.name in EMBEDDED:
            return
        unnamed = [key for key in ("url_command", "url_file") if getattr(self.values, key)]
        if unnamed:
            message = (
                f"names no environment, so it belongs to {default}, and {self.name} has no URL of its own"
            )
            hint = f"set it under environments.{self.name}, or write {PLACEHOLDER} in it for the name"
            raise failure([Fault(message, str(self.sources[unnamed[0]]), hint)])
        hint = f"set {own}, write it to .env.{self.name}, or name a url_command or url_file for it"
        raise failure([Fault("has no database URL", f"environment {self.name}", hint)])


def understood(found: Found, what: str, os_user: str) -> ResolvedUrl:
    """The URL that was found. Raises ConfigError with its place and an explanation that quotes nothing."""
    try:
        url = parse(found.text, os_user=os_user)
    except UrlFault as fault:
        message, hint = f"{what} is not usable: {fault.message}", fault.hint
    else:
        return ResolvedUrl(url, found.source, found.warnings)
    raise failure([Fault(message, found.source, hint)])


def _check_apart(label: str, resolved: ResolvedUrl, other_label: str, other: ResolvedUrl) -> None:
    if not resolved.url.same_database(other.url):
        return
    message = f"{label} is the same database as {other_label} ({other.source})"
    raise failure([Fault(message, resolved.source, "give each a database of its own")])
