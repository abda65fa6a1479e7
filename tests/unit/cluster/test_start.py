"""The options of a start, without a server."""

import shlex
from pathlib import Path

from dbmate_wrap.cluster.start import _options


def test_the_options_survive_the_shell_of_pg_ctl() -> None:
    words = shlex.split(_options(Path("/tmp/it's $HOME"), durable=False, more={"jit": "off"}))
    assert "unix_socket_directories=/tmp/it's $HOME" in words
    assert "listen_addresses=" in words
    assert {"fsync=off", "synchronous_commit=off", "full_page_writes=off"} <= set(words)
    assert "jit=off" in words
    assert "fsync" not in _options(Path("/tmp"), durable=True, more={})
