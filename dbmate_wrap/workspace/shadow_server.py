"""The shadow server that the setting `shadow` chooses, and where its data is kept."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dbmate_wrap.cluster import binaries, features
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.errors import ConfigError, UnreachableError
from dbmate_wrap.workspace import local_folder
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.server_choice import (
    ICU,
    Wanted,
    describe_selection,
    remedy_for,
    select_server,
)

if TYPE_CHECKING:
    from dbmate_wrap.shadow.own_server import Access
    from dbmate_wrap.shadow.scratch_pool import ScratchPool

ANYTHING = Wanted()


@dataclass(frozen=True)
class Purpose:
    """What a shadow server is started for: each purpose has servers and cached templates of its own.

    `folder`: where they are in `.dbmate-wrap/`; `wait`: seconds to wait for another process that uses the
    server (None: as the settings say); `settings`: settings of a server of our own.
    """

    folder: str = "shadow"
    wait: float | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


CHECK = Purpose()
# A session of tests holds its server to its end: nobody waits for that. Each test may have a pool of
# connections, and there are as many at once as pytest-xdist has workers.
TESTS = Purpose("pytest", 2.0, {"max_connections": "500"})


@dataclass(frozen=True)
class ShadowChoice:
    """A shadow server that can be opened.

    `label` identifies it in the keys of cached dumps; `major` is None where only the open server knows it:
    one that is not ours.
    `open_another` starts a throw-away server beside it; None where it is not ours.
    """

    label: str
    major: int | None
    open: "Callable[[], AbstractContextManager[ScratchPool]]"
    open_another: "Callable[[], AbstractContextManager[ScratchPool]] | None" = None

    @property
    def open_second(self) -> "Callable[[], AbstractContextManager[ScratchPool]] | None":
        """As `open_another`, where a second server makes a replay faster."""
        return self.open_another if _processors() > 1 else None

    @property
    def is_ours(self) -> bool:
        """True where `check` starts it."""
        return self.major is not None


def shadow_dir(context: Context, purpose: Purpose = CHECK) -> Path:
    """Return the folder for shadow servers and cached dumps."""
    return context.project.root / ".dbmate-wrap" / purpose.folder


def choose_server(
    context: Context, *, superuser: bool, wanted: Wanted = ANYTHING, purpose: Purpose = CHECK
) -> ShadowChoice:
    """Return the server that the settings name. Raises ConfigError where there is none.

    `auto` takes the first one that has what is `wanted`, and says so where it is not simply the first.
    """
    kind, _, written = context.environment.values.shadow.partition(":")
    major = int(written) if written else None
    match kind:
        case "url":
            return _foreign(context, purpose)
        case "local":
            programs = _local_binaries(major)
        case "embedded":
            programs = _embedded_binaries(major)
        case _:
            programs = _selected_binaries(context, wanted)
    return _own(context, programs, superuser, purpose)


def lacks_of(server: Binaries, wanted: Wanted) -> tuple[str, ...]:
    """Return what the server has not of `wanted.parts`; read from its files."""
    lacking = [name for name in sorted(wanted.extensions) if not features.has_extension(server, name)]
    return (*lacking, *([ICU] if wanted.icu and not features.has_icu(server) else []))


def program_identity(program: Path) -> str:
    """Return a text that identifies the program's file: after an upgrade it is another one."""
    found = program.stat()
    return f"{program} {found.st_size} {found.st_mtime_ns}"


def alternatives_hint(wanted: Wanted = ANYTHING) -> str:
    """Return the alternatives where the shadow server cannot take a history, one a line.

    `wanted` is what it lacked, where that is known: then the first is a server that has it.
    """
    return (
        "there are three ways out:\n"
        f"1. {_other_server(wanted)}\n"
        '2. a server of your own: shadow = "url", and its URL in DBMATE_WRAP_SHADOW_URL\n'
        "3. no replay: dbmate-wrap check --no-shadow"
    )


def _other_server(wanted: Wanted) -> str:
    if not wanted.parts:
        local = binaries.local()
        setting = f'shadow = "local:{local.major if local else 15}" in dbmate-wrap.toml'
        return f"a PostgreSQL of this machine: {setting} (Debian: apt install postgresql)"
    here = [*binaries.servers()]
    parts = ", ".join(wanted.parts)
    if found := next((server for server in here if not lacks_of(server, wanted)), None):
        return f'{found.title}, which has {parts}: shadow = "{found.kind}:{found.major}" in dbmate-wrap.toml'
    remedy = remedy_for(wanted, sys.platform, here)
    return f'a server with {parts}: {remedy}; then shadow = "auto", the default, takes it'


def _selected_binaries(context: Context, wanted: Wanted) -> Binaries:
    selection = select_server(binaries.servers(), wanted, partial(lacks_of, wanted=wanted))
    if selection is None:
        return _embedded_binaries(None)
    line = describe_selection(selection, wanted, sys.platform)
    # What lacks an extension is told by the error that comes, and a comparison with a live schema names its
    # server at the end: as a detail it is only for who asks.
    is_news = bool(selection.passed_over) and wanted.major is None
    is_told = is_news if selection.fits else not selection.lacks
    (context.console.say if is_told else context.console.detail)(line)
    return selection.server


def _embedded_binaries(major: int | None) -> Binaries:
    reason = "the replay needs a throw-away PostgreSQL"
    return binaries.embedded(reason, lambda: f"without it {alternatives_hint()}", major)


def _local_binaries(major: int | None) -> Binaries:
    if found := binaries.local(major):
        return found
    majors = ", ".join(str(each) for each in dict.fromkeys(one.major for one in binaries.installations()))
    raise ConfigError(
        f"the replay needs PostgreSQL{f' {major}' if major else ''} on this machine (the setting shadow), and"
        f" there is {f'only {majors}' if majors else 'none'}",
        hint='install it (Debian: apt install postgresql), or set shadow to "auto", or to "url" with'
        " shadow_url, or leave the replay out: --no-shadow",
    )


def _own(context: Context, programs: Binaries, superuser: bool, purpose: Purpose) -> ShadowChoice:
    def access() -> "Access":
        return _access(context, purpose, superuser=superuser)

    @contextmanager
    def start() -> "Iterator[ScratchPool]":
        from dbmate_wrap.shadow import servers

        opening = servers.open_own_server(shadow_dir(context, purpose), programs, access())
        local_folder.create_local_folder(context.project.root)
        with ExitStack() as stack:
            try:
                pool = stack.enter_context(opening)
            except (ConfigError, UnreachableError) as error:
                # Its own hint is about the development database.
                raise error.but(hint=f"fix that; where you cannot, {alternatives_hint()}") from error
            try:
                yield pool
            except UnreachableError as error:
                # It is our server: nobody else starts it.
                if pool.remedy in (error.hint or ""):
                    raise
                raise error.but(hint=pool.remedy) from error

    role = " superuser" if superuser else ""
    label = f"{programs.origin} {programs.major}{role} {program_identity(programs.bin_dir / 'postgres')}"

    def start_another() -> "AbstractContextManager[ScratchPool]":
        from dbmate_wrap.shadow import servers

        return servers.open_throw_away_server(programs, access())

    return ShadowChoice(label, programs.major, start, start_another)


def _processors() -> int:
    # Not those of the machine: a container or a job may be allowed fewer.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _foreign(context: Context, purpose: Purpose) -> ShadowChoice:
    from dbmate_wrap.shadow import servers
    from dbmate_wrap.workspace import database

    resolved = context.environment.resolve_shadow_url()
    assert resolved is not None  # The settings refuse shadow = "url" without it.
    url = database.accept_url(context, resolved)

    def connect() -> "AbstractContextManager[ScratchPool]":
        local_folder.create_local_folder(context.project.root)  # For the cached dumps.
        return servers.open_foreign_server(url, _access(context, purpose))

    return ShadowChoice(url.public(), None, connect)


def _access(context: Context, purpose: Purpose, *, superuser: bool = False) -> "Access":
    from dbmate_wrap.shadow.own_server import Access

    values = context.environment.values
    return Access(
        values.advisory_lock_wait if purpose.wait is None else purpose.wait,
        values.connect_timeout,
        context.console.say,
        context.invocation.application_name,
        superuser,
        purpose.settings,
    )
