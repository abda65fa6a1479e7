"""A server is refused where it cannot run."""

import sys
from pathlib import Path

import pytest

from dbmate_wrap.cluster import server
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.errors import ConfigError


def test_windows_is_told_what_to_do_instead(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(ConfigError, match="does not run on Windows"):
        server.start(tmp_path, Binaries(tmp_path, 18, "wheel"))
