"""Homes for servers of our own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbmate_wrap.cluster.server import destroy


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs PostgreSQL's programs."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.integration)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account can enter, unlike tmp_path; its servers are removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="dbmate-wrap-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    for home in folder.glob("**/.dbmate-wrap/postgres"):
        destroy(home)
    shutil.rmtree(folder)


@pytest.fixture
def home(open_folder: Path) -> Path:
    """Where the server of a project keeps its data."""
    return open_folder / "project" / ".dbmate-wrap" / "postgres"
