"""The programs that scripts/update_pins.py runs."""

from pathlib import Path

import pytest

from scripts import update_pins


def test_a_tool_that_is_not_installed_is_trouble(tmp_path: Path) -> None:
    with pytest.raises(update_pins.Trouble, match="is needed and cannot be run"):
        update_pins._run([str(tmp_path / "npm")])
