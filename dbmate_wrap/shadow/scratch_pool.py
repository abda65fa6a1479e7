"""Hands out scratch databases of a server that one check at a time holds, and keeps templates on it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.errors import FailedError, UnreachableError, WrapError
from dbmate_wrap.postgres import catalog, shadow, shadow_contents
from dbmate_wrap.postgres.session import Session, connect
from dbmate_wrap.shadow.server_state import Ground, is_template
from dbmate_wrap.shadow.template import Template, name_of, read, scratch_name

MOST = 8
MOST_BYTES = 1 << 30
_DISK_FULL = "53100"
_CONNECT_SECONDS = 10


@dataclass
class ScratchPool:
    """`url`: the maintenance database; `origin`: for people; `cached`: what is kept outlives this check."""

    url: DatabaseUrl
    major: int
    origin: str
    cached: bool
    ground: Ground = field(repr=False)
    remedy: str = field(repr=False, default="run the command again")
    _open: int = field(repr=False, default=0)

    def longest(self, keys: Sequence[str]) -> int:
        """The number of leading migrations for which there is a template: 0 for none, len(keys) for all.

        Also brings the roles of the server to where that history leaves them: call it before the replay.
        """
        with self._told("the shadow server could not be prepared"):
            known = self.templates()
            candidates = [known.get(self.name_of(key)) for key in keys]
            return self.ground.settle(candidates, known)

    def name_of(self, key: str) -> str:
        """The database that is, or would be, the template of a key."""
        return name_of(key, self.ground.owner)

    def lasting(self) -> frozenset[str]:
        """What is on the server now that every new scratch will find, whatever its history has made."""
        with self._told("the shadow server could not be looked at"):
            return self.ground.lasting()

    @contextmanager
    def scratch(self, key: str | None) -> Iterator["Scratch"]:
        """A new database from the template of `key` (None: an empty one), dropped at the end unless kept.

        Raises UnreachableError where the server does not make it.
        """
        made = self._make(key)
        self._open += 1
        try:
            yield made
        finally:
            self._open -= 1
            if not made.kept:
                # What resists is dropped by the next check; the error of the replay counts.
                with suppress(WrapError):
                    self._drop(made.url)

    def templates(self) -> dict[str, Template]:
        """The templates that there are, by the names of their databases."""
        found = [each for each in shadow.databases(self._session) if is_template(each)]
        pairs = ((each.name, read(each.comment)) for each in found)
        return {name: template for name, template in pairs if template is not None}

    def keep(self, scratch: "Scratch", key: str) -> bool:
        """Make it the template of `key`; the least recently used of too many are dropped.

        False where a copy would not be the same: then it stays a scratch.
        """
        name = self.name_of(key)
        with self._told("the shadow database could not be kept"):
            if shadow_contents.has_subscriptions(self._session, scratch.url.database):
                return False
            roles, state = self.ground.made(scratch.roles)
            size = shadow.size(self._session, scratch.url.database)
            template = Template(time.time(), roles, state, size)
            catalog.drop_database(self._session, name)
            shadow.publish(self._session, scratch.url.database, name, template.comment())
        self._make_room(name)
        return True

    @property
    def _session(self) -> Session:
        return self.ground.session

    def _make(self, key: str | None) -> "Scratch":
        name = scratch_name()
        source = self.name_of(key) if key is not None else None
        with self._told("no shadow database could be made"):
            known = self.templates()
            if not self._open:
                self.ground.sweep(known)
            shadow.create(self._session, name, source, unicode=self.ground.unicode)
            if source is not None and source in known:
                self._carry(source, name)
                used = replace(known[source], used_at=time.time())
                shadow.describe(self._session, source, used.comment())
        roles = known[source].roles if source in known else frozenset[str]()
        return Scratch(replace(self.url, database=name), roles, self.keep)

    def _carry(self, source: str, target: str) -> None:
        for command in shadow.carrying(self._session, source, target):
            # Nearly everything that could be set here can be set again; what cannot only a session sees.
            with suppress(FailedError):
                self._session.rows(command)

    def _drop(self, url: DatabaseUrl) -> None:
        if shadow_contents.has_subscriptions(self._session, url.database):
            with connect(url, application_name="dbmate-wrap", timeout=_CONNECT_SECONDS) as session:
                shadow_contents.drop_subscriptions(session)
        shadow.await_quiet(self._session, url.database)
        catalog.drop_database(self._session, url.database)

    def _make_room(self, spared: str) -> None:
        by_age = sorted(self.templates().items(), key=lambda item: item[1].used_at, reverse=True)
        room = MOST_BYTES
        for place, (name, template) in enumerate(by_age):
            room -= template.size
            if name != spared and (place >= MOST or room < 0):
                # Too many are no harm; the next one tries again.
                with suppress(WrapError):
                    catalog.drop_database(self._session, name)

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except FailedError as error:
            full = "make room on the disk of the server; then " if error.sqlstate == _DISK_FULL else ""
            raise UnreachableError(
                f"{what} ({self.origin}): {error.message}",
                kind="other",
                sqlstate=error.sqlstate,
                hint=f"{full}{self.remedy}",
            ) from error


@dataclass
class Scratch:
    """A database of this check alone; `roles`: those that its template's history made."""

    url: DatabaseUrl
    roles: frozenset[str] = field(repr=False)
    _keep: Callable[["Scratch", str], bool] = field(repr=False)
    kept: bool = False

    def keep(self, key: str) -> bool:
        """Make it the template of `key`, after which it is gone; no session may be in it any more.

        False where a copy would not be the same. Raises UnreachableError where the server refuses.
        """
        self.kept = self._keep(self, key)
        return self.kept
