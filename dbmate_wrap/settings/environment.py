"""One environment: its settings, their sources, and its database URL."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dbmate_wrap.domain.database_url import DatabaseUrl, UrlFault, parse
from dbmate_wrap.errors import ConfigError, Fault
from dbmate_wrap.settings.faults import config_error
from dbmate_wrap.settings.layers import EnvironmentSettings
from dbmate_wrap.settings.model import NAMES, format_value
from dbmate_wrap.settings.names import COMMIT_VARIABLE, PLACEHOLDER, url_variable
from dbmate_wrap.settings.url_lookup import FoundUrl, UrlSources

if TYPE_CHECKING:
    # What is about a fleet is loaded where one is meant.
    from dbmate_wrap.domain.fleet import FleetTarget
    from dbmate_wrap.domain.results import SettingRow
    from dbmate_wrap.settings.fleet_urls import FleetUrls

# Without a URL these environments run on a server that we start.
EMBEDDED = frozenset({"dev", "test"})


@dataclass(frozen=True)
class ResolvedUrl:
    """A database URL and its source in words."""

    url: DatabaseUrl
    source: str
    warnings: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Environment(EnvironmentSettings):
    """The settings of one environment, and the way to its URL; `siblings` are all of the project.

    With a `target` the URL is that of one database of a fleet.
    """

    url_sources: UrlSources = field(repr=False)
    siblings: Sequence[EnvironmentSettings] = field(repr=False)
    target: "FleetTarget | None" = None
    fleet_urls: "FleetUrls | None" = field(default=None, repr=False, compare=False)

    def at(self, target: "FleetTarget", urls: "FleetUrls | None" = None) -> "Environment":
        """Return the same environment whose URL is the one of `target`; `urls` is shared by a whole fleet."""
        from dbmate_wrap.settings.fleet_urls import FleetUrls

        return replace(self, target=target, fleet_urls=urls or self.fleet_urls or FleetUrls(self))

    @property
    def has_target_urls(self) -> bool:
        """True where its settings give each target of a fleet a URL of its own."""
        return self.url_sources.key_per_target(self) is not None

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.url_sources.root

    @property
    def is_default(self) -> bool:
        """True for the environment that is used where none is named."""
        return self.name == self.url_sources.default_environment

    @property
    def commit(self) -> str | None:
        """The commit of the files, from DBMATE_WRAP_COMMIT, for where there is no git."""
        return self.url_sources.variables.get(COMMIT_VARIABLE) or None

    def display_path(self, path: Path) -> str:
        """Return the path as people see it: relative to the project where it lies in it."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    def setting_rows(self) -> "tuple[SettingRow, ...]":
        """Return every setting as text with its source; a secret as ***."""
        from dbmate_wrap.domain.results import SettingRow

        values = {name: format_value(name, getattr(self.values, name), self.root) for name in NAMES}
        return tuple(SettingRow(name, value, self.sources[name]) for name, value in values.items())

    def refuse_of_branch(self, key: str) -> None:
        """Raise ConfigError where a pull request's branch chose the program or the address of a setting."""
        if self.url_sources.untrusted is not None:
            self.url_sources.untrusted.refuse(self, key)

    def may_use(self, key: str) -> bool:
        """Return True unless a pull request's branch chose the value of a setting."""
        untrusted = self.url_sources.untrusted
        return untrusted is None or untrusted.fault_of(self, key) is None

    def resolve_url(self, refused: DatabaseUrl | None = None) -> ResolvedUrl | None:
        """Return this environment's URL; None for dev and test without one, which use the embedded server.

        Runs the url_command at every call; for a target, where all share one URL, only where the one that
        they had was `refused`. Raises ConfigError for a URL that is missing, broken or malformed, or that is
        also the database of another environment.
        """
        if self.target is not None and self.fleet_urls is not None:
            return self.fleet_urls.resolve(self.target, refused)
        resolved = self.find_url()
        if resolved is not None:
            check_apart(f"environment {self.name}", resolved, self.known_urls())
        return resolved

    def find_url(self, target: str | None = None) -> ResolvedUrl | None:
        """As `resolve_url`, without a look at what it must not be; for the target of that name."""
        found = self.url_sources.find(self, target)
        if found is None:
            self._check_absence()
            return None
        return self._parse(found, f"the database URL of {self.name}{f', target {target},' if target else ''}")

    def known_urls(self) -> Iterator[tuple[str, ResolvedUrl]]:
        """Yield what this environment's URL must not be: shadow_url, and the URLs of the others.

        Only those that are known without running a command. Raises ConfigError for a broken shadow_url.
        """
        shadow = self._shadow()
        yield from self._known_urls([each for each in self.siblings if each.name != self.name])
        if shadow:
            yield "shadow_url", shadow

    def url_source(self) -> str | None:
        """Return the source of the URL without running a command; None where there is no URL."""
        target = self.target.name if self.target is not None else None
        source = self._url_source(target)
        return source if source is None or target is None else f"{source}, for the target {target}"

    def _url_source(self, target: str | None) -> str | None:
        if found := self.url_sources.find_without_command(self, target):
            return found.source
        if self.values.url_file and not self.may_use("url_file"):
            return f"the file of {self.sources['url_file']}, which the branch of a pull request chose"
        if target is None and (key := self.url_sources.key_per_target(self)):
            return f"the {key} of {self.sources[key]}, for each target"
        command = self.url_sources.command_of(self)
        return f"the url_command of {self.sources['url_command']}" if command else None

    @property
    def is_embedded(self) -> bool:
        """True for dev and test without any URL: they use the embedded server."""
        if self.name not in EMBEDDED or self.url_source() is not None:
            return False
        return self.is_default or self.url_sources.unprefixed() is None

    def resolve_shadow_url(self) -> ResolvedUrl | None:
        """Return `shadow_url` or None. Raises ConfigError where it is the database of an environment."""
        self.refuse_of_branch("shadow_url")
        shadow = self._shadow()
        if shadow:
            check_apart("shadow_url", shadow, self._known_urls(self.siblings))
        return shadow

    def _shadow(self) -> ResolvedUrl | None:
        if self.values.shadow_url is None:
            return None
        found = FoundUrl(self.values.shadow_url.get_secret_value(), self.sources["shadow_url"])
        return self._parse(found, "the shadow_url")

    def _known_urls(self, environments: Iterable[EnvironmentSettings]) -> Iterator[tuple[str, ResolvedUrl]]:
        """Yield the URLs known without running a command; faults of other environments are ignored."""
        for other in environments:
            found = self.url_sources.find_without_command(other)
            with suppress(ConfigError):
                if found:
                    yield f"environment {other.name}", self._parse(found, "")

    def _parse(self, found: FoundUrl, what: str) -> ResolvedUrl:
        """Parse a URL that was found. Raises ConfigError with its source, which quotes nothing of the URL."""
        try:
            url = parse(found.text, os_user=self.url_sources.os_user)
        except UrlFault as fault:
            message = f"{what} is not usable: {fault.message}"
            raise config_error(Fault(message, found.source, fault.hint)) from None
        return ResolvedUrl(url, found.source, found.warnings)

    def _check_absence(self) -> None:
        name, default = self.name, self.url_sources.default_environment
        own = url_variable(name)
        unprefixed = None if self.is_default else self.url_sources.unprefixed()
        if unprefixed:
            message = f"belongs to the default environment {default}, and {name} has no URL of its own"
            hint = f"set {own}; and call this one {url_variable(default)}, which says whose it is"
            raise config_error(Fault(message, unprefixed.source, hint))
        if name in EMBEDDED:
            return
        for key in ("url_command", "url_file"):
            if getattr(self.values, key):
                message = (
                    f"names no environment, so it belongs to {default}, and {name} has no URL of its own"
                )
                hint = f"set it under environments.{name}, or write {PLACEHOLDER} in it for the name"
                raise config_error(Fault(message, self.sources[key], hint))
        hint = f"set {own}, write it to .env.{name}, or name a url_command or url_file for it"
        raise config_error(Fault("has no database URL", f"environment {name}", hint))


def check_apart(label: str, resolved: ResolvedUrl, others: Iterable[tuple[str, ResolvedUrl]]) -> None:
    """Raise ConfigError where a URL is that of one of `others`, each with its name."""
    for other_label, other in others:
        if resolved.url.same_database(other.url):
            message = f"{label} is the same database as {other_label} ({other.source})"
            raise config_error(Fault(message, resolved.source, "give each a database of its own"))
