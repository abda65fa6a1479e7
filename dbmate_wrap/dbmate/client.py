"""Runs the verified dbmate binary: argv and environment from an allow list, its error as a value."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from dbmate_wrap import process
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.ownership import NotOwned
from dbmate_wrap.domain.session_limit import SessionLimit
from dbmate_wrap.errors import BinaryError
from dbmate_wrap.redact import Redactor

# What a child may inherit. Nothing that begins with DBMATE_ (each is an option of dbmate's), no PG variable
# that could choose another server: only where passwords and certificates are found, and what an OS needs.
_INHERITED = (
    *("HOME", "PATH", "TMPDIR", "TEMP", "TMP", "LANG", "LC_ALL", "SYSTEMROOT", "USERPROFILE", "APPDATA"),
    *("PGPASSFILE", "PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT", "PGSSLCRL", "PGKRBSRVNAME", "KRB5CCNAME"),
    *("KRB5_CONFIG", "SSL_CERT_FILE", "SSL_CERT_DIR"),
)
_ENV_FILE = ".dbmate-wrap-empty.env"
_STARTS = re.compile(r"(?:Applying|Rolling back): (?P<file>.+)")
_ENDS = re.compile(r"(?:Applied|Rolled back): (?P<file>.+) in (?P<duration>[0-9a-zµ.]+)")
# Go's time.Duration.String(): 1m2.5s, 850µs, 1.682221ms.
_GO_PART = re.compile(r"([0-9.]+)(h|ms|m|s|µs|us|ns)")
_GO_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "µs": 1e-6, "us": 1e-6, "ns": 1e-9}
# `Error: line: 3, column: 18, position: 55: pq: relation "x" does not exist at position 3:18 (42P01)`: the
# place is there only when the server told a position, and counts from the section (dbmate 2.37.0).
_PLACE = re.compile(r"line: (?P<line>\d+), column: (?P<column>\d+), position: \d+: (?=pq: )")
_OF_SERVER = "pq: "
# The server splits PGOPTIONS at white space that no backslash protects.
_SPLITS_OPTIONS, _BACKSLASHED = re.compile(r"([\s\\])"), r"\\\1"
_SQLSTATE = re.compile(r" \((?P<code>[0-9A-Z]{5})\)\Z")
_REPEATED_PLACE = re.compile(r" at position \d+:\d+\Z")


@dataclass(frozen=True)
class ServerOptions:
    """The options of dbmate's server session: durations in seconds, None for the server's default.

    `role` is what SET ROLE would get; None for the role that logs in.
    """

    application_name: str
    lock_timeout: float | None = None
    statement_timeout: float | None = None
    idle_in_transaction_session_timeout: float | None = None
    client_connection_check_interval: float | None = None
    role: str | None = None

    def pgoptions(self) -> str:
        """Return the value of PGOPTIONS; the fields have the names of their settings."""
        names = [field.name for field in fields(self) if field.name not in ("application_name", "role")]
        given = [(name, getattr(self, name)) for name in names]
        options = [f"-c {name}={_milliseconds(value)}ms" for name, value in given if value is not None]
        if self.role is not None:
            options.append(f"-c role={_SPLITS_OPTIONS.sub(_BACKSLASHED, self.role)}")
        return " ".join(options)


@dataclass(frozen=True)
class RunEvents:
    """Callbacks of a dbmate run, called in another thread.

    `started` gets the file that dbmate begins with, `ended` the file that it has finished and the seconds
    that took. `should_stop` is called several times a second, and ends dbmate by returning True.
    """

    started: Callable[[str], None]
    ended: Callable[[str, float], None]
    should_stop: Callable[[], bool]


@dataclass(frozen=True)
class DbmateError:
    """The error that dbmate printed; `line` and `column` count from 1 within the section that was running.

    `not_owned` is what a lack of privileges may be about, looked up by the name in the message; `limit`
    cut off what ran. dbmate prints only the server's message: `details` are its further words, where they
    were asked for again, `rows_query` is the query that finds the rows which are in the way.
    """

    message: str
    sqlstate: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    not_owned: tuple[NotOwned, ...] = ()
    limit: SessionLimit | None = None
    details: str | None = None
    rows_query: str | None = None

    @property
    def is_refused_login(self) -> bool:
        """True where the server did not let dbmate in, so that it began nothing (class 28)."""
        return self.file is None and self.sqlstate is not None and self.sqlstate.startswith("28")


@dataclass(frozen=True)
class Dbmate:
    """A verified binary with its database and its history table."""

    binary: Path
    url: DatabaseUrl
    migrations_table: str
    options: ServerOptions
    secrets: Redactor
    version: str | None = None

    def with_url(self, url: DatabaseUrl, connect_timeout: float) -> "Dbmate":
        """Return the same, but bound to this URL."""
        # Without a limit a server that accepts and never answers holds dbmate for minutes.
        return replace(self, url=url.with_connect_timeout(connect_timeout))

    def with_lock_timeout(self, seconds: float | None) -> "Dbmate":
        """Return the same, but its statements wait so long for a lock; None is without limit.

        Where no option can be handed on (a pooler), none is: the default of role and database stays.
        """
        if self.options.lock_timeout is None:
            return self
        return replace(self, options=replace(self.options, lock_timeout=seconds or 0.0))

    def migrate(self, directory: Path, events: RunEvents) -> DbmateError | None:
        """Apply the pending migrations of `directory`.

        None means only that dbmate ended with 0: what was applied is to be read from the database.
        """
        return self._run_verb("migrate", directory, events)

    def rollback(self, directory: Path, events: RunEvents) -> DbmateError | None:
        """Undo the last applied migration of those in `directory`."""
        return self._run_verb("rollback", directory, events)

    def run(
        self,
        arguments: Sequence[str],
        *,
        directory: Path,
        cwd: Path,
        scratch: Path,
        on_line: Callable[[str], None],
        should_stop: Callable[[], bool] | None = None,
    ) -> process.Completed:
        """Run any dbmate command in `cwd` on the migrations of `directory`.

        `on_line` gets each masked line of its stdout as it comes; `scratch` is a private folder.
        """
        # --env-file in two words replaces `.env`; in one it is ignored and `.env` is read (dbmate 2.37.0).
        no_variables = scratch / _ENV_FILE
        no_variables.touch(mode=0o600)
        argv = [str(self.binary), "--env-file", str(no_variables)]
        argv += ["--migrations-dir", str(directory), "--migrations-table", self.migrations_table, *arguments]
        command = process.Command(tuple(argv), self._environment(), cwd, dies_with_us=True)
        try:
            return process.run(command, secrets=self.secrets, on_line=on_line, should_stop=should_stop)
        except OSError as error:
            raise BinaryError(
                f"cannot start {self.binary}: {error.strerror}", hint="run `dbmate-wrap doctor`"
            ) from None

    def _run_verb(self, verb: str, directory: Path, events: RunEvents) -> DbmateError | None:
        current: list[str] = []

        def on_line(line: str) -> None:
            if started := _STARTS.match(line):
                current.append(started["file"])
                events.started(started["file"])
            elif ended := _ENDS.fullmatch(line):
                events.ended(ended["file"], _seconds(ended["duration"]))

        done = self.run(
            ("--no-dump-schema", verb),
            directory=directory,
            cwd=directory,
            scratch=directory,
            on_line=on_line,
            should_stop=events.should_stop,
        )
        if done.returncode == 0:
            return None
        return _failure(done, current[-1] if current else None)

    def _environment(self) -> dict[str, str]:
        env = process.inherited(_INHERITED)
        env |= self.url.libpq_environment()
        env["DATABASE_URL"] = self.url.for_dbmate()
        env["PGAPPNAME"] = self.options.application_name
        if options := self.options.pgoptions():
            env["PGOPTIONS"] = options
        return env


def _seconds(duration: str) -> float:
    return sum(float(number) * _GO_SECONDS[unit] for number, unit in _GO_PART.findall(duration))


def _milliseconds(seconds: float) -> int:
    # 0 means none to PostgreSQL: what is shorter than a millisecond must not become that.
    return max(round(seconds * 1000), 1) if seconds else 0


def _failure(done: process.Completed, file: str | None) -> DbmateError:
    # One error, over as many lines as the message has; a line of the message may itself begin with "Error: ".
    _, found, said = f"\n{done.stderr}".partition("\nError: ")
    if not found:
        return DbmateError(f"dbmate ended with {done.ending}: {_last_words(done.stderr)}", file=file)
    place = _PLACE.match(said)
    said = said[place.end() :].strip("\n") if place else said.strip("\n")
    if not said.startswith(_OF_SERVER):
        return DbmateError(said, file=file)
    message = said.removeprefix(_OF_SERVER)
    if code := _SQLSTATE.search(message):
        message = message[: code.start()]
    if place:
        message = _REPEATED_PLACE.sub("", message)
    line, column = (int(place["line"]), int(place["column"])) if place else (None, None)
    return DbmateError(message.strip(), code["code"] if code else None, file, line, column)


def _last_words(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.strip()]
    panic = [line for line in lines if line.startswith(("panic: ", "fatal error: "))]
    return (panic or lines[-1:] or ["it said nothing"])[0]
