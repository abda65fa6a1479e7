"""Fixtures of the unit tests."""

import pytest

from tests.support.unit_guard import refuse_processes_and_connections


@pytest.fixture(autouse=True)
def no_processes_and_no_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps every unit test in this process."""
    refuse_processes_and_connections(monkeypatch)
