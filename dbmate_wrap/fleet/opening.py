"""Opens a fleet: its environment, its inventory, the targets of a run, and where each of them is."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.fleet import FleetTarget, Inventory, TargetSelection
from dbmate_wrap.domain.fleet_end import FleetScope, FleetVerb
from dbmate_wrap.errors import WrapError
from dbmate_wrap.fleet.asking import ask_in_turns
from dbmate_wrap.fleet.inventory import load_inventory, refuse_one_database
from dbmate_wrap.fleet.journal import Journal, TargetDocuments
from dbmate_wrap.fleet.selection import select
from dbmate_wrap.fleet.shared_origin import SharedOrigin
from dbmate_wrap.fleet.survey import Located
from dbmate_wrap.fleet.turns import Limits
from dbmate_wrap.settings import ResolvedUrl
from dbmate_wrap.settings.fleet_urls import FleetUrls
from dbmate_wrap.settings.fleets import FleetSettings
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import accept_url, start_embedded_server
from dbmate_wrap.workspace.project_files import ProjectFiles
from dbmate_wrap.workspace.tls import with_tls

# As many sessions as a small server has room for, beside those of its users.
DEFAULT_JOBS = DEFAULT_PER_SERVER = 8


@dataclass(frozen=True)
class FleetChoice:
    """What the command line says of the targets; None is left to the settings."""

    selection: TargetSelection
    jobs: int | None = None
    per_server: int | None = None


@dataclass(frozen=True)
class OpenFleet:
    """A fleet with its inventory; `targets` are those of this run, `context` is of its environment."""

    context: Context
    settings: FleetSettings
    inventory: Inventory
    selection: TargetSelection
    targets: tuple[FleetTarget, ...]
    limits: Limits

    def scope(self, verb: FleetVerb) -> FleetScope:
        """What a run of `verb` over these targets is about."""
        name = self.context.environment.name
        is_only_one = self.context.project.has_one_fleet(name)
        return FleetScope.of(verb, self.inventory, self.selection, is_only_one=is_only_one)

    def begin_journal(self, verb: FleetVerb, files: ProjectFiles, documents: TargetDocuments) -> Journal:
        """Return the journal of a run of `verb`, which has no ends yet."""
        names = {file.version: file.name for file in files.migrations}
        origin = SharedOrigin(self.context.environment, self.context.console)
        return Journal(self.scope(verb), self.selection, names, documents, origin)

    def locate(self) -> list[Located]:
        """Return where each target is, or why nobody knows, in their order.

        Raises ConfigError where two of them are one database, or where the URL that they share has a fault.
        """
        urls = self.urls

        def locate(target: FleetTarget) -> Located:
            try:
                return Located(target, self._url(urls, target))
            except WrapError as error:
                return Located(target, error)

        if self.context.environment.has_target_urls:
            # A command for each: they run side by side.
            limits = Limits(self.limits.jobs, self.limits.jobs)
            found = {each.target.name: each for each in ask_in_turns(_anywhere(self.targets), locate, limits)}
            located = [found[target.name] for target in self.targets]
        else:
            located = [locate(target) for target in self.targets]
        refuse_one_database((each, url) for each, url in located if isinstance(url, DatabaseUrl))
        return located

    @cached_property
    def urls(self) -> FleetUrls:
        """Return what gives the URLs, the shared one looked up; starts the embedded server."""
        environment = self.context.environment
        urls = FleetUrls(environment)
        if environment.has_target_urls:
            return urls
        base = urls.base()
        if base is None:
            server = start_embedded_server(self.context).url(environment.name)
            return FleetUrls(environment, ResolvedUrl(server, "the embedded server"))
        accept_url(self.context, base)
        return urls

    def _url(self, urls: FleetUrls, target: FleetTarget) -> DatabaseUrl:
        resolved, environment = urls.resolve(target), self.context.environment
        assert resolved is not None, "the embedded server is started"
        url = resolved.url
        self.context.secrets.learn(url.password, (url.user, url.host, url.database, environment.name))
        return with_tls(environment, url)


def open_fleet(context: Context, settings: FleetSettings, choice: FleetChoice) -> OpenFleet:
    """Read the inventory of a fleet; `context` is of its environment.

    Raises ConfigError (10) with all faults of the inventory, UsageError (2) where the labels select nothing.
    """
    inventory = load_inventory(context, settings)
    limits = Limits(
        choice.jobs or settings.jobs or DEFAULT_JOBS,
        choice.per_server or settings.per_server or DEFAULT_PER_SERVER,
    )
    targets = select(inventory, choice.selection)
    return OpenFleet(context, settings, inventory, choice.selection, targets, limits)


def _anywhere(targets: Iterable[FleetTarget]) -> Iterable[tuple[None, FleetTarget]]:
    return ((None, target) for target in targets)
