"""The wheel does what the checkout does, wherever it is installed."""

from pathlib import Path

import pytest

from dbmate_wrap import __version__
from tests.support.distributions import Distributions
from tests.support.installed import INSTALLERS, find_python
from tests.support.projects import MakeProject, migration
from tests.support.repository import REPOSITORY

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.parametrize("installer", INSTALLERS)
def test_what_is_installed_migrates_without_the_checkout(
    installer: str, distributions: Distributions, project: MakeProject, tmp_path: Path
) -> None:
    install, version = INSTALLERS[installer]
    installed = install(distributions.wheel, find_python(version), tmp_path / "environment")
    folder = project({"001_a.sql": migration("create table public.a (i int);")}, sealed=True).root
    # Its own dbmate and PostgreSQL must be found where no PATH leads to them.
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    told = installed.run(["--version"], folder, env)
    assert (told.returncode, told.stdout.split()[:2]) == (0, ["dbmate-wrap", __version__]), told
    done = installed.run(["up"], folder, env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "001      001_a.sql  applied" in done.stdout
    assert "create table public.a" in (folder / "db" / "schema.sql").read_text("utf-8").lower()
    doctor = installed.run(["doctor"], folder, env)
    assert str(installed.python.parent) in doctor.stdout
    assert str(REPOSITORY) not in doctor.stdout
