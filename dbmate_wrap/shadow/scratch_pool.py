"""Pool of scratch databases and cached templates, on a server that one check at a time uses."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.errors import FailedError, UnreachableError, WrapError
from dbmate_wrap.postgres import catalog, shadow, shadow_state
from dbmate_wrap.postgres.session import Session, connect
from dbmate_wrap.shadow.old_templates import CONNECT_SECONDS, drop_templates, surplus
from dbmate_wrap.shadow.server_state import ForeignServer, OwnServer, ShadowServer, read_templates
from dbmate_wrap.shadow.template import Template, new_scratch_name, template_name
from dbmate_wrap.shadow.template_copy import drop_template, take_copy

MOST_TEMPLATES = 8
_DISK_FULL = "53100"
# Since PostgreSQL 15 the owner of a database owns its schema public.
_PUBLIC_IS_THE_OWNERS = 15


@dataclass
class ScratchPool:
    """Scratch databases and templates of one server.

    `url`: the maintenance database; `origin`: the server in words; `remedy`: the hint where it fails;
    `statements`: what a superuser runs for the replay's role, by id; of more than `most_templates` the least
    recently used are dropped.
    """

    url: DatabaseUrl
    major: int
    origin: str
    server: ShadowServer = field(repr=False)
    remedy: str = field(repr=False, default="run the command again")
    statements: Mapping[str, str] = field(repr=False, default_factory=dict)
    most_templates: int = field(repr=False, default=MOST_TEMPLATES)
    _open: int = field(repr=False, default=0)
    _spare: "tuple[str | None, ScratchHandle] | None" = field(repr=False, default=None)

    def longest_cached_prefix(self, keys: Sequence[str]) -> int:
        """Return the number of leading migrations for which there is a template: 0 for none.

        Also restores the roles of the server to the state after that history: call it before the replay.
        """
        with self._failures_as_unreachable("the shadow server could not be prepared"):
            templates = self.templates()
            candidates = [templates.get(self.template_name(key)) for key in keys]
            return self.server.restore_for(candidates, templates)

    def longest_template(self, keys: Sequence[str]) -> int:
        """Return the same number, and leave the roles of the server alone: databases are in use there."""
        with self._failures_as_unreachable("the shadow server could not be looked at"):
            templates = self.templates()
        return max((n for n, key in enumerate(keys, 1) if self.template_name(key) in templates), default=0)

    def roles_of(self, key: str) -> frozenset[str] | None:
        """Return the roles that a history made, but for placeholders; None where it has no template."""
        with self._failures_as_unreachable("the shadow server could not be looked at"):
            template = self.templates().get(self.template_name(key))
        return template.roles - self.placeholders if template is not None else None

    @property
    def placeholders(self) -> frozenset[str]:
        """The roles that stand in for those of production."""
        return self.server.placeholders if isinstance(self.server, OwnServer) else frozenset()

    def make_placeholders(self, roles: frozenset[str]) -> None:
        """From now on let these roles be there before every replay; not on a server that is not ours.

        Call it before `longest_cached_prefix`.
        """
        if isinstance(self.server, OwnServer):
            self.server.placeholders = roles

    def template_name(self, key: str) -> str:
        """Return the name of the database that is, or would be, the template of a key."""
        return template_name(key, self.server.owner)

    @property
    def keeps_roles(self) -> bool:
        """True where roles and foreign databases stay on the server after a check."""
        return isinstance(self.server, ForeignServer)

    def shared_objects(self) -> frozenset[str]:
        """Return the cluster-wide objects that every new scratch database meets, whatever its history."""
        with self._failures_as_unreachable("the shadow server could not be looked at"):
            return self.server.shared_objects()

    def log_file(self) -> Path | None:
        """Return the server's log; None where that is not ours."""
        with self._failures_as_unreachable("the shadow server could not be looked at"):
            return self.server.log_file()

    def make_spare(self, key: str | None) -> None:
        """Create the database beforehand that the first `scratch` of this key gives. Raises as `scratch`."""
        self._spare = (key, self._create(key))

    def drop_spare(self) -> None:
        """Drop what `make_spare` made, where nobody has asked for it; the next check drops what is left."""
        if self._spare is not None:
            with suppress(WrapError):
                self._drop(self._spare[1].url)
            self._spare = None

    @contextmanager
    def scratch(self, key: str | None) -> Iterator["ScratchHandle"]:
        """Create a database from the template of `key` (None: empty), dropped at the end unless saved.

        Raises UnreachableError where the server cannot create it.
        """
        handle = self._take_spare(key) or self._create(key)
        self._open += 1
        try:
            self._allow_statements(handle.url)
            yield handle
        finally:
            self._open -= 1
            if not handle.saved:
                # The next check drops what cannot be dropped now; the error of the replay counts.
                with suppress(WrapError):
                    self._drop(handle.url)

    def templates(self) -> dict[str, Template]:
        """Return the templates by the names of their databases."""
        return read_templates(shadow.databases(self._session))

    def save_template(self, handle: "ScratchHandle", key: str) -> bool:
        """Turn a scratch database into the template of `key`, and drop the least recently used of too many.

        Returns False where a copy would differ from it: then it stays a scratch database.
        """
        name = self.template_name(key)
        with self._failures_as_unreachable("the shadow database could not be kept"):
            if shadow_state.has_subscriptions(self._session, handle.url.database):
                return False
            roles, state = self.server.capture(handle.roles)
            size = shadow.size(self._session, handle.url.database)
            template = Template(time.time(), roles, state, size)
            drop_template(self._session, name)
            shadow.publish(self._session, handle.url.database, name, template.comment())
        drop_templates(self._session, surplus(self.templates(), spared=name, most=self.most_templates))
        return True

    @property
    def _session(self) -> Session:
        return self.server.session

    def _create(self, key: str | None) -> "ScratchHandle":
        name = new_scratch_name()
        source = self.template_name(key) if key is not None else None
        with self._failures_as_unreachable("no shadow database could be made"):
            templates = self.templates()
            if not self._open:
                self.server.drop_stale_roles(templates)
            role = self.server.replay_role
            is_own, unicode = isinstance(self.server, OwnServer), self.server.unicode
            if not (is_own and source is not None and take_copy(self._session, source, name, role)):
                shadow.create(self._session, name, source, unicode=unicode, owner=role, is_own=is_own)
            if source is not None and source in templates:
                self._copy_database_settings(source, name)
                used = replace(templates[source], used_at=time.time())
                shadow.describe(self._session, source, used.comment())
        roles = templates[source].roles if source in templates else frozenset[str]()
        return ScratchHandle(replace(self.url, database=name, user=role or self.url.user), roles, self)

    def _take_spare(self, key: str | None) -> "ScratchHandle | None":
        """Return the spare database of this key; one of another key is dropped, as all that is stale."""
        if self._spare is None or self._spare[0] != key:
            self.drop_spare()
            return None
        (_, handle), self._spare = self._spare, None
        return handle

    def _allow_statements(self, url: DatabaseUrl) -> None:
        """Let the replay's role have there what a superuser runs for it."""
        if self.server.replay_role is None or not (self.statements or self.major < _PUBLIC_IS_THE_OWNERS):
            return
        with (
            self._failures_as_unreachable("no shadow database could be made"),
            self._connect_as_superuser(url.database) as session,
        ):
            shadow.allow_statements(session, self.statements)

    def _connect_as_superuser(self, name: str) -> Session:
        url = replace(self.url, database=name)
        session = connect(url, application_name="dbmate-wrap", timeout=CONNECT_SECONDS)
        # Event triggers would run a migration's own function as superuser: so they do not fire.
        session.rows("set session_replication_role = replica")
        return session

    def _copy_database_settings(self, source: str, target: str) -> None:
        for command in shadow.carrying(self._session, source, target):
            # Nearly everything that could be set can be set again; the rest affects sessions only.
            with suppress(FailedError):
                self._session.rows(command)

    def _drop(self, url: DatabaseUrl) -> None:
        if shadow_state.has_subscriptions(self._session, url.database):
            with self._connect_as_superuser(url.database) as session:
                shadow_state.drop_subscriptions(session)
        shadow.await_quiet(self._session, url.database)
        catalog.drop_database(self._session, url.database)

    @contextmanager
    def _failures_as_unreachable(self, message: str) -> Iterator[None]:
        try:
            yield
        except FailedError as error:
            full = "make room on the disk of the server; then " if error.sqlstate == _DISK_FULL else ""
            raise UnreachableError(
                f"{message} ({self.origin}): {error.message}",
                kind="other",
                sqlstate=error.sqlstate,
                hint=f"{full}{self.remedy}",
            ) from error


@dataclass
class ScratchHandle:
    """A scratch database of this check alone; `roles` are those that its template's history made."""

    url: DatabaseUrl
    roles: frozenset[str] = field(repr=False)
    _pool: ScratchPool = field(repr=False)
    saved: bool = False

    def save_template(self, key: str) -> bool:
        """Turn it into the template of `key`; no session may be connected to it, and it is gone afterwards.

        Returns False where a copy would differ from it. Raises UnreachableError where the server refuses.
        """
        self.saved = self._pool.save_template(self, key)
        return self.saved
