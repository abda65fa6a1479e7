"""dbmate's error output becomes one value; its child gets what is on the allow list and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dbmate_wrap import process
from dbmate_wrap.dbmate.client import Dbmate, DbmateError, RunEvents, ServerOptions, _failure
from dbmate_wrap.domain.database_url import parse
from dbmate_wrap.process import Command, Completed
from dbmate_wrap.redact import Redactor

NOBODY = RunEvents(lambda name: None, lambda name, seconds: None, lambda: False)


def told_to(started: list[str]) -> RunEvents:
    """An attendance that notes the files which were begun."""
    return RunEvents(started.append, lambda name, seconds: None, lambda: False)


def failure(stderr: str, returncode: int = 2) -> DbmateError:
    """What is understood of dbmate's stderr."""
    return _failure(Completed(("dbmate",), returncode, "", stderr, timed_out=False), "001_a.sql")


# Each as printed by dbmate 2.37.0.
@pytest.mark.parametrize(
    ("stderr", "message", "sqlstate", "place"),
    [
        ("Error: pq: division by zero (22012)\n", "division by zero", "22012", None),
        (
            'Error: line: 3, column: 15, position: 30: pq: relation "nosuch" does not exist'
            " at position 3:15 (42P01)\n",
            'relation "nosuch" does not exist',
            "42P01",
            (3, 15),
        ),
        (
            'Error: line: 4, column: 2, position: 33: pq: invalid input syntax for type integer: "abc"'
            " at position 4:2 (22P02)\n",
            'invalid input syntax for type integer: "abc"',
            "22P02",
            (4, 2),
        ),
        ("Error: pq: boo 1 (x) (P0001)\n", "boo 1 (x)", "P0001", None),
        ("Error: pq: boo (12345) (P0001)\n", "boo (12345)", "P0001", None),
        ("Error: pq: boo (P0001)\n", "boo", "P0001", None),
        (
            "Error: pq: one\n\nError: two\nthree (ABCDE) (P0009)\n",
            "one\n\nError: two\nthree (ABCDE)",
            "P0009",
            None,
        ),
        (
            "Error: pq: line: 9, column: 9, position: 9: pq: hm at position 7:7 (P0001)\n",
            "line: 9, column: 9, position: 9: pq: hm at position 7:7",
            "P0001",
            None,
        ),
        ("Error: pq: ends in newline\n (P0001)\n", "ends in newline", "P0001", None),
        ("Error: pq: a\rError: b\x0bc\x1b[31m (P0001)\n", "a\rError: b\x0bc\x1b[31m", "P0001", None),
        ("Error: pq: (P0001)\n", "(P0001)", None, None),
        ("Error: pq:  (P0001)\n", "", "P0001", None),
        ("Error: pq: unexpected transaction status idle\n", "unexpected transaction status idle", None, None),
        (
            'Error: pq: database "nodb" does not exist (3D000)\n',
            'database "nodb" does not exist',
            "3D000",
            None,
        ),
        (
            "Error: dial tcp 127.0.0.1:1: connect: connection refused\n",
            "dial tcp 127.0.0.1:1: connect: connection refused",
            None,
            None,
        ),
        (
            "Error: dbmate requires each migration to define an up block with '-- migrate:up'\n",
            "dbmate requires each migration to define an up block with '-- migrate:up'",
            None,
            None,
        ),
        ("Error: no migration files found\n", "no migration files found", None, None),
        ("Error: something of dbmate's own (ABCDE)\n", "something of dbmate's own (ABCDE)", None, None),
        ("a warning of some library\nError: pq: boo (P0001)\n", "boo", "P0001", None),
    ],
)
def test_an_error_is_taken_apart(
    stderr: str, message: str, sqlstate: str | None, place: tuple[int, int] | None
) -> None:
    line, column = place or (None, None)
    assert failure(stderr) == DbmateError(message, sqlstate, "001_a.sql", line, column)


@pytest.mark.parametrize(
    ("stderr", "returncode", "message"),
    [
        ("", 2, "dbmate ended with exit code 2: it said nothing"),
        ("\n \n", -9, "dbmate ended with signal 9 (SIGKILL): it said nothing"),
        ("", -15, "dbmate ended with signal 15 (SIGTERM): it said nothing"),
        ("No help topic for 'migratee'\n", 3, "dbmate ended with exit code 3: No help topic for 'migratee'"),
        (
            "panic: runtime error: index out of range\n\ngoroutine 1 [running]:\nmain.main()\n\t/x.go:1\n",
            2,
            "dbmate ended with exit code 2: panic: runtime error: index out of range",
        ),
        ("a\nError without a colon\n", 2, "dbmate ended with exit code 2: Error without a colon"),
    ],
)
def test_without_an_error_line_the_ending_and_the_last_words_are_told(
    stderr: str, returncode: int, message: str
) -> None:
    assert failure(stderr, returncode) == DbmateError(message, None, "001_a.sql", None, None)


@pytest.mark.parametrize(
    ("lock", "statement", "expected"),
    [
        (None, None, ""),
        (5.0, None, "-c lock_timeout=5000ms"),
        (None, 0.5, "-c statement_timeout=500ms"),
        (1.1, 120.0, "-c lock_timeout=1100ms -c statement_timeout=120000ms"),
        # 0 means no limit to PostgreSQL: asked for it is given, rounded to it is not.
        (0.0, 0.0001, "-c lock_timeout=0ms -c statement_timeout=1ms"),
    ],
)
def test_timeouts_become_options_of_the_session(
    lock: float | None, statement: float | None, expected: str
) -> None:
    assert ServerOptions("x", lock, statement).pgoptions() == expected


class Child:
    """Stands in for the process: records how it was started and says what it is told to."""

    def __init__(self, lines: tuple[str, ...] = (), returncode: int = 0, stderr: str = "") -> None:
        self.lines, self.returncode, self.stderr = lines, returncode, stderr
        self.argv: list[str] = []
        self.env: dict[str, str] = {}
        self.cwd: Path | None = None

    def run(
        self,
        command: Command,
        *,
        secrets: Redactor,
        on_line: Callable[[str], None],
        should_stop: Callable[[], bool] | None,
    ) -> Completed:
        """As `process.run`."""
        assert command.dies_with_us
        self.argv, self.env, self.cwd = list(command.argv), dict(command.env), command.cwd
        for line in self.lines:
            on_line(line)
        return Completed(command.argv, self.returncode, "", self.stderr, timed_out=False)


def dbmate(url: str = "postgres://u:hunter2-Long@h/d", options: ServerOptions | None = None) -> Dbmate:
    """A binary that is never started."""
    where = parse(url, os_user="me")
    return Dbmate(
        Path("/bin/dbmate"), where, "own.history", options or ServerOptions("run/1", 5.0), Redactor([])
    )


def test_the_password_is_in_the_environment_and_in_no_argument(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    child = Child()
    monkeypatch.setattr(process, "run", child.run)
    assert dbmate().migrate(tmp_path, NOBODY) is None
    assert "hunter2-Long" not in " ".join(child.argv)
    assert [name for name, value in child.env.items() if "hunter2-Long" in value] == ["PGPASSWORD"]
    assert child.env["DATABASE_URL"].startswith("postgres://u@")
    assert child.argv[-2:] == ["--no-dump-schema", "migrate"]
    assert child.argv[child.argv.index("--migrations-dir") + 1] == str(tmp_path)
    assert child.argv[child.argv.index("--migrations-table") + 1] == "own.history"
    assert (child.env["PGAPPNAME"], child.env["PGOPTIONS"]) == ("run/1", "-c lock_timeout=5000ms")
    assert child.cwd == tmp_path


@pytest.mark.parametrize(
    ("role", "expected"),
    [("app", "-c role=app"), ("app owner", r"-c role=app\ owner"), (r"a\b", r"-c role=a\\b")],
)
def test_the_role_is_one_word_of_the_options(role: str, expected: str) -> None:
    assert ServerOptions("x", role=role).pgoptions() == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (ServerOptions("x", 5.0, 60.0), "-c lock_timeout=0ms -c statement_timeout=60000ms"),
        # A pooler takes no options at all: one more would be a refused login.
        (ServerOptions("x"), None),
    ],
)
def test_without_a_lock_timeout_all_else_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: ServerOptions, expected: str | None
) -> None:
    child = Child()
    monkeypatch.setattr(process, "run", child.run)
    dbmate(options=options).with_lock_timeout(None).migrate(tmp_path, NOBODY)
    assert child.env.get("PGOPTIONS") == expected
    assert child.argv[child.argv.index("--migrations-table") + 1] == "own.history"


def test_an_empty_env_file_of_ours_is_named_in_two_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    child = Child()
    monkeypatch.setattr(process, "run", child.run)
    dbmate().migrate(tmp_path, NOBODY)
    named = Path(child.argv[child.argv.index("--env-file") + 1])
    assert named.parent == tmp_path
    assert named.read_bytes() == b""


def test_nothing_of_the_callers_environment_can_choose_another_server_or_option(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in (
        *(
            "DBMATE_MIGRATION_LOCK",
            "DBMATE_MIGRATIONS_TABLE",
            "DBMATE_STRICT",
            "DBMATE_NO_DUMP_SCHEMA",
            "DATABASE_URL",
        ),
        *(
            "PGHOST",
            "PGHOSTADDR",
            "PGPORT",
            "PGUSER",
            "PGDATABASE",
            "PGPASSWORD",
            "PGSERVICE",
            "PGSERVICEFILE",
        ),
        *(
            "PGOPTIONS",
            "PGTARGETSESSIONATTRS",
            "PGCONNECT_TIMEOUT",
            "PGTZ",
            "PGDATESTYLE",
            "STAGING_DATABASE_URL",
        ),
        *("LD_PRELOAD", "http_proxy", "AWS_SECRET_ACCESS_KEY"),
    ):
        monkeypatch.setenv(name, "from-outside")
    monkeypatch.setenv("PGPASSFILE", "/its/pgpass")
    child = Child()
    monkeypatch.setattr(process, "run", child.run)
    dbmate("postgres://u@h/d", ServerOptions("x")).migrate(tmp_path, NOBODY)
    assert "from-outside" not in child.env.values()
    assert not [name for name in child.env if name.startswith("DBMATE")]
    assert child.env["PGPASSFILE"] == "/its/pgpass"
    assert "PGPASSWORD" not in child.env
    assert "PGOPTIONS" not in child.env


def test_every_file_is_announced_and_the_last_is_the_one_that_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = ("Applying: 001_a.sql", "Applied: 001_a.sql in 1ms", "Applying: 002 b: c.sql")
    child = Child(lines, 2, "Error: pq: boo (P0001)\n")
    monkeypatch.setattr(process, "run", child.run)
    started: list[str] = []
    assert dbmate().migrate(tmp_path, told_to(started)) == DbmateError(
        "boo", "P0001", "002 b: c.sql", None, None
    )
    assert started == ["001_a.sql", "002 b: c.sql"]


def test_a_failure_before_any_file_names_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    child = Child((), 2, "Error: dial tcp 127.0.0.1:1: connect: connection refused\n")
    monkeypatch.setattr(process, "run", child.run)
    found = dbmate().migrate(tmp_path, NOBODY)
    assert found is not None
    assert found.file is None


def test_a_rollback_announces_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    child = Child(("Rolling back: 001_a.sql", "Rolled back: 001_a.sql in 1ms"))
    monkeypatch.setattr(process, "run", child.run)
    started: list[str] = []
    assert dbmate().rollback(tmp_path, told_to(started)) is None
    assert started == ["001_a.sql"]
    assert child.argv[-1] == "rollback"


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("1.682221ms", 0.001682221), ("850µs", 0.00085), ("2.5s", 2.5), ("1m2.5s", 62.5), ("1h0m3s", 3603.0)],
)
def test_the_duration_that_dbmate_tells_is_understood(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, seconds: float
) -> None:
    child = Child(("Applying: 001_a.sql", f"Applied: 001_a.sql in {said}"))
    monkeypatch.setattr(process, "run", child.run)
    ended: list[tuple[str, float]] = []
    attendance = RunEvents(lambda name: None, lambda name, took: ended.append((name, took)), lambda: False)
    assert dbmate().migrate(tmp_path, attendance) is None
    [(name, took)] = ended
    assert name == "001_a.sql"
    assert took == pytest.approx(seconds)
