"""The rules that compare migrations and lockfile with the base."""

from collections.abc import Sequence

import pytest

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.git.merge_base import MergeBase
from dbmate_wrap.policy.lockfile_rules import check_base, check_lockfile
from tests.support.cases import migration_file

COMMIT = "0123456789abcdef0123456789abcdef01234567"
A, B, C = "001_a.sql", "002_b.sql", "003_c.sql"
LOCK = "db/migrations.lock"


def lines(files: Sequence[str]) -> tuple[Sealed, ...]:
    """The lockfile of these files, each "name" or "name=content"."""
    parts = (file.partition("=") for file in files)
    return tuple(
        Sealed(name, migration_file(name, content).checksum, number)
        for number, (name, _, content) in enumerate(parts, 3)
    )


def lockfile_of(sealed: Sequence[Sealed]) -> bytes:
    """As `seal` writes it."""
    return b"# 1\n# 2\n" + b"".join(f"{line.name} sha256:{line.checksum}\n".encode() for line in sealed)


def base_of(
    then: Sequence[str],
    then_sealed: Sequence[str] | None = None,
    tip: Sequence[str] | None = None,
    broken: bytes | None = None,
) -> MergeBase:
    """A commit with these files, all sealed unless `then_sealed` or `broken` says otherwise."""
    was = [migration_file(*file.partition("=")[::2]) for file in then]
    lock_then = lines(then if then_sealed is None else then_sealed)
    return MergeBase(
        "origin/main",
        COMMIT,
        {file.name: file.checksum for file in was},
        lockfile_of(lock_then) if broken is None else broken,
        tuple(file.name for file in was) if tip is None else tuple(tip),
    )


def check(
    files: Sequence[str],
    sealed: Sequence[str] | None = None,
    *,
    then: Sequence[str] = (A, B),
    then_sealed: Sequence[str] | None = None,
    tip: Sequence[str] | None = None,
    broken: bytes | None = None,
    reported: Sequence[Finding] = (),
) -> tuple[Finding, ...]:
    """Findings; without `sealed` the lockfile has all files, and had all then."""
    base = base_of(then, then_sealed, tip, broken)
    now = [migration_file(*file.partition("=")[::2]) for file in files]
    return check_base(
        reported,
        now,
        lines(files if sealed is None else sealed),
        base,
        folder="db/migrations",
        lockfile=LOCK,
    )


def brief(findings: Sequence[Finding]) -> list[str]:
    """Rule and place of each; all of them are errors and say what to do."""
    assert all(finding.severity == "error" and finding.hint for finding in findings)
    return [f"{finding.rule} {finding.file}:{finding.line}" for finding in findings]


@pytest.mark.parametrize(
    ("files", "findings"),
    [
        ([A, B], []),
        ([A, B, C, "004_d.sql"], []),
        ([A, f"{B}=edited"], ["edited db/migrations/002_b.sql:1"]),
        (
            [f"{A}=edited", f"{B}=edited"],
            ["edited db/migrations/001_a.sql:1", "edited db/migrations/002_b.sql:1"],
        ),
        ([A], ["removed db/migrations/002_b.sql:None"]),
        ([f"{B}=edited"], ["removed db/migrations/001_a.sql:None", "edited db/migrations/002_b.sql:1"]),
        ([A, "001_new.sql=x", B], ["not-appended db/migrations/001_new.sql:1"]),
        (["000_new.sql=x", A, B], ["not-appended db/migrations/000_new.sql:1"]),
        ([A, B, "002_c.sql=x"], ["not-appended db/migrations/002_c.sql:1"]),
    ],
)
def test_edited_removed_and_overtaking_files_are_found_once_each(
    files: list[str], findings: list[str]
) -> None:
    # The lockfile was made to fit: only the base knows better.
    assert brief(check(files)) == findings


def test_an_empty_base_allows_everything() -> None:
    assert check([A, B], then=[], tip=[]) == ()
    assert check([A, B], [], then=[], tip=[], broken=b"") == ()


def test_a_file_edited_against_main_comes_with_the_command_that_restores_it() -> None:
    [finding] = check([f"{A}=edited", B])
    assert finding.message.startswith("001_a.sql was changed, but it is in origin/main already")
    assert (finding.hint or "").startswith(
        "restore it: git checkout 0123456789ab -- db/migrations/001_a.sql; and put the change into a new one"
    )


def test_a_path_with_spaces_is_quoted_in_the_command() -> None:
    [finding] = check(["001_a b.sql=edited"], then=["001_a b.sql"])
    assert "-- 'db/migrations/001_a b.sql';" in (finding.hint or "")


def test_a_renamed_file_is_one_finding_wherever_its_new_name_sorts() -> None:
    for name in ("000_z.sql", "001_z.sql", "009_z.sql"):
        [finding] = check(sorted([f"{name}=a", f"{B}=b"]), then=[f"{A}=a", f"{B}=b"])
        assert (finding.rule, finding.file) == ("removed", f"db/migrations/{name}")
        assert finding.message == f"001_a.sql is in origin/main and was renamed to {name}"
        assert (finding.hint or "").startswith(f"mv db/migrations/{name} db/migrations/001_a.sql")


# two files of one version, after a merge that kept the lines of both branches


def test_one_of_two_files_with_one_version_may_get_another_number() -> None:
    then = [A, f"{B}=b", "002_x.sql=x"]
    assert check([A, f"{B}=b", "003_x.sql=x"], then=then) == ()
    assert check([A, "002_x.sql=x", "003_b.sql=b"], then=then) == ()


def test_both_of_two_files_with_one_version_must_not_go() -> None:
    found = check([A], then=[A, f"{B}=b", "002_x.sql=x"])
    assert [finding.rule for finding in found] == ["removed", "removed"]


def test_a_renumbered_file_still_comes_after_all_of_the_base() -> None:
    found = check([A, f"{B}=b", "003_x.sql=x", "004_c.sql"], then=[A, f"{B}=b", "002_x.sql=x", "004_c.sql"])
    assert brief(found) == ["not-appended db/migrations/003_x.sql:1"]


def test_a_sealed_file_that_main_does_not_have_yet_may_be_renamed() -> None:
    reported = [Finding("removed", "error", LOCK, 5, 1, "002_mine.sql was renamed", "rename it back")]
    [found] = check([A, B, "003_mine.sql=x"], [A, B, "002_mine.sql=x"], reported=reported)
    assert (found.hint or "").startswith("it is not in origin/main yet: if it was applied nowhere, take")


# main has gone on


def test_a_file_that_main_has_overtaken_gets_its_next_number() -> None:
    [finding] = check([A, B, "003_mine.sql=x"], tip=[A, B, "003_other.sql", "004_other.sql"])
    assert brief([finding]) == ["not-appended db/migrations/003_mine.sql:1"]
    assert finding.message == (
        "origin/main has gone on: 003_other.sql is there, and 003_mine.sql has the number of 003_other.sql"
    )
    assert finding.hint == "git merge origin/main, then dbmate-wrap renumber 003_mine.sql"


def test_the_number_of_another_file_is_taken_also_where_the_name_sorts_later() -> None:
    [finding] = check([A, B, "003_zzz.sql=x"], tip=[A, B, "003_other.sql"])
    assert "has the number of 003_other.sql" in finding.message


def test_a_number_before_the_last_one_of_main_is_overtaken() -> None:
    [finding] = check([A, B, "003_mine.sql=x"], tip=[A, B, "004_other.sql"])
    assert finding.message == (
        "origin/main has gone on: 004_other.sql is there, and 003_mine.sql would run before 004_other.sql"
    )


def test_of_several_new_files_the_first_is_renumbered_and_the_others_follow() -> None:
    found = check([A, B, "003_x.sql=x", "004_y.sql=y"], tip=[A, B, "003_other.sql", "004_other.sql"])
    assert [each.hint for each in found] == ["git merge origin/main, then dbmate-wrap renumber 003_x.sql"] * 2


def test_which_of_two_files_with_one_version_is_the_newer_the_base_knows() -> None:
    reported = [Finding("duplicate-version", "error", "db/migrations/002_x.sql", 1, 1, "two", "one or other")]
    found = check([A, "002_a.sql=a", B], then=[A, B], reported=reported)
    assert {each.hint for each in found} == {"dbmate-wrap renumber 002_a.sql"}


def test_a_new_file_after_all_of_mains_is_no_finding() -> None:
    assert check([A, B, "004_mine.sql=x"], tip=[A, B, "003_other.sql"]) == ()


def test_a_new_file_that_main_has_by_now_is_no_finding() -> None:
    assert check([A, B, "003_mine.sql=x"], tip=[A, B, "003_mine.sql", "004_other.sql"]) == ()


def test_versions_that_are_times_are_not_counted_up() -> None:
    old, other = "20260101120000_a.sql", "20260103120000_other.sql"
    [finding] = check([old, "20260102120000_mine.sql=x"], then=[old], tip=[old, other])
    assert f"20260102120000_mine.sql would run before {other}" in finding.message
    assert (finding.hint or "").endswith("dbmate-wrap renumber 20260102120000_mine.sql")


def test_a_file_between_two_of_the_base_is_reported_without_a_merge() -> None:
    [finding] = check([A, "001_b.sql=x", B])
    assert finding.message == "001_b.sql is new but has the number of 001_a.sql, which is in origin/main"
    assert finding.hint == "dbmate-wrap renumber 001_b.sql"


def test_of_two_versions_the_text_decides_as_in_dbmate() -> None:
    assert brief(check(["1000_mine.sql=x", "999_a.sql"], then=["999_a.sql"])) == [
        "not-appended db/migrations/1000_mine.sql:1"
    ]
    assert check(["01_\U0001f600.sql", "010_x.sql=x"], [], then=[], tip=[], broken=b"") == ()
    for name in ("01_\udcff.sql", "01_\U0001f600.sql", "01_\uffff.sql"):
        assert check([name, "02_x.sql=x"], [], then=[name], broken=b"") == ()
        assert len(check(["00_x.sql=x", name], [], then=[name], broken=b"")) == 1


# The lockfile is append only


def test_a_line_that_is_gone_is_found() -> None:
    [finding] = check([A, B], [A])
    assert brief([finding]) == [f"removed {LOCK}:1"]
    assert "002_b.sql" in finding.message
    assert "git checkout 0123456789ab -- db/migrations.lock, then `dbmate-wrap seal`" in (finding.hint or "")


def test_a_line_that_was_changed_is_found_where_it_is() -> None:
    [finding] = check([A, B], [A, f"{B}=other"])
    assert brief([finding]) == [f"edited {LOCK}:4"]


@pytest.mark.parametrize("files", [[A, B], [f"{A}=edited", B]])
def test_a_lockfile_that_is_gone_is_one_finding(files: list[str]) -> None:
    findings = brief(check(files, []))
    assert findings[-1] == f"removed {LOCK}:None"
    assert sum(LOCK in text for text in findings) == 1


def test_a_file_sealed_later_is_no_finding() -> None:
    assert check([A, B], then_sealed=[A]) == ()
    assert check([A, B], then_sealed=[]) == ()


@pytest.mark.parametrize("broken", [b"<<<<<<< HEAD\n", b"\xff", b"001_a.sql sha256:0\n"])
def test_a_lockfile_that_was_broken_in_the_base_can_be_fixed(broken: bytes) -> None:
    assert check([A, B], broken=broken) == ()


def test_a_lockfile_that_was_not_in_the_base_demands_nothing() -> None:
    base = MergeBase("main", COMMIT, {}, None, ())
    assert check_base([], [migration_file(A)], lines([A]), base, folder="m", lockfile=LOCK) == ()


def test_line_ends_and_comments_of_the_lockfile_are_free() -> None:
    sealed = lines([A, B])
    assert check([A, B], broken=b"# another\r\n" + lockfile_of(sealed).replace(b"\n", b"\r\n")) == ()


# Together with check_lockfile


@pytest.mark.parametrize(
    ("files", "sealed", "findings"),
    [
        # The file alone was changed.
        ([f"{A}=edited", B], [A, B], ["edited db/migrations/001_a.sql:1"]),
        ([A], [A, B], ["removed db/migrations/002_b.sql:None"]),
        (["001_z.sql", f"{B}=b"], [A, f"{B}=b"], ["removed db/migrations/001_z.sql:1"]),
        # And the lockfile to fit it.
        ([f"{A}=edited", B], [f"{A}=edited", B], ["edited db/migrations/001_a.sql:1"]),
        # The line alone: it is to be restored, not the file.
        ([A, B], [f"{A}=other", B], [f"edited {LOCK}:3"]),
        # A line is gone, and a migration that was never merged.
        ([A, B], [A, C], [f"removed {LOCK}:4", f"removed {LOCK}:1"]),
        # A new one in between, sealed or not.
        ([A, "001_b.sql=x", B], [A, B], ["not-appended db/migrations/001_b.sql:1"]),
        ([A, "001_b.sql=x", B], [A, "001_b.sql=x", B], ["not-appended db/migrations/001_b.sql:1"]),
    ],
)
def test_nothing_is_reported_twice(files: list[str], sealed: list[str], findings: list[str]) -> None:
    then = [A, f"{B}=b"] if f"{B}=b" in files else [A, B]
    now = [migration_file(*file.partition("=")[::2]) for file in files]
    first = check_lockfile(now, lines(sealed), folder="db/migrations", lockfile=LOCK)
    assert brief(check(files, sealed, then=then, reported=first)) == findings


def test_what_was_wrong_in_the_base_already_is_still_reported() -> None:
    wrong = lines([f"{A}=other", B])
    files = [migration_file(name) for name in (A, B)]
    found = check_lockfile(files, wrong, folder="db/migrations", lockfile=LOCK)
    base = base_of([A, B], [f"{A}=other", B])
    assert check_base(found, files, wrong, base, folder="db/migrations", lockfile=LOCK) == found
    assert brief(found) == ["edited db/migrations/001_a.sql:1"]


# Lines that `amend` has changed


def amended(text: str, *former: str, reason: str | None = "it failed", name: str = B) -> Sealed:
    """The line of a file with the content `text`, and those that it had before."""
    checksums = tuple(migration_file(name, each).checksum for each in former)
    return Sealed(name, migration_file(name, text).checksum, 5, checksums, reason)


def check_amended(
    text: str, line: Sealed, *, then: str = "1", line_then: Sealed | None = None
) -> tuple[Finding, ...]:
    """Findings where 002 has that text and line, and had `then` and `line_then` in the base."""
    before = [*lines([A]), line_then or amended(then, reason=None)]
    text_then = "".join(
        f"# amended {each.name}: {each.reason}\n{each.name} sha256:{each.checksum}"
        + "".join(f" was sha256:{former}" for former in each.former)
        + "\n"
        for each in before
    )
    files = [migration_file(A), migration_file(B, text)]
    sealed = [*lines([A]), line]
    base = base_of([A, f"{B}={then}"], broken=text_then.encode())
    reported = check_lockfile(files, sealed, folder="db/migrations", lockfile=LOCK)
    return check_base(reported, files, sealed, base, folder="db/migrations", lockfile=LOCK)


@pytest.mark.parametrize(
    ("text", "line", "line_then"),
    [
        ("2", amended("2", "1"), None),
        ("3", amended("3", "1", "2"), None),
        ("1", amended("1", "2"), None),
        ("2", amended("2", "0", "1"), amended("1", "0")),
        ("0", amended("0", "1"), amended("1", "0")),
    ],
)
def test_what_was_amended_is_no_finding(text: str, line: Sealed, line_then: Sealed | None) -> None:
    assert check_amended(text, line, line_then=line_then) == ()


@pytest.mark.parametrize(
    ("text", "line", "line_then", "place"),
    [
        # Sealed again by hand, without the former checksum, with another one, or without a reason.
        ("2", amended("2"), None, "db/migrations/002_b.sql:1"),
        ("2", amended("2", "x"), None, "db/migrations/002_b.sql:1"),
        ("2", amended("2", "1", reason=None), None, "db/migrations/002_b.sql:1"),
        # A former checksum was forgotten, with the text and without it.
        ("2", amended("2", "1"), amended("1", "0"), "db/migrations/002_b.sql:1"),
        ("1", amended("1"), amended("1", "0"), f"{LOCK}:5"),
        # Amended, and edited again.
        ("3", amended("2", "1"), None, "db/migrations/002_b.sql:1"),
    ],
)
def test_any_other_change_of_text_or_line_is_edited(
    text: str, line: Sealed, line_then: Sealed | None, place: str
) -> None:
    assert brief(check_amended(text, line, line_then=line_then)) == [f"edited {place}"]


def test_the_remedies_of_an_edited_file_name_amend() -> None:
    [edited] = check_amended("2", amended("1", reason=None))
    assert (edited.hint or "").endswith("mend it: dbmate-wrap amend 002_b.sql --because TEXT")
    [by_hand] = check_amended("2", amended("2", reason=None))
    assert (by_hand.hint or "").endswith(
        "git checkout 0123456789ab -- db/migrations.lock, then dbmate-wrap amend 002_b.sql --because TEXT"
    )


def test_a_merged_file_that_was_sealed_and_amended_on_the_branch_is_no_finding() -> None:
    files = [migration_file(A), migration_file(B, "2")]
    base = base_of([A, f"{B}=1"], [A])
    sealed = [*lines([A]), amended("2", "1")]
    assert check_base((), files, sealed, base, folder="db/migrations", lockfile=LOCK) == ()


def test_what_main_does_not_have_yet_is_amended() -> None:
    files, sealed = [migration_file(A), migration_file(B, "2")], lines([A, f"{B}=1"])
    reported = check_lockfile(files, sealed, folder="db/migrations", lockfile=LOCK)
    [found] = check_base(reported, files, sealed, base_of([A]), folder="db/migrations", lockfile=LOCK)
    hint = found.hint or ""
    assert hint.startswith("it is not in origin/main yet: dbmate-wrap amend 002_b.sql --because TEXT; or if")


def test_what_the_base_reports_too_hides_nothing_of_what_was_reported_after_it() -> None:
    edited = Finding("edited", "error", f"db/migrations/{A}", 1, 1, "sealed", "h")
    unsealed = Finding("unsealed", "error", f"db/migrations/{C}", 1, 1, "m", "h")
    # The first is told by the base, with its commit; the second only by the lockfile.
    found = check([f"{A}=edited", B, C], [A, B], reported=[edited, unsealed])
    assert unsealed in found
    assert edited not in found
    lost = Finding("unsealed", "error", f"db/migrations/{A}", 1, 1, "m", "h")
    found = check([A, B, C], [B], reported=[lost, unsealed])
    assert unsealed in found
    assert lost not in found


@pytest.mark.parametrize("rule", ["edited", "removed"])
def test_advice_about_what_is_not_merged_names_the_lockfile(rule: str) -> None:
    sealed = [A, B, C]
    line = len(sealed) + 2
    place = (f"db/migrations/{C}", 1) if rule == "edited" else (LOCK, line)
    reported = Finding(rule, "error", *place, 1, "m", "h")
    files = [A, B, f"{C}=edited"] if rule == "edited" else [A, B]
    [found] = check(files, sealed, reported=[reported])
    assert found.rule == rule
    assert LOCK in str(found.hint)


def test_only_a_version_that_is_there_twice_gets_the_advice_of_an_overtaken_file() -> None:
    twice = Finding("duplicate-version", "error", f"db/migrations/{B}", 1, 1, "m", "h")
    other = Finding("file-name", "error", f"db/migrations/{B}", 1, 1, "m", "h")
    changed, same, overtaken = check([A, "002_a.sql=x", B], reported=[twice, other])
    assert (changed.rule, changed.hint) == ("duplicate-version", overtaken.hint)
    assert same == other
    assert check([A, B], reported=[twice]) == (twice,)
