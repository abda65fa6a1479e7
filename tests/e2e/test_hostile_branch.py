"""A branch that is not merged yet runs no program and reads no file where it is checked."""

from pathlib import Path

import pytest

from tests.support.cli import RunCli, assert_refused
from tests.support.projects import MakeProject, migration

pytestmark = pytest.mark.e2e

FIRST = {"001_a.sql": migration("create table public.a (i int);", "drop table public.a;")}
PLAIN = "copy public.a from program 'echo 1; touch {made}';"
HIDDEN = "do $$ begin execute 'copy public.a from pro' || 'gram ''touch {made}'''; end $$;"


@pytest.mark.parametrize("attack", [PLAIN, HIDDEN], ids=["plain", "hidden"])
def test_a_program_is_refused_and_not_run(
    project: MakeProject, run_cli: RunCli, tmp_path: Path, attack: str
) -> None:
    tmp_path.chmod(0o777)
    made = tmp_path / "made"
    allowed = "-- dbmate-wrap: allow data-write because it is an attack\n"
    folder = project({**FIRST, "002_b.sql": migration(allowed + attack.format(made=made))}, sealed=True)
    done = run_cli(["check"], folder.root)
    assert_refused(done, 22, r"002_b\.sql needs rights that the replay's role", "shadow_superuser = true")
    assert not made.exists()
