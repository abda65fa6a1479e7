"""Sections and options are read exactly as dbmate 2.37.0 does."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.migrations.parse import ParseFault, has_statement, parse_migration
from tests.support.cases import Case, cases, migration_file, name_of, text, texts

FILE = migration_file("001_a.sql")
FRAGMENTS = (
    *(
        "-- migrate:up",
        "-- migrate:down",
        "--migrate:up",
        "--\tmigrate:down",
        " transaction:false",
        " x:y",
        " note",
    ),
    *(
        "\n",
        "\n",
        "\r\n",
        "\r",
        " ",
        "\t",
        "\f",
        "\v",
        "\xa0",
        "\u2028",
        "\ufeff",
        "--",
        "-- c",
        "X;",
        "migrate:up",
    ),
)


def sections_of(migration: ParsedMigration) -> list[str]:
    """As the table writes them."""
    return [
        " ".join(f"{block.line}{'t' if block.transaction else 'n'}" for block in (section.up, section.down))
        for section in migration.sections
    ]


@pytest.mark.parametrize("case", cases("directives"), ids=name_of)
def test_a_file_is_read_as_dbmate_reads_it(case: Case) -> None:
    found = parse_migration(FILE, text(case, "text"))
    if isinstance(found, ParseFault):
        assert f"{found.rule} {found.line}" == case.get("fault")
        assert found.message
        assert found.hint
        return
    assert "fault" not in case
    assert sections_of(found) == texts(case, "sections")
    blocks = [block for section in found.sections for block in (section.up, section.down)]
    assert [word for block in blocks for word in block.stray_options] == texts(case, "stray")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (
            "select 1;",
            ParseFault("missing-up", 1, "has no `-- migrate:up` line", "begin the file with `-- migrate:up`"),
        ),
        (
            "-- c\nx\n-- migrate:up\n-- migrate:down\n",
            ParseFault(
                *(
                    "statement-before-up",
                    2,
                    "has text before the first `-- migrate:up`, which dbmate refuses",
                ),
                "move it below `-- migrate:up`, or make it a comment",
            ),
        ),
        (
            "-- c\n-- migrate:up\nx\n",
            ParseFault(
                *("missing-down", 2, "has no `-- migrate:down` line after its `-- migrate:up`"),
                "add `-- migrate:down` with the statements that undo it, or a comment why nothing can",
            ),
        ),
        (
            "-- migrate:up\n-- migrate:down\n-- migrate:up\n-- migrate:down\nx\n-- migrate:down\n",
            ParseFault(
                *("missing-up", 6, "has a second `-- migrate:down` without a `-- migrate:up` before it"),
                "keep one `-- migrate:down` for each `-- migrate:up`",
            ),
        ),
    ],
)
def test_every_word_of_a_fault(content: str, fault: ParseFault) -> None:
    assert parse_migration(FILE, content) == fault


def test_a_block_is_the_text_from_its_directive_to_the_next() -> None:
    found = parse_migration(
        FILE, "-- c\n-- migrate:up\nX;\n\n-- migrate:down\nY;\n-- migrate:up a:b\nX2;\n-- migrate:down"
    )
    assert isinstance(found, ParsedMigration)
    assert [(section.up.sql, section.down.sql) for section in found.sections] == [
        ("-- migrate:up\nX;\n\n", "-- migrate:down\nY;\n"),
        ("-- migrate:up a:b\nX2;\n", "-- migrate:down"),
    ]
    assert found.sections[1].up.options == (("a", "b"),)


def test_each_block_knows_its_line_also_of_the_third_section() -> None:
    section = "-- migrate:up\nX;\n\n-- migrate:down\n"
    found = parse_migration(FILE, f"-- c\n\n{section}{section}{section}")
    assert isinstance(found, ParsedMigration)
    assert [(each.up.line, each.down.line) for each in found.sections] == [(3, 6), (7, 10), (11, 14)]


def test_only_one_section_in_a_transaction_is_transactional() -> None:
    for content, transactional in (
        ("-- migrate:up\n-- migrate:down\n", True),
        ("-- migrate:up\n-- migrate:down transaction:false\n", True),
        ("-- migrate:up transaction:false\n-- migrate:down\n", False),
        ("-- migrate:up\n-- migrate:down\n-- migrate:up\n-- migrate:down\n", False),
    ):
        found = parse_migration(FILE, content)
        assert isinstance(found, ParsedMigration)
        assert found.transactional is transactional


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join))
def test_whatever_the_file_no_text_is_lost_and_every_line_number_leads_to_its_directive(content: str) -> None:
    found = parse_migration(FILE, content)
    lines = content.split("\n")
    if isinstance(found, ParseFault):
        assert 1 <= found.line <= len(lines)
        return
    blocks = [block for section in found.sections for block in (section.up, section.down)]
    joined = "".join(block.sql for block in blocks)
    assert content.endswith(joined)
    before = content.removesuffix(joined)
    assert all(re.fullmatch(r"[\t\f\r ]*(--.*)?", line, re.DOTALL) for line in before.split("\n"))
    for block in blocks:
        assert lines[block.line - 1].startswith("--")
        assert block.sql.startswith(lines[block.line - 1])


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join))
def test_a_file_is_refused_exactly_when_the_definition_of_dbmate_refuses_it(content: str) -> None:
    """The definition (dbmate's pkg/dbmate/migration.go), written down a second time, as plainly as can be."""
    space, other = "[\t\n\f\r ]", "[^\t\n\f\r ]"
    ups, downs = (
        [
            found.start()
            for found in re.finditer(rf"(?m)^--{space}*migrate:{word}({space}*$|{space}+{other}+)", content)
        ]
        for word in ("up", "down")
    )
    expected: str | None = None
    if not ups:
        expected = "missing-up"
    elif any(not re.match(rf"{space}*(--|$)", line) for line in content[: ups[0]].split("\n")):
        expected = "statement-before-up"
    else:
        ends = [*ups[1:], len(content)]
        counts = [sum(up < down < end for down in downs) for up, end in zip(ups, ends, strict=True)]
        if max(counts) > 1:
            expected = "missing-up"
        elif min(counts) == 0:
            expected = "missing-down"
    found = parse_migration(FILE, content)
    assert (found.rule if isinstance(found, ParseFault) else None) == expected


@pytest.mark.parametrize("case", cases("statements"), ids=name_of)
def test_a_statement_is_what_is_neither_blank_nor_comment(case: Case) -> None:
    assert has_statement(text(case, "sql")) is case["statement"]


@given(
    st.lists(st.sampled_from(("--", "\n", "\r", " ", ";", "'", "$$", "/", "- ")), max_size=12).map("".join)
)
def test_a_statement_is_seen_behind_any_comment_that_is_closed(comment: str) -> None:
    assert has_statement(f"/* {comment} */ -- {comment}\n select 1")
    assert not has_statement(f"/* {comment} */ ;; ")


def test_a_megabyte_of_comments_is_looked_through_at_once() -> None:
    assert not has_statement("-- a comment\n/* /* another */ */\n" * 30_000)
    assert not has_statement("/*" * 500_000)
