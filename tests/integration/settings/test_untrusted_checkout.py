"""A file that git tracks under another case of its name is the branch's where the system opens it as well."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dbmate_wrap.domain.pull_request import PullRequest
from dbmate_wrap.settings.untrusted_checkout import UntrustedCheckout

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
]


@pytest.mark.parametrize("folds_case", [True, False])
def test_names_are_compared_as_the_system_does(tmp_path: Path, folds_case: bool) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    (tmp_path / ".Dbmate-Wrap").mkdir()
    (tmp_path / ".Dbmate-Wrap" / "x").touch()
    (tmp_path / ".ENV").touch()
    (tmp_path / ".env").touch()
    for args in (["init", "--quiet"], ["add", ".ENV", ".Dbmate-Wrap"]):
        subprocess.run(["git", *args], cwd=tmp_path, env=env, check=True)
    checkout = UntrustedCheckout(tmp_path, PullRequest("X"), folds_case)
    assert checkout.wrote(tmp_path / ".env") is folds_case
    assert checkout.tracks(tmp_path / ".dbmate-wrap") is folds_case
    assert checkout.wrote(tmp_path / ".ENV")
    assert not checkout.wrote(tmp_path / "missing")
