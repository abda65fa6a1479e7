"""A password that changes amid a run: url_command is asked for the new one."""

from collections.abc import Iterator

import pytest

from tests.support.cli import RunCli, applied
from tests.support.projects import MakeProject, migration
from tests.support.servers import Database, TcpServer

pytestmark = pytest.mark.e2e

# Prints the first password once, and the second one from then on.
COMMAND = """#!/bin/sh
if [ -e asked ]; then echo '{second}'; else touch asked; echo '{first}'; fi
"""
# In a dbmate process of its own, so that the next migration logs in again.
CHANGE = migration("alter role current_user password 'Second-7';", options="transaction:false")
LATER = migration("create table public.t (i int);")


@pytest.fixture
def database(tcp_server: TcpServer) -> Iterator[Database]:
    with tcp_server.new_database() as made:
        tcp_server.execute("drop role if exists short_lived")
        tcp_server.execute("create role short_lived superuser login password 'First-7'")
        yield made
    tcp_server.execute("drop role short_lived")


def test_the_next_connection_has_the_password_of_then(
    project: MakeProject, run_cli: RunCli, tcp_server: TcpServer, database: Database
) -> None:
    toml = '[environments.staging]\nurl_command = "sh url.sh"\ndump_schema = true\n'
    files = {"001_a.sql": CHANGE, "002_b.sql": LATER}
    folder = project(files, sealed=True, toml=toml)
    words = ("First-7", "Second-7")
    urls = [tcp_server.tcp_url(database.name, user="short_lived", password=word) for word in words]
    script = COMMAND.format(first=urls[0], second=urls[1])
    (folder.root / "url.sh").write_text(script, encoding="utf-8")
    done = run_cli(["up", "-e", "staging"], folder.root)
    assert done.returncode == 0, done.stderr
    assert applied(database) == ["001", "002"]
    assert (folder.root / "db/schema.sql").exists()
    assert "-7" not in done.stdout + done.stderr
    # Where the source has no other, the refusal stands.
    (folder.root / "url.sh").write_text(f"echo '{urls[0]}'\n", encoding="utf-8")
    refused = run_cli(["status", "-e", "staging"], folder.root)
    assert refused.returncode == 21
