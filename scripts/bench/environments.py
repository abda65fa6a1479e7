"""Measures `status --all` where some servers do not answer."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from dbmate_wrap.cluster.server import Endpoint
from scripts.bench.measure import WRAP, folder_of, in_turns, ms, new_database, timed
from scripts.bench.rows import Row
from scripts.bench.samples import milliseconds

_READ, _SILENT = 6, 2
_TIMEOUT = 2
_UNREACHABLE = 21


def environment_rows(server: Endpoint, repeat: int) -> list[Row]:
    """What is promised of `status --all`."""
    names = [f"e{number}" for number in range(_READ + _SILENT)]
    with folder_of(20) as folder, _silent_port() as port, ExitStack() as databases:
        urls = {name: databases.enter_context(new_database(server)) for name in names[:_READ]}
        settings = "".join(f"[environments.{name}]\n" for name in names)
        (folder / "dbmate-wrap.toml").write_text(f'connect_timeout = "{_TIMEOUT}s"\n{settings}')
        for name, url in urls.items():
            command = [*WRAP, "up", "-e", name, "-q"]
            timed(command, cwd=folder, extra={f"{name.upper()}_DATABASE_URL": url})
        urls |= {name: f"postgres://u@127.0.0.1:{port}/{name}" for name in names[_READ:]}
        extra = {f"{name.upper()}_DATABASE_URL": url for name, url in urls.items()}
        command = [*WRAP, "status", "--all", "-q"]
        [found] = in_turns(repeat, lambda: timed(command, cwd=folder, extra=extra, ends=_UNREACHABLE))
    late = [each - _TIMEOUT * 1000 for each in milliseconds(found)]
    name = f"`status --all` over {len(names)} environments, {_SILENT} of them silent, beyond connect_timeout"
    return [Row(name, late, "ms", 1000, ms(found))]


@contextmanager
def _silent_port() -> Iterator[int]:
    """A port of this machine that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield listening.getsockname()[1]
