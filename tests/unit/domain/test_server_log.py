"""Warnings are read out of a server's log, whatever stands in their texts."""

from dbmate_wrap.domain.server_log import LoggedWarning, read_warnings

PREFIX = "2026-11-28 09:05:37.475 UTC [30367]"
QUERY = f"{PREFIX} 01000 STATEMENT:  -- migrate:up\n\tselect 1;\n\t\n"
TEXT = "-- migrate:up\nselect 1;\n"


def test_a_warning_comes_with_its_code_place_context_and_query() -> None:
    log = (
        f"{PREFIX} 00000 LOG:  database system is ready to accept connections\n"
        f'{PREFIX} 01007 WARNING:  no privileges were granted for "t"\n{QUERY}'
        f"{PREFIX} 01000 WARNING:  odd at character 15\n"
        f"{PREFIX} 01000 DETAIL:  more\n"
        f"{PREFIX} 01000 CONTEXT:  PL/pgSQL function inline_code_block line 2 at RAISE\n{QUERY}"
    )
    assert [*read_warnings(log)] == [
        LoggedWarning("01007", 'no privileges were granted for "t"', None, "", TEXT),
        LoggedWarning("01000", "odd", 15, "PL/pgSQL function inline_code_block line 2 at RAISE", TEXT),
    ]


def test_what_is_no_warning_to_a_query_is_left_out() -> None:
    log = (
        f"{PREFIX} 01000 WARNING:  of a background process\n"
        f"{PREFIX} 42P01 ERROR:  no such table\n{QUERY}"
        f"{PREFIX} 00000 NOTICE:  said\n{QUERY}"
    )
    assert [*read_warnings(log)] == []


def test_a_message_cannot_forge_another_one() -> None:
    forged = f"{PREFIX} 01000 WARNING:  forged"
    log = f"{PREFIX} 01000 WARNING:  first\n\t{forged}\n\t{PREFIX} 01000 STATEMENT:  x\n{QUERY}"
    [warning] = read_warnings(log)
    assert warning.message == f"first\n{forged}\n{PREFIX} 01000 STATEMENT:  x"
    assert warning.query == TEXT


def test_a_log_that_is_cut_off_ends_with_what_is_whole() -> None:
    whole = f"{PREFIX} 01000 WARNING:  whole\n{QUERY}"
    assert [each.message for each in read_warnings(f"{whole}{PREFIX} 01000 WARN")] == ["whole"]
