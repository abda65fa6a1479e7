"""The rules of the family `files`, by their good and bad examples."""

import pytest

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.migrations.directory import Listing, Stray
from dbmate_wrap.policy.file_rules import check_contents, check_names, notices_in_old_files
from dbmate_wrap.policy.registry import FAMILIES
from tests.support.cases import Case, cases_in, migration_file, name_of, texts

WELL_FORMED = "-- migrate:up\nSELECT 1;\n-- migrate:down\n"
FOLDER = "db/migrations"
EXAMPLES = cases_in("file_rules")


def listing(files: list[MigrationFile], strays: tuple[Stray, ...] = ()) -> Listing:
    """A folder with these files, in dbmate's order."""
    return Listing(tuple(sorted(files, key=lambda file: file.name)), strays)


def files_of(case: Case) -> list[MigrationFile]:
    """The files of a case."""
    found = case["files"]
    assert isinstance(found, dict)
    return [migration_file(name, content or WELL_FORMED) for name, content in found.items()]


def check(files: list[MigrationFile], *, sequential: bool = True) -> list[Finding]:
    """All findings, in the order in which they are reported."""
    listed = listing(files)
    names = check_names(listed, FOLDER, sequential=sequential)
    return [*names, *check_contents(listed.files, FOLDER).findings]


@pytest.mark.parametrize("case", EXAMPLES, ids=name_of)
def test_the_examples_of_the_rules(case: Case) -> None:
    findings = check(files_of(case), sequential=case.get("sequential") is not False)
    found = [
        f"{finding.rule} {finding.file}:{finding.line}".replace(f"{FOLDER}/", "") for finding in findings
    ]
    assert found == texts(case, "findings")
    for finding in findings:
        assert finding.is_error
        assert finding.hint
        assert finding.file is not None
        assert "\n" not in finding.message
        assert finding.file.removeprefix(f"{FOLDER}/") in finding.message


def test_every_rule_of_the_family_has_a_bad_example() -> None:
    shown = {finding.split()[0] for case in EXAMPLES for finding in texts(case, "findings")}
    # ignored-file comes from the listing: test_directory.py; stale-schema-file from the shadow.
    assert shown | {"ignored-file", "stale-schema-file"} == FAMILIES["files"]


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("-- migrate:up\n-- café\n".encode("latin-1"), 2, "byte 0xe9"),
        (b"\xff\xfe-\x00-\x00", 1, "byte 0xff|NUL"),
        (b"-- migrate:up\nSELECT '\xc0\xaf';\n", 2, "byte 0xc0"),
        (b"-- migrate:up\nSELECT '\xed\xa0\x80';\n", 2, "byte 0xed"),
        (b"\n\n\n\xc3", 4, "byte 0xc3"),
    ],
    ids=["Latin-1", "UTF-16", "an overlong form", "a surrogate", "cut at the end"],
)
def test_what_is_not_utf8_is_found_with_its_line(content: bytes, line: int, words: str) -> None:
    [finding] = check([migration_file("001_a.sql", content)])
    assert (finding.rule, finding.line) == ("not-utf8", line)
    assert any(word in finding.message for word in words.split("|"))


def test_utf8_of_every_length_is_fine() -> None:
    text = "-- migrate:up\nSELECT 'é€😀\u2028\x85\ufeff';\n-- migrate:down\n"
    assert check([migration_file("001_a.sql", text)]) == []


def test_what_could_be_parsed_comes_back_in_order_without_the_rest() -> None:
    files = [
        migration_file("001_a.sql", WELL_FORMED),
        migration_file("002_b.sql", "x"),
        migration_file("003_c.sql", WELL_FORMED),
    ]
    checked = check_contents(files, FOLDER)
    assert [migration.file.name for migration in checked.migrations] == ["001_a.sql", "003_c.sql"]


def test_a_stray_is_reported_under_its_own_rule() -> None:
    stray = Stray("002_x.SQL", "ignored-file", "is skipped", "rename it")
    [finding] = check_names(listing([], (stray,)), FOLDER, sequential=True)
    assert finding == Finding(
        "ignored-file", "error", "db/migrations/002_x.SQL", 1, 1, "002_x.SQL is skipped", "rename it"
    )


def test_a_long_text_after_the_directive_is_shown_in_part() -> None:
    [finding] = check(
        [migration_file("001_a.sql", f"-- migrate:up {'word ' * 1000}\nSELECT 1;\n-- migrate:down\n")]
    )
    assert finding.rule == "unknown-option"
    assert "after `-- migrate:up`" in finding.message
    assert len(finding.message) < 200


def test_thousands_of_files_are_looked_through_at_once() -> None:
    assert check([migration_file(f"{number:05}_x.sql", WELL_FORMED) for number in range(1, 5001)]) == []


def test_numbers_of_any_length_are_compared() -> None:
    [finding] = check(
        [
            migration_file(f"{'9' * 200}_a.sql", WELL_FORMED),
            migration_file(f"1{'0' * 200}_b.sql", WELL_FORMED),
        ]
    )
    assert finding.rule == "version-width"


@pytest.mark.parametrize("rule", sorted(FAMILIES["files"]))
def test_what_dbmate_refuses_skips_or_reorders_is_an_error_in_old_files_too(rule: str) -> None:
    finding = Finding(rule, "error", f"{FOLDER}/002_b.sql", 1, 1, "message", "rename it")
    [old] = notices_in_old_files([finding], FOLDER, {"002_b.sql"})
    if rule in ("file-name", "version-gap", "unknown-option", "empty-migration"):
        assert old.severity == "notice"
        assert "leave the file as it is" in (old.hint or "")
    else:
        assert old == finding
    assert notices_in_old_files([finding], FOLDER, {"001_a.sql"}) == (finding,)


def test_rules_of_other_families_are_no_notices_for_the_age_of_a_file() -> None:
    finding = Finding("edited", "error", f"{FOLDER}/002_b.sql", 1, 1, "message")
    assert notices_in_old_files([finding], FOLDER, {"002_b.sql"}) == (finding,)


def test_a_gap_in_timestamps_is_none() -> None:
    files = [migration_file(f"{number}_a.sql", WELL_FORMED) for number in ("001", "003")]
    assert [found.rule for found in check(files)] == ["version-gap"]
    assert check(files, sequential=False) == []


def test_a_file_that_cannot_be_read_hides_nothing_of_those_after_it() -> None:
    files = [migration_file(f"00{number}_a.sql", "x") for number in (1, 2)]
    places = {found.file for found in check_contents(files, FOLDER).findings}
    assert places == {f"{FOLDER}/001_a.sql", f"{FOLDER}/002_a.sql"}
    unreadable = [migration_file(f"00{number}_a.sql", b"-- migrate:up\n\xff") for number in (1, 2)]
    assert len(check_contents(unreadable, FOLDER).findings) == 2


def test_the_first_of_two_characters_that_cannot_be_is_the_place() -> None:
    file = migration_file("001_a.sql", b"-- migrate:up\n-- \0\n-- \0\n")
    assert [found.line for found in check_contents([file], FOLDER).findings] == [2]
