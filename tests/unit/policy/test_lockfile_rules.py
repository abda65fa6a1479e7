"""The rules of the family `lockfile`, by their good and bad examples."""

import pytest

from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.policy.lockfile_rules import check_lockfile
from dbmate_wrap.policy.registry import FAMILIES
from tests.support.cases import Case, cases_in, migration_file, name_of, texts

EXAMPLES = cases_in("lockfile_rules")


def files_of(case: Case, key: str) -> list[MigrationFile]:
    """The files, each with the content after the equals sign."""
    return [
        migration_file(name, content)
        for name, _, content in (text.partition("=") for text in texts(case, key))
    ]


@pytest.mark.parametrize("case", EXAMPLES, ids=name_of)
def test_the_examples_of_the_rules(case: Case) -> None:
    sealed = [Sealed(file.name, file.checksum, line) for line, file in enumerate(files_of(case, "sealed"), 1)]
    findings = check_lockfile(
        files_of(case, "files"),
        sealed,
        folder="db/migrations",
        lockfile="db/migrations.lock",
        protected=case.get("protected") is True,
    )
    assert [f"{found.rule} {found.severity} {found.file}:{found.line}" for found in findings] == texts(
        case, "findings"
    )
    assert all(found.hint for found in findings)
    if "says" in case:
        assert str(case["says"]) in findings[0].message


def test_every_rule_of_the_family_has_a_bad_example() -> None:
    shown = {finding.split()[0] for case in EXAMPLES for finding in texts(case, "findings")}
    assert shown == FAMILIES["lockfile"]


def test_a_file_that_was_renamed_comes_with_its_old_name() -> None:
    sealed = [Sealed("001_a.sql", migration_file("001_a.sql", "x").checksum, 3)]
    [finding] = check_lockfile(
        [migration_file("001_b.sql", "x")], sealed, folder="m", lockfile="m.lock", protected=False
    )
    assert finding.message == "001_a.sql is sealed and was renamed to 001_b.sql"
    assert finding.hint == "rename 001_b.sql back to 001_a.sql"


def test_two_sealed_files_of_one_content_are_distinguished() -> None:
    sealed = [Sealed(f"00{n}_x.sql", migration_file("0.sql", "same").checksum, n) for n in (1, 2)]
    files = [migration_file("001_x.sql", "same"), migration_file("003_y.sql", "same")]
    [finding] = check_lockfile(files, sealed, folder="m", lockfile="m.lock")
    assert finding.message == "002_x.sql is sealed and was renamed to 003_y.sql"


@pytest.mark.parametrize("content", ["b", "b, and edited"])
def test_a_file_whose_version_is_taken_twice_may_get_another_number(content: str) -> None:
    sealed = [
        Sealed(name, migration_file(name, name[4]).checksum, line)
        for line, name in enumerate(("002_a.sql", "002_b.sql"), 3)
    ]
    files = [migration_file("002_a.sql", "a"), migration_file("003_b.sql", content)]
    finding = check_lockfile(files, sealed, folder="m", lockfile="m.lock")[0]
    assert (finding.rule, finding.line) == ("removed", 4)
    assert finding.hint == (
        "the version is that of 002_a.sql too: if it was applied nowhere, take its line out of m.lock"
        " and run `dbmate-wrap seal`"
    )
    assert check_lockfile(files[:1], sealed[:1], folder="m", lockfile="m.lock") == (), "the advice leads out"


def test_a_renamed_file_hides_nothing_of_those_after_it() -> None:
    before = [migration_file(name, name) for name in ("001_a.sql", "002_b.sql")]
    sealed = [Sealed(file.name, file.checksum, line) for line, file in enumerate(before, 3)]
    files = [migration_file("001_z.sql", "001_a.sql"), migration_file("002_b.sql", "edited")]
    findings = check_lockfile(files, sealed, folder="m", lockfile="m.lock")
    assert [(found.rule, found.file) for found in findings] == [
        ("removed", "m.lock"),
        ("edited", "m/002_b.sql"),
    ]


def test_without_a_word_a_database_is_not_protected_and_not_disposable() -> None:
    sealed = [Sealed("001_a.sql", migration_file("001_a.sql", "a").checksum, 3)]
    files = [migration_file("001_a.sql", "edited"), migration_file("002_b.sql", "b")]
    found = check_lockfile(files, sealed, folder="m", lockfile="m.lock")
    assert found == check_lockfile(
        files, sealed, folder="m", lockfile="m.lock", protected=False, disposable=False
    )
    assert [each.severity for each in found] == ["error", "warning"]
    assert found != check_lockfile(files, sealed, folder="m", lockfile="m.lock", disposable=True)
