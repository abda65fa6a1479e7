"""No four characters of a password are in any output, file, argument list or ledger, whatever is run.

The passwords are of characters that no output has otherwise: so each part of four is a leak, in any spelling.
"""

import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from psycopg.sql import SQL, Identifier, Literal

from tests.support.cli import TWO, CliResult, RunCli, assert_presentable
from tests.support.leaks import leaks, pieces_of, watching
from tests.support.projects import MakeProject
from tests.support.servers import TcpServer

pytestmark = pytest.mark.e2e

FLEET = (
    'dump_schema = true\nshadow = "url"\n[fleets.all]\nenvironment = "staging"\ntargets = "targets.jsonl"\n'
)
# Spaces, percent signs, quotes and other letters; one that is as short as one can be and still be masked
# everywhere; one for the server of throw-away databases; two that no server takes.
LONG, SHORT, SHADOW = "Ж ю%4Ж1%Щ'ы\"Ъ\\Э&ф?Я=#Ц:й@/Ю Ж", "Qz7Jx", "Ծխ'Ծ%\"խ Ջ\\ջ"
WRONG, NOWHERE = "Ωψ %Ξ'λ\"Ωξ%25Ψ", "ღ%ჟ 'ღ\"ჟ\\ღჟ"
PIECES = frozenset().union(*(pieces_of(each, 4) for each in (LONG, SHORT, SHADOW, WRONG, NOWHERE)))
# Two databases, each with an owner of its own name.
OWNERS = {"pieces": LONG, "pieces_adopted": SHORT}
# psql is the wheel's, dbmate the pinned one: what these are started with is looked at while they run.
PROGRAMS = ("pg_dump", "git") if shutil.which("git") else ("pg_dump",)
# A program that writes down its arguments, and is then the one whose name it has.
RECORDER = '#!/bin/sh\nfor each in "$0" "$@"; do printf "%s\\n" "$each"; done >>"{}"\nexec "{}" "$@"\n'


@dataclass(frozen=True)
class Watched:
    """Runs of the command in one project, with what each said."""

    run_cli: RunCli
    env: Mapping[str, str]
    root: Path = Path()
    said: list[tuple[tuple[str, ...], CliResult]] = field(default_factory=list)

    def of(self, root: Path, **env: str) -> "Watched":
        return replace(self, root=root, env={**self.env, **env})

    def run(self, code: int, *args: str) -> None:
        """Run it; it must end with that exit code."""
        done = self.run_cli(args, self.root, self.env)
        self.said.append((args, done))
        assert done.returncode == code, (args, done)
        assert_presentable(done)


@contextmanager
def roles(server: TcpServer, passwords: Mapping[str, str]) -> Iterator[None]:
    """Roles with these passwords, which may make databases; what they own is dropped in the end."""
    with server.connect() as connection:
        for name, password in passwords.items():
            made = SQL("create role {} login createdb password {}").format(
                Identifier(name), Literal(password)
            )
            connection.execute(made)
    try:
        yield
    finally:
        owned = "select datname from pg_database join pg_roles r on r.oid = datdba where rolname = '{}'"
        for name in passwords:
            for (database,) in server.execute(owned.format(name)):
                server.execute(f'drop database "{database}" with (force)')
            server.execute(f"drop role {name}")


def write_recorders(folder: Path, server: TcpServer) -> Path:
    """Write a recorder for each program that is found by PATH, and return where they write."""
    folder.mkdir()
    record = folder / "record"
    for name in PROGRAMS:
        found = server.bin_dir / name
        real = found if found.exists() else shutil.which(name)
        (folder / name).write_text(RECORDER.format(record, real))
        (folder / name).chmod(stat.S_IRWXU)
    return record


def test_no_four_characters_of_a_password_are_anywhere(
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: dict[str, str],
    tcp_server: TcpServer,
    tmp_path: Path,
) -> None:
    temporary, programs = tmp_path / "tmp", tmp_path / "programs"
    temporary.mkdir()
    record = write_recorders(programs, tcp_server)
    folder, empty = project(TWO, sealed=True, toml=FLEET), project(name="empty", toml='shadow = "url"\n')
    (folder.root / "targets.jsonl").write_text('{"name": "pieces"}\n')
    first, second = (tcp_server.tcp_url(name, user=name, password=each) for name, each in OWNERS.items())
    env = {
        "PATH": f"{programs}{os.pathsep}{clean_environment['PATH']}",
        "TMPDIR": str(temporary),
        "DBMATE_WRAP_SHADOW_URL": tcp_server.tcp_url("postgres", user="shadow_of_pieces", password=SHADOW),
        "DBMATE_WRAP_PG_DUMP_PATH": str(programs / "pg_dump"),
    }
    watched = Watched(run_cli, env)
    with roles(tcp_server, {**OWNERS, "shadow_of_pieces": SHADOW}), watching(PIECES) as watch:
        for name in OWNERS:
            tcp_server.execute(f"create database {name} owner {name}")
        migrate(watched.of(folder.root, STAGING_DATABASE_URL=first))
        adopt(watched.of(empty.root, STAGING_DATABASE_URL=second))
        wrong = tcp_server.tcp_url("pieces", user="pieces", password=WRONG)
        nowhere = tcp_server.tcp_url("pieces", user="pieces", password=NOWHERE)
        be_refused(watched.of(folder.root, STAGING_DATABASE_URL=wrong))
        be_refused(watched.of(folder.root, STAGING_DATABASE_URL=re.sub(r":\d+/", ":1/", nowhere)))
        kept = [
            str(row[0])
            for table in ("ledger", "run", "stamp")
            for name in OWNERS
            for row in tcp_server.execute(f"select {table}::text from dbmate_wrap.{table}", name)
        ]
    for args, done in watched.said:
        assert (leaks(done.stdout, PIECES), leaks(done.stderr, PIECES)) == ([], []), args
    for place in (folder.root, empty.root, temporary, programs, Path(clean_environment["HOME"])):
        for path in place.rglob("*"):
            if path.is_file():
                assert leaks(path.read_bytes().decode("utf-8", "replace"), PIECES) == [], path
    assert kept
    assert leaks("\n".join(kept), PIECES) == []
    assert watch.leaks == []
    assert {b"dbmate", b"pg_dump", b"psql"} <= watch.programs
    recorded = record.read_text()
    assert [each for each in PROGRAMS if f"{programs / each}\n" not in recorded] == []


def migrate(watched: Watched) -> None:
    """Each of the main commands, in one format or another."""
    on = ("-v", "-e", "staging")
    watched.run(0, "check", "-v", "--format", "markdown")
    watched.run(0, "plan", *on, "--format", "markdown")
    watched.run(0, "up", *on)
    watched.run(0, "status", *on, "--format", "json")
    watched.run(0, "drift", *on)
    watched.run(0, "rollback", *on, "--format", "github")
    watched.run(0, "fleet", "up", "all", "-v", "--format", "json")
    watched.run(0, "doctor", *on)


def adopt(watched: Watched) -> None:
    """A database that was there before, by the account with the short password."""
    on = ("-v", "-e", "staging")
    watched.run(0, "psql", *on, "--write", "--", "-Xc", "create table public.t (); select pg_sleep(0.2)")
    watched.run(0, "snapshot", *on)
    watched.run(0, "seal")
    watched.run(0, "baseline", *on, "--format", "json")
    watched.run(0, "dump", *on, "--output", "-")
    watched.run(0, "exec", *on, "--", "status")


def be_refused(watched: Watched) -> None:
    """By a server that does not take the password, or that does not answer."""
    watched.run(21, "up", "-v", "-e", "staging")
    watched.run(21, "drift", "-e", "staging", "--format", "json")
    watched.run(21, "exec", "-e", "staging", "--", "status")
    watched.run(34, "fleet", "up", "all", "-v")
