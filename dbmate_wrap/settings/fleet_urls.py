"""The URLs of a fleet's targets: what they share is looked up once, however many there are."""

import threading
from functools import cached_property

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.errors import ConfigError, Fault
from dbmate_wrap.settings.environment import Environment, ResolvedUrl, check_apart
from dbmate_wrap.settings.faults import config_error
from dbmate_wrap.settings.names import url_variable


class FleetUrls:
    """Gives each target of one environment its URL; safe to be used by several threads.

    `base` is the environment's own URL where that is known already, as that of the embedded server is.
    """

    def __init__(self, environment: Environment, base: ResolvedUrl | None = None) -> None:
        self._environment = environment
        self._base = base
        self._asked = base is not None
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, object]:
        # A lock stays in its process; the URL goes along, so that another one does not look it up again.
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def base(self) -> ResolvedUrl | None:
        """Return the URL that the targets share, looked up at the first call.

        None where each has its own, and for the embedded server. Raises ConfigError.
        """
        with self._lock:
            return self._base if self._asked or self._are_separate else self._look_up()

    def resolve(self, target: FleetTarget, refused: DatabaseUrl | None = None) -> ResolvedUrl | None:
        """Return the URL of a target; None on the embedded server.

        Raises ConfigError where it has none, or where it is the database of another environment.
        """
        if self._are_separate:
            resolved = self._environment.find_url(target.name)
        else:
            base = self.base() if refused is None else self._renewed(refused)
            if self._is_embedded and (target.host is not None or target.port is not None):
                raise self._no_server(target)
            source = f"{base.source}, for the target {target.name}" if base is not None else ""
            resolved = base and ResolvedUrl(target.url(base.url), source, base.warnings)
        if resolved is not None:
            label, other = f"the target {target.name}", self._others.get(resolved.url.identity)
            check_apart(label, resolved, [other] if other else [])
        return resolved

    def _no_server(self, target: FleetTarget) -> ConfigError:
        message = (
            f"has a host or a port, and {self._environment.name} has no URL: it is on the embedded server"
        )
        hint = f"set {url_variable(self._environment.name)}, or leave them out"
        return config_error(Fault(message, f"the target {target.name}", hint))

    def _renewed(self, refused: DatabaseUrl) -> ResolvedUrl | None:
        """Look the shared URL up again, unless another target has done so since `refused` was given."""
        with self._lock:
            stale = self._base is None or self._base.url.password == refused.password
            return self._look_up() if stale else self._base

    def _look_up(self) -> ResolvedUrl | None:
        # What was given stays where the environment has no URL of its own, on the embedded server.
        self._base = self._environment.resolve_url() or self._base
        self._asked = True
        return self._base

    @cached_property
    def _are_separate(self) -> bool:
        return self._environment.has_target_urls

    @cached_property
    def _is_embedded(self) -> bool:
        return self._environment.is_embedded

    @cached_property
    def _others(self) -> dict[tuple[str, int, str], tuple[str, ResolvedUrl]]:
        """What no target may be, by the identity of the database."""
        return {each[1].url.identity: each for each in self._environment.known_urls()}
