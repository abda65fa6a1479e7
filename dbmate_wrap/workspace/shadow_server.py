"""The shadow server that the setting `shadow` chooses, and where its data is kept."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dbmate_wrap.cluster import binaries
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.errors import ConfigError, UnreachableError
from dbmate_wrap.shadow import servers
from dbmate_wrap.shadow.own_server import Access
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from dbmate_wrap.workspace import database, local_folder
from dbmate_wrap.workspace.context import Context


@dataclass(frozen=True)
class ShadowChoice:
    """A shadow server that can be opened.

    `label` identifies it in the keys of cached dumps; `major` is None where only the open server knows it.
    `open_second` starts a throw-away server beside it; None where there is no processor to spare for one.
    """

    label: str
    major: int | None
    open: Callable[[], AbstractContextManager[ScratchPool]]
    open_second: Callable[[], AbstractContextManager[ScratchPool]] | None = None


def shadow_dir(context: Context) -> Path:
    """Return the folder for shadow servers and cached dumps."""
    return context.project.root / ".dbmate-wrap" / "shadow"


def choose_server(context: Context, *, superuser: bool) -> ShadowChoice:
    """Return the server that the settings name. Raises ConfigError where there is none."""
    kind, _, major = context.environment.values.shadow.partition(":")
    match kind:
        case "url":
            return _foreign(context)
        case "local":
            return _own(context, _local_binaries(int(major) if major else None), superuser)
        case _:
            reason = "the replay needs a throw-away PostgreSQL"
            found = binaries.embedded(reason, lambda: f"without it {alternatives_hint()}")
            return _own(context, found, superuser)


def program_identity(program: Path) -> str:
    """Return a text that identifies the program's file: after an upgrade it is another one."""
    found = program.stat()
    return f"{program} {found.st_size} {found.st_mtime_ns}"


def alternatives_hint() -> str:
    """Return the alternatives where the shadow server cannot take a history, one a line."""
    local = binaries.local()
    major = local.major if local else 15
    return (
        "there are three ways out:\n"
        f'1. a PostgreSQL of this machine: shadow = "local:{major}" in dbmate-wrap.toml'
        " (Debian: apt install postgresql)\n"
        '2. a server of your own: shadow = "url", and its URL in DBMATE_WRAP_SHADOW_URL\n'
        "3. no replay: dbmate-wrap check --no-shadow"
    )


def _local_binaries(major: int | None) -> Binaries:
    if found := binaries.local(major):
        return found
    majors = ", ".join(str(each) for each in dict.fromkeys(one.major for one in binaries.installations()))
    raise ConfigError(
        f"the replay needs PostgreSQL{f' {major}' if major else ''} on this machine (the setting shadow), and"
        f" there is {f'only {majors}' if majors else 'none'}",
        hint='install it (Debian: apt install postgresql), or set shadow to "embedded", or to "url" with'
        " shadow_url, or leave the replay out: --no-shadow",
    )


def _own(context: Context, programs: Binaries, superuser: bool) -> ShadowChoice:
    access = _access(context, superuser=superuser)

    @contextmanager
    def start() -> Iterator[ScratchPool]:
        opening = servers.open_own_server(shadow_dir(context), programs, access)
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
    second = partial(servers.open_throw_away_server, programs, access) if _processors() > 1 else None
    return ShadowChoice(label, programs.major, start, second)


def _processors() -> int:
    # Not those of the machine: a container or a job may be allowed fewer.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _foreign(context: Context) -> ShadowChoice:
    resolved = context.environment.resolve_shadow_url()
    assert resolved is not None  # The settings refuse shadow = "url" without it.
    url = database.accept_url(context, resolved)

    def connect() -> AbstractContextManager[ScratchPool]:
        local_folder.create_local_folder(context.project.root)  # For the cached dumps.
        return servers.open_foreign_server(url, _access(context))

    return ShadowChoice(url.public(), None, connect)


def _access(context: Context, *, superuser: bool = False) -> Access:
    values, name = context.environment.values, context.invocation.application_name
    return Access(values.advisory_lock_wait, values.connect_timeout, context.console.say, name, superuser)
