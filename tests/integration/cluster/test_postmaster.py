"""What a socket tells about a postmaster."""

import socket
from pathlib import Path

from dbmate_wrap.cluster import postmaster


def test_a_socket_that_nobody_listens_on_does_not_accept(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        assert postmaster.accepts(path) is False
        server.listen()
        assert postmaster.accepts(path) is True
    assert postmaster.accepts(path) is False
    assert postmaster.accepts(tmp_path / "missing") is False
