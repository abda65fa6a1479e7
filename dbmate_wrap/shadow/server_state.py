"""Cluster-wide state of a shadow server (mainly roles), restored to what a cached history needs."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.cluster.server_log import find_log
from dbmate_wrap.errors import FailedError
from dbmate_wrap.postgres import catalog, shadow, shadow_state
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.shadow.template import DATABASE_NAMES, Template, database_kind, parse_template_comment
from dbmate_wrap.shadow.template_copy import drop_template, find_copies

_INITIAL_DATABASES = frozenset({"postgres", "template0", "template1"})


def read_cluster(session: Session) -> shadow_state.Cluster:
    """Read the cluster-wide state of our own server."""
    return shadow_state.cluster(session, DATABASE_NAMES)


@dataclass
class ForeignServer:
    """A server that is not ours: only databases with our names are changed there, and no role is dropped.

    `owner` is our role; `roles_before` are the roles at the start; `release` identifies its programs.
    """

    session: Session
    owner: str
    unicode: bool
    roles_before: frozenset[str]
    release: str
    replay_role: None = None

    def drop_stale_databases(self) -> None:
        """Drop what killed checks left; a database with connections is in use."""
        for database in shadow.databases(self.session):
            unused = database_kind(database.name) and database.ours and not database.busy
            if unused and read_template(database) is None:
                with suppress(FailedError):
                    # A database that cannot be dropped now does no harm.
                    catalog.drop_database(self.session, database.name)

    def restore_for(self, candidates: Sequence[Template | None], templates: Mapping[str, Template]) -> int:
        """Return the length of the longest history whose template can be used."""
        roles = shadow_state.roles(self.session)
        return _longest(candidates, lambda each: each.roles <= roles and each.state == self.release)

    def drop_stale_roles(self, templates: Mapping[str, Template]) -> None:
        """Do nothing: roles and foreign databases stay."""

    def shared_objects(self) -> frozenset[str]:
        """Return the names of roles and foreign databases: every new scratch database meets them."""
        names = (each.name for each in shadow.databases(self.session) if not database_kind(each.name))
        return shadow_state.roles(self.session) | {f"database {name}" for name in names}

    def capture(self, inherited: frozenset[str]) -> tuple[frozenset[str], str]:
        """Return the roles that a history made, with those `inherited` from its template, and `release`."""
        return inherited | (shadow_state.roles(self.session) - self.roles_before), self.release

    def log_file(self) -> Path | None:
        """Return None: its log is not ours."""
        return None


@dataclass
class OwnServer:
    """Our own server: everything on it that is neither initial nor a template's is removed.

    `initial` is its state after initdb. `recreate` replaces the server by a new one, where that is possible.
    `replay_role` runs the migrations; None: the superuser. `placeholders` stand in for roles of
    production: they are made before every replay, and dropped like any other role.
    """

    session: Session
    initial: str
    recreate: Callable[[], tuple[Session, str]] | None
    replay_role: str | None
    unicode: bool = True
    release: str = ""  # Part of the state.
    placeholders: frozenset[str] = frozenset()

    @property
    def owner(self) -> str:
        """Keeps apart the templates that the superuser and the replay's role have made."""
        return self.replay_role or ""

    def drop_stale_databases(self) -> None:
        """Drop all but the initial databases, the templates and their copies. Raises FailedError."""
        databases = shadow.databases(self.session)
        templates = read_templates(databases)
        kept = {*_INITIAL_DATABASES, *templates, *find_copies(databases, templates)}
        for database in databases:
            if database.name not in kept:
                catalog.drop_database(self.session, database.name)

    def restore_for(self, candidates: Sequence[Template | None], templates: Mapping[str, Template]) -> int:
        """Return the length of the longest history whose template can be used.

        Roles of other histories are dropped, together with the templates that need them.
        """
        length = self._restore_for(candidates, templates)
        self._make_placeholders()
        return length

    def _restore_for(self, candidates: Sequence[Template | None], templates: Mapping[str, Template]) -> int:
        cluster = read_cluster(self.session)

        def fits(template: Template) -> bool:
            return template.roles <= cluster.roles and cluster.state(template.roles) == template.state

        length = _longest(candidates, fits)
        template = candidates[length - 1] if length else None
        needed = template.roles if template else frozenset[str]()
        if not self._drop_roles_with_templates(cluster.roles - needed, templates):
            return self._start_over()
        if template is None and read_cluster(self.session).state(()) != self.initial:
            return self._start_over()
        return length

    def drop_stale_roles(self, templates: Mapping[str, Template]) -> None:
        """Drop roles and databases of no template: an earlier replay of this check made them."""
        with suppress(FailedError):
            self.drop_stale_databases()
        owned = frozenset[str]().union(*(template.roles for template in templates.values()))
        shadow_state.drop_roles(self.session, shadow_state.roles(self.session) - owned)
        self._make_placeholders()

    def _make_placeholders(self) -> None:
        if self.placeholders:
            missing = self.placeholders - shadow_state.roles(self.session)
            shadow_state.create_placeholders(self.session, missing)

    def shared_objects(self) -> frozenset[str]:
        """Return nothing: roles are dropped before a scratch database is made."""
        return frozenset()

    def capture(self, inherited: frozenset[str]) -> tuple[frozenset[str], str]:
        """Return all roles, and the state of the server."""
        cluster = read_cluster(self.session)
        return cluster.roles, cluster.state(cluster.roles)

    def log_file(self) -> Path | None:
        """Return its log."""
        [(data,)] = self.session.rows("select pg_catalog.current_setting('data_directory')")
        return find_log(Path(str(data)))

    def _drop_roles_with_templates(self, roles: Collection[str], templates: Mapping[str, Template]) -> bool:
        try:
            for name, template in templates.items():
                if not template.roles.isdisjoint(roles):
                    drop_template(self.session, name)
            shadow_state.drop_roles(self.session, roles)
        except FailedError:
            return False
        return True

    def _start_over(self) -> int:
        if self.recreate is not None:
            self.session, self.initial = self.recreate()
        return 0


ShadowServer = ForeignServer | OwnServer


def _longest(candidates: Sequence[Template | None], fits: Callable[[Template], bool]) -> int:
    return max((length for length, each in enumerate(candidates, 1) if each and fits(each)), default=0)


def read_templates(databases: Sequence[shadow.ServerDatabase]) -> dict[str, Template]:
    """Return the templates among these by their names."""
    found = ((each.name, read_template(each)) for each in databases)
    return {name: template for name, template in found if template is not None}


def read_template(database: shadow.ServerDatabase) -> Template | None:
    """Return the record of a database that is one of our templates, and usable; None for any other."""
    usable = database.ours and database.valid and database_kind(database.name) == "template"
    return parse_template_comment(database.comment) if usable else None
