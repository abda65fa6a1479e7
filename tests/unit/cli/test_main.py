"""The entry point of the command."""

import gc
from collections.abc import Iterator

import pytest

from dbmate_wrap.cli.main import run_command_line


@pytest.fixture
def collector() -> Iterator[None]:
    """Puts the collector back as it was: it is set for the whole process of a command."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("collector")
def test_garbage_in_cycles_does_not_grow_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    made, most = 600_000, 400_000
    alive = peak = 0

    class Node:
        def __init__(self) -> None:
            nonlocal alive, peak
            self.itself = self
            alive += 1
            peak = max(peak, alive)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def app(prog_name: str, standalone_mode: bool) -> int:
        for _ in range(made):
            Node()
        return 0

    monkeypatch.setattr("dbmate_wrap.cli.typed_app.app_for", lambda arguments: app)
    with pytest.raises(SystemExit):
        run_command_line()
    assert peak < most
