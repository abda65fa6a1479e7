"""Commands are found in hints as people read them."""

import pytest

from tests.support.remedies import commands_of, hints_of, statements_of


@pytest.mark.parametrize(
    ("hint", "commands"),
    [
        (
            "see `dbmate-wrap status`, then run `dbmate-wrap up` again",
            ["dbmate-wrap status", "dbmate-wrap up"],
        ),
        ("check it: dbmate-wrap doctor -e qa; then add --yes", ["dbmate-wrap doctor -e qa"]),
        ("rows: dbmate-wrap psql -- -c 'select a; b, c'; mend", ["dbmate-wrap psql -- -c 'select a; b, c'"]),
        ("restore it (git checkout -- db/x.sql) and go on", ["git checkout -- db/x.sql"]),
        ("set lock_timeout in dbmate-wrap.toml", []),
    ],
)
def test_commands_end_where_the_sentence_goes_on(hint: str, commands: list[str]) -> None:
    assert commands_of(hint) == commands


@pytest.mark.parametrize(
    ("hint", "statements"),
    [
        (
            "have it run: grant a to b; or alter role x reset y; and go on",
            ["grant a to b", "alter role x reset y"],
        ),
        ("put them back: insert into t values ('a; b'); if not", ["insert into t values ('a; b')"]),
        ("to clean up:\ndrop index concurrently public.x;", ["drop index concurrently public.x"]),
        ("it may not (let its owner run: grant a to b; grant c to d)", ["grant a to b", "grant c to d"]),
        ("blocked by pid 1: begin", []),
    ],
)
def test_statements_end_with_a_semicolon(hint: str, statements: list[str]) -> None:
    assert statements_of(hint) == statements


def test_a_hint_has_its_further_lines() -> None:
    text = "error: x\n  hint: left:\n    drop table a;\n  exit: 31 (partial)\nwarning: y\n    hint: z\n"
    assert hints_of(text) == ["left:\ndrop table a;", "z"]
