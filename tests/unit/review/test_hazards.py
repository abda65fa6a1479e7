"""When squawk is asked about a branch, about which files, and what its check says."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.migrations.parse import parse_migration
from dbmate_wrap.policy import squawk
from dbmate_wrap.review.hazards import Hazards, find_hazards
from tests.support.cases import migration_file

FOUND = Finding("squawk/ban-drop-table", "warning", "m/002_a.sql", 2, 1, "message", "hint")


def parsed(name: str) -> ParsedMigration:
    """A migration of that name."""
    text = "-- migrate:up\nDROP TABLE x.y;\n-- migrate:down\n"
    migration = parse_migration(migration_file(name, text), text)
    assert isinstance(migration, ParsedMigration)
    return migration


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replaces squawk's run; has the folder, once for each run."""
    made: list[str] = []

    def run(program: Path, migrations: object, folder: str, history: object) -> tuple[Finding, ...]:
        made.append(folder)
        return (FOUND,)

    monkeypatch.setattr(squawk, "hazards", run)
    return made


def find(tmp_path: Path, *names: str, policy: Mapping[str, str] | None = None) -> Hazards:
    """The hazards of these migrations."""
    return find_hazards(
        [parsed(name) for name in names],
        (),
        folder="m",
        policy=policy or {},
        scripts_dir=tmp_path,
        search_path="",
    )


def install(tmp_path: Path) -> None:
    """A program that is found as squawk."""
    (tmp_path / "squawk").touch(0o755)


@pytest.mark.parametrize(
    "policy",
    [
        {},
        {"squawk": "error", "sql": "off"},
        {"squawk/ban-drop-table": "off"},
        {"squawk": "off", "squawk/ban-drop-table": "error"},
    ],
)
def test_squawk_is_run_unless_all_of_it_is_off(
    tmp_path: Path, runs: list[str], policy: Mapping[str, str]
) -> None:
    install(tmp_path)
    hazards = find(tmp_path, "002_a.sql", "003_b.sql", policy=policy)
    assert runs == ["m"]
    assert hazards.findings == (FOUND,)
    assert hazards.files == {"m/002_a.sql", "m/003_b.sql"}
    assert (hazards.check.status, hazards.check.message) == (
        "pass",
        "looked for hazards in 2 new migrations",
    )


def test_with_squawk_off_nothing_is_looked_for(tmp_path: Path, runs: list[str]) -> None:
    install(tmp_path)
    hazards = find(tmp_path, "002_a.sql", policy={"squawk": "off"})
    assert (hazards.findings, hazards.files, runs) == ((), frozenset(), [])
    assert (hazards.check.status, hazards.check.hint) == ("skip", None)
    assert "squawk off" in hazards.check.message


def test_without_squawk_the_check_has_the_command_that_installs_it(tmp_path: Path, runs: list[str]) -> None:
    hazards = find(tmp_path, "002_a.sql")
    assert (hazards.findings, hazards.files, runs) == ((), frozenset(), [])
    assert (hazards.check.status, hazards.check.hint) == ("skip", "pip install 'dbmate-wrap[squawk]'")


def test_without_new_migrations_the_check_says_so(tmp_path: Path, runs: list[str]) -> None:
    install(tmp_path)
    assert find(tmp_path).check.message == "no new migrations to look at"
