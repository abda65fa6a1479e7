"""The bench on which the pinned dbmate is measured: a folder with migrations, and the bare binary."""

from pathlib import Path

import pytest

from tests.support.bare_dbmate import Bench


@pytest.fixture
def bench(dbmate: Path, tmp_path: Path) -> Bench:
    """An empty bench."""
    made = Bench(dbmate, tmp_path / "bench")
    made.migrations.mkdir(parents=True)
    return made


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a contract test."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.contract)
