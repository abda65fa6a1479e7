"""What squawk is given to read, how its report is read, and where its places are in our files."""

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration
from dbmate_wrap.migrations.parse import parse_migration
from dbmate_wrap.migrations.phase import PHASE_COMMENT
from dbmate_wrap.policy.squawk import IGNORED_RULES, find_squawk, hazards
from dbmate_wrap.policy.squawk.hazards import SquawkPositions, copy_for_squawk
from dbmate_wrap.policy.squawk.program import SquawkOutput, Violation, read_report

TWO_RULES = ("ban-drop-table", "prefer-text-field")


def parsed(text: str, name: str = "001_a.sql") -> ParsedMigration:
    migration = parse_migration(MigrationFile(name, name[:3], "", text.encode()), text)
    assert isinstance(migration, ParsedMigration), migration
    return migration


def replace_squawk(
    monkeypatch: pytest.MonkeyPatch, find: Callable[[Path, Mapping[str, bytes]], SquawkOutput]
) -> None:
    """Let `hazards` get what `find` says instead of a run of squawk."""
    # The package has a function of the module's name.
    monkeypatch.setattr(sys.modules[copy_for_squawk.__module__], "find_violations", find)


def violation(line: int, column: int) -> Violation:
    return Violation("000000.sql", line, column, "ban-drop-table", "Dropping.", None)


def test_each_violation_is_told_of_its_own_file_and_one_that_cannot_be_read_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = ("drop table public.a;", "drop table public.b;", "select 1;")
    migrations = [
        parsed(f"-- migrate:up\n{text}\n-- migrate:down\n", f"00{number}_x.sql")
        for number, text in enumerate(texts, 1)
    ]
    given: list[tuple[Path, Mapping[str, bytes]]] = []

    def find(program: Path, copies: Mapping[str, bytes]) -> SquawkOutput:
        given.append((program, copies))
        found = (
            Violation("000001.sql", 2, 0, "syntax-error", "What is that.", None),
            Violation("000001.sql", 1, 0, "ban-drop-table", "Dropping b.", None),
            Violation(
                "000000.sql", 1, 2, "require-concurrent-index-deletion", "Waits.", "Do it concurrently."
            ),
            Violation("000000.sql", 1, 0, "ban-drop-table", "Dropping a.", "Do not."),
        )
        return SquawkOutput(found, {"000002.sql": "it crashes"})

    replace_squawk(monkeypatch, find)
    found = hazards(Path("squawk"), migrations, "m")
    assert given == [
        (Path("squawk"), {f"00000{at}.sql": copy_for_squawk(each) for at, each in enumerate(migrations)})
    ]
    see = "see https://squawkhq.com/docs/"
    unread = "squawk cannot read this file, so no hazards were looked for in it: "
    by_eye = "look for locks and rewrites in it by eye"
    alone = "Do it concurrently, alone in a migration with `-- migrate:up transaction:false`"
    concurrent = "require-concurrent-index-deletion"
    assert [
        (each.rule, each.severity, each.file, each.line, each.column, each.message, each.hint)
        for each in found
    ] == [
        (
            "squawk/ban-drop-table",
            "warning",
            "m/001_x.sql",
            2,
            1,
            "Dropping a",
            f"Do not; {see}ban-drop-table",
        ),
        (f"squawk/{concurrent}", "warning", "m/001_x.sql", 2, 3, "Waits", f"{alone}; {see}{concurrent}"),
        ("squawk/not-judged", "notice", "m/002_x.sql", 3, 1, f"{unread}What is that.", by_eye),
        ("squawk/ban-drop-table", "warning", "m/002_x.sql", 2, 1, "Dropping b", f"{see}ban-drop-table"),
        ("squawk/not-judged", "notice", "m/003_x.sql", 1, 1, f"{unread}it crashes", by_eye),
    ]


COPIES = {
    "a transaction": (
        "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n",
        "   begin;    \nSELECT 1;\n   ;commit;    \n         \n",
    ),
    "none": (
        "-- migrate:up transaction:false\nSELECT 1\n-- migrate:down transaction:false\nSELECT 2;",
        "                               \nSELECT 1\n   ;                             \n         ",
    ),
    "two sections": (
        "-- migrate:up\nA\n-- migrate:down\nB\n-- migrate:up transaction:false\nC\n-- migrate:down\n",
        "   begin;    \nA\n   ;commit;    \n \n                               \nC\n   ;           \n",
    ),
    "comments before": (
        "-- squawk-ignore-file\n\n--migrate:up\n-- squawk-ignore x\nA\n--migrate:down",
        "-- squawk-ignore-file\n\n  begin;    \n-- squawk-ignore x\nA\n  ;commit;    ",
    ),
    "a directive in two lines": (
        "--\nmigrate:up\nA\n-- \r\n migrate:down x",
        "  \nbegin;    \nA\n   \r\n ;commit;      ",
    ),
    "a directive that ends with CR": (
        "-- migrate:up\rA\r\n-- migrate:down\rB",
        "   begin;    \rA\r\n   ;commit;    \r ",
    ),
    "an option that is none": (
        "-- migrate:up transaction: false\nA\n-- migrate:down\n",
        "   begin;                       \nA\n   ;commit;    \n",
    ),
}


@pytest.mark.parametrize(("text", "expected"), COPIES.values(), ids=COPIES)
def test_squawk_reads_migrate_up_with_its_transaction(text: str, expected: str) -> None:
    assert copy_for_squawk(parsed(text)).decode() == expected


def test_what_is_blanked_keeps_its_length_in_bytes() -> None:
    text = "-- migrate:up ä\nDROP TABLE ö;\n-- migrate:down\nSELECT 'ü😀';\n"
    copy = copy_for_squawk(parsed(text))
    assert len(copy) == len(text.encode())
    assert copy.index("DROP TABLE ö;".encode()) == text.encode().index("DROP TABLE ö;".encode())


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["-- migrate:up", "--migrate:up transaction:false", "--\tmigrate:up x ä"]),
            st.text("aä;\n\r\t '/*-$"),
            st.text("aä;\n\r\t '/*-$"),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_nothing_moves_whatever_stands_in_the_file(sections: list[tuple[str, str, str]]) -> None:
    text = "".join(f"{up}\n{body}\n-- migrate:down\n{down}\n" for up, body, down in sections)
    original, copy = text.encode(), copy_for_squawk(parsed(text))
    assert len(copy) == len(original)
    ends = [match.span() for match in re.finditer(rb"[\r\n]", original)]
    assert [match.span() for match in re.finditer(rb"[\r\n]", copy)] == ends
    for section in parsed(text).sections:
        assert section.up.sql.split("\n", 1)[1].encode() in copy


PLACES = {
    "the beginning": (b"abc", 0, 0, (1, 1)),
    "LF": (b"a\nbc", 1, 1, (2, 2)),
    "CRLF": (b"a\r\nbc", 1, 1, (2, 2)),
    "a lone CR is a line for squawk only": (b"a\rbc\nd", 1, 1, (1, 4)),
    "after a lone CR": (b"a\rbc\nd", 2, 0, (2, 1)),
    "columns of squawk are bytes": ("äö x".encode(), 0, 5, (1, 4)),
    "an emoji is four bytes and one character": ("\n😀x".encode(), 1, 4, (2, 2)),
    "behind the end": (b"a\nb", 7, 99, (2, 2)),
}


@pytest.mark.parametrize(("content", "line", "column", "expected"), PLACES.values(), ids=PLACES)
def test_places_count_from_one_in_lines_and_characters(
    content: bytes, line: int, column: int, expected: tuple[int, int]
) -> None:
    assert SquawkPositions(content.decode()).of(violation(line, column)) == expected


def test_a_report_is_read() -> None:
    entry = {"file": "a.sql", "line": 1, "column": 2, "level": "Warning", "message": "m", "help": None}
    (read,) = read_report(json.dumps([entry | {"rule_name": "r", "line_end": 1, "column_end": 9}]))
    assert read == Violation("a.sql", 1, 2, "r", "m", None)
    assert read_report("[]") == ()


@pytest.mark.parametrize("text", ["", "{}", "null", "[1]", '[{"file": "a"}]', "Error: no", '[{"line": 1'])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own message
        read_report(text)


def test_squawk_is_looked_for_beside_our_python_first(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    for folder in (own, other):
        folder.mkdir()
        (folder / "squawk").write_text("")
        (folder / "squawk").chmod(0o755)
    assert find_squawk(own, str(other)) == own / "squawk"
    (own / "squawk").unlink()
    assert find_squawk(own, str(other)) == other / "squawk"
    (other / "squawk").unlink()
    assert find_squawk(own, str(other)) is None


def test_without_migrations_squawk_is_not_run(tmp_path: Path) -> None:
    nobody = tmp_path / "squawk"
    assert hazards(nobody, [], "db") == ()


def test_every_rule_that_is_left_out_has_a_reason() -> None:
    assert all(IGNORED_RULES.values())


def test_what_breaks_old_code_is_no_hazard_where_none_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "-- migrate:up\ndrop table public.a;\n-- migrate:down\n"
    migrations = [parsed(text), parsed(f"{PHASE_COMMENT}\n{text}", "002_b.sql")]

    def find(program: Path, copies: Mapping[str, bytes]) -> SquawkOutput:
        return SquawkOutput(
            tuple(Violation(name, 2, 0, rule, "It.", None) for name in copies for rule in TWO_RULES), {}
        )

    replace_squawk(monkeypatch, find)
    found = [(each.file, each.rule) for each in hazards(Path("squawk"), migrations, "m")]
    assert found == [
        ("m/001_a.sql", "squawk/ban-drop-table"),
        ("m/001_a.sql", "squawk/prefer-text-field"),
        ("m/002_b.sql", "squawk/prefer-text-field"),
    ]
