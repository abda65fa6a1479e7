"""Which URLs dbmate and its pg_dump understand (facts 8 and 9); domain/database_url relies on each."""

from dataclasses import dataclass

import pytest

from tests.support.bare_dbmate import Bench
from tests.support.servers import TcpServer

# Templates: H:P is the server's address over TCP, S its socket's folder.
BOTH_UNDERSTAND = [
    "postgresql://postgres@H:P/postgres?sslmode=disable",
    "postgres://postgres@H:P/postgres?sslmode=prefer",
    "postgres://postgres@H:P/postgres?sslmode=allow",
    "postgres://postgres@H/postgres?port=P&sslmode=disable",
    "postgres://H:P/postgres?user=postgres&sslmode=disable",
    "postgres://postgres@H:P/postgres?sslmode=disable&connect_timeout=3",
    "postgres://postgres@H:P/postgres?sslmode=disable&application_name=x",
    "postgres://postgres@H:P/postgres?sslmode=disable&target_session_attrs=read-write",
    "postgres://postgres@H:P/postgres?sslmode=disable&client_encoding=UTF8",
    "postgres://postgres@H:P/postgres?sslmode=disable&tcp_user_timeout=1000",
    "postgres://postgres@H:P/postgres?sslmode=disable&sslrootcert=/nowhere",
    "postgres://postgres@H:P/postgres?sslmode=disable&krbsrvname=x",
    # A socket: no sslmode counts there, require included.
    "postgres://postgres@/postgres?host=S&port=P",
    "postgres://postgres@/postgres?host=S&port=P&sslmode=require",
    "postgres://postgres@/postgres?socket=S&port=P",
    "postgres://postgres@localhost:P/postgres?host=S",
    # Several hosts are tried in turn.
    "postgres://postgres@/postgres?host=H,H&port=P&sslmode=disable",
]
REFUSED = {
    # Without sslmode lib/pq means require; libpq would mean prefer.
    "postgres://postgres@H:P/postgres": "pq: SSL is not enabled on the server",
    "postgres://postgres@H:P/postgres?sslmode=require": "pq: SSL is not enabled on the server",
    "postgres://postgres@H:P/postgres?sslmode=verify-full": "pq: SSL is not enabled on the server",
    "postgres://postgres@H:P/postgres?sslmode=maybe": 'wrong value for "sslmode": "maybe" is not supported',
    # A host of its own percent-encoded, as libpq has it.
    "postgres://postgres@%2Fvar%2Frun:P/postgres": 'invalid URL escape "%2F"',
    # libpq's own parameters that lib/pq takes for settings of the server.
    "postgres://postgres@H:P/postgres?sslmode=disable&channel_binding=prefer": "(42704)",
    "postgres://postgres@H:P/postgres?sslmode=disable&gssencmode=disable": "(42704)",
    "postgres://postgres@H:P/postgres?sslmode=disable&keepalives=1": "(42704)",
    "postgres://postgres@H:P/postgres?sslmode=disable&keepalives_idle=10": "(42704)",
    "postgres://postgres@H:P/postgres?sslmode=disable&require_auth=md5": "(42704)",
    "postgres://postgres@H:P/postgres?sslmode=disable&nonsense=1": "(42704)",
    "postgres://postgres@H:P/postgres?sslmode=disable&client_encoding=LATIN1": "unsupported client_encoding",
}
# What dbmate itself takes and its pg_dump does not.
ONLY_DBMATE = {
    "postgres://postgres@H:P/postgres?sslmode=disable&lock_timeout=1000": "invalid URI query parameter",
    # dbmate writes a space as `+`, which libpq does not decode.
    "postgres://postgres@H:P/postgres?sslmode=disable&options=-c%20lock_timeout%3D1s": '"+lock_timeout"',
}
VARIABLES_REFUSED = {
    "PGSSLMODE": "maybe",
    "PGSERVICE": "nowhere",
    "PGCLIENTENCODING": "LATIN1",
    "PGCHANNELBINDING": "require",
    "PGREQUIRESSL": "1",
    "PGDATESTYLE": "German",
    "PGREALM": "x",
    "PGGSSENCMODE": "prefer",
}


@dataclass(frozen=True)
class Asker:
    """Runs dbmate with the superuser's password in the environment, on a URL template."""

    bench: Bench
    server: TcpServer

    def ask(self, verb: str, template: str, **env: str) -> tuple[int, str]:
        """The exit code and the error of a verb."""
        url = template.replace("H", self.server.host).replace("S", str(self.server.socket_dir))
        url = url.replace(":P", f":{self.server.port}").replace("=P", f"={self.server.port}")
        # dbmate gives up on an unusable address by itself here: nothing in this file waits for a network.
        ran = self.bench.run(self.server, url, verb, env={"PGPASSWORD": self.server.password, **env})
        return ran.returncode, ran.stderr


@pytest.fixture
def asker(bench: Bench, tcp_server: TcpServer) -> Asker:
    return Asker(bench, tcp_server)


@pytest.mark.parametrize("template", BOTH_UNDERSTAND)
def test_understood_by_dbmate_and_its_pg_dump(asker: Asker, template: str) -> None:
    assert asker.ask("dump", template) == (0, "")


@pytest.mark.parametrize(("template", "error"), REFUSED.items())
def test_refused(asker: Asker, template: str, error: str) -> None:
    code, stderr = asker.ask("status", template)
    assert code == 2
    assert error in stderr


@pytest.mark.parametrize(("template", "error"), ONLY_DBMATE.items())
def test_understood_by_dbmate_alone(asker: Asker, template: str, error: str) -> None:
    assert asker.ask("status", template)[0] == 0
    code, stderr = asker.ask("dump", template)
    assert code == 2
    assert error in stderr


@pytest.mark.parametrize("template", ["postgres://postgres@/postgres?host=::1&port=P&sslmode=disable"])
def test_ipv6_only_works_as_a_parameter(asker: Asker, template: str) -> None:
    if not asker.server.ipv6:
        pytest.skip("this machine has no ::1")
    assert asker.ask("dump", template) == (0, "")
    code, stderr = asker.ask("status", "postgres://postgres@[::1]:P/postgres?sslmode=disable")
    assert code == 2
    assert "lookup ::1:" in stderr
    assert asker.ask("status", template.replace("::1", "[::1]"))[0] == 2


def test_a_url_without_host_means_the_default_socket_folder(asker: Asker) -> None:
    code, stderr = asker.ask("status", "postgres://postgres@/postgres?port=P")
    assert code == 2
    assert f".s.PGSQL.{asker.server.port}: connect: no such file or directory" in stderr


def test_the_url_wins_over_variables_that_name_another_server(asker: Asker) -> None:
    other = {"PGHOST": "192.0.2.1", "PGPORT": "1", "PGUSER": "x", "PGDATABASE": "x", "PGSSLMODE": "require"}
    assert asker.ask("dump", "postgres://postgres@H:P/postgres?sslmode=disable", **other) == (0, "")


def test_pghostaddr_wins_over_the_host_of_the_url(asker: Asker) -> None:
    code, stderr = asker.ask(
        "status", "postgres://postgres@H:P/postgres?sslmode=disable", PGHOSTADDR="127.0.0.2"
    )
    assert code == 2
    assert f"dial tcp 127.0.0.2:{asker.server.port}: " in stderr


def test_dbname_in_the_query_is_another_database_for_pg_dump_than_for_dbmate(asker: Asker) -> None:
    template = "postgres://postgres@H:P/postgres?sslmode=disable&dbname=nope"
    assert asker.ask("status", template) == (0, "")
    code, stderr = asker.ask("dump", template)
    assert code == 2
    assert 'database "nope" does not exist' in stderr


@pytest.mark.parametrize(("name", "value"), VARIABLES_REFUSED.items())
def test_a_variable_that_breaks_dbmate(asker: Asker, name: str, value: str) -> None:
    code, stderr = asker.ask("status", "postgres://postgres@H:P/postgres?sslmode=disable", **{name: value})
    assert (code, stderr.startswith("Error: pq: ")) == (2, True)
