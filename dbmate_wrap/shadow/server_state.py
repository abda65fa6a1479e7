"""What databases share on a shadow server, its roles above all: brought to where a history needs it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from dbmate_wrap.errors import FailedError
from dbmate_wrap.postgres import catalog, shadow, shadow_shared
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.shadow.template import NAMES, Template, kind_of, read

_INITIAL = frozenset({"postgres", "template0", "template1"})


def own_state(session: Session) -> shadow_shared.Cluster:
    """What the databases of a server of our own share."""
    return shadow_shared.cluster(session, NAMES)


@dataclass
class ForeignServer:
    """Somebody else's server: nothing on it is touched but databases of our names, and no role is dropped.

    `owner` is the role that we are; `before`: the roles that were there; `release` stands for its programs.
    """

    session: Session
    owner: str
    unicode: bool
    before: frozenset[str]
    release: str

    def tidy(self) -> None:
        """Drop what killed checks left; what somebody is connected to is not left over."""
        for database in shadow.databases(self.session):
            if kind_of(database.name) and database.ours and not database.busy and not is_template(database):
                with suppress(FailedError):
                    # What cannot be dropped now is not in our way.
                    catalog.drop_database(self.session, database.name)

    def settle(self, candidates: Sequence[Template | None], known: Mapping[str, Template]) -> int:
        """The length of the longest history whose template can be used."""
        here = shadow_shared.roles(self.session)
        return _longest(candidates, lambda each: each.roles <= here and each.state == self.release)

    def sweep(self, known: Mapping[str, Template]) -> None:
        """Roles and foreign databases stay."""

    def lasting(self) -> frozenset[str]:
        """Names of roles and foreign databases, as they are now: the next scratch finds them all the same."""
        names = (each.name for each in shadow.databases(self.session) if not kind_of(each.name))
        return shadow_shared.roles(self.session) | {f"database {name}" for name in names}

    def made(self, inherited: frozenset[str]) -> tuple[frozenset[str], str]:
        """The roles that a history has made, those of its template among them, and the server's programs."""
        return inherited | (shadow_shared.roles(self.session) - self.before), self.release


@dataclass
class OwnServer:
    """A server of our own: everything on it that is neither initial nor a template's is removed.

    `initial` is its state after initdb. `anew` replaces the server by a new one, where there is no other way.
    """

    session: Session
    initial: str
    anew: Callable[[], tuple[Session, str]] | None
    owner: str = ""
    unicode: bool = True
    release: str = ""  # The state tells it.

    def tidy(self) -> None:
        """Drop every database that is neither initial nor a template. Raises FailedError."""
        for database in shadow.databases(self.session):
            if database.name not in _INITIAL and not is_template(database):
                catalog.drop_database(self.session, database.name)

    def settle(self, candidates: Sequence[Template | None], known: Mapping[str, Template]) -> int:
        """The length of the longest history whose template can be used; what else there is makes way."""
        cluster = own_state(self.session)

        def fits(template: Template) -> bool:
            return template.roles <= cluster.roles and cluster.state(template.roles) == template.state

        length = _longest(candidates, fits)
        template = candidates[length - 1] if length else None
        if not self._cleared(cluster.roles - (template.roles if template else frozenset()), known):
            return self._start_over()
        if template is None and own_state(self.session).state(()) != self.initial:
            return self._start_over()
        return length

    def sweep(self, known: Mapping[str, Template]) -> None:
        """Drop roles and databases that belong to no template: an earlier replay of this check made them."""
        with suppress(FailedError):
            self.tidy()
        owned = frozenset[str]().union(*(template.roles for template in known.values()))
        shadow_shared.drop_roles(self.session, shadow_shared.roles(self.session) - owned)

    def lasting(self) -> frozenset[str]:
        """Nothing: what a scratch finds is swept before."""
        return frozenset()

    def made(self, inherited: frozenset[str]) -> tuple[frozenset[str], str]:
        """All roles that are there, and the state of the server."""
        cluster = own_state(self.session)
        return cluster.roles, cluster.state(cluster.roles)

    def _cleared(self, roles: Collection[str], known: Mapping[str, Template]) -> bool:
        try:
            for name, template in known.items():
                if not template.roles.isdisjoint(roles):
                    catalog.drop_database(self.session, name)
            shadow_shared.drop_roles(self.session, roles)
        except FailedError:
            return False
        return True

    def _start_over(self) -> int:
        if self.anew is not None:
            self.session, self.initial = self.anew()
        return 0


Ground = ForeignServer | OwnServer


def _longest(candidates: Sequence[Template | None], fits: Callable[[Template], bool]) -> int:
    for length in range(len(candidates), 0, -1):
        template = candidates[length - 1]
        if template is not None and fits(template):
            return length
    return 0


def is_template(database: shadow.Database) -> bool:
    """Whether it is one of ours that can be used."""
    sound = database.ours and database.valid and read(database.comment) is not None
    return sound and kind_of(database.name) == "template"
