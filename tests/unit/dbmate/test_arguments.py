"""What dbmate would do with the arguments that are handed on to it."""

import pytest

from dbmate_wrap.dbmate.arguments import parse_arguments


@pytest.mark.parametrize(
    ("words", "verb", "only_reads"),
    [
        ("status", "status", True),
        ("status --exit-code", "status", True),
        ("--wait status", "status", True),
        ("--wait-timeout 3s status", "status", True),
        ("wait", "wait", True),
        ("new add_orders", "new", True),
        ("n add_orders", "new", True),
        ("help drop", "help", True),
        ("--help", None, True),
        ("-v", None, True),
        ("up", "up", False),
        ("up -v", "up", False),
        ("--help up", "up", False),
        # An option before the verb takes the next word as its value.
        ("--migrations-dir status drop", "drop", False),
        ("-d status drop", "drop", False),
        ("-d=status drop", "drop", False),
        ("--schema-file=status load", "load", False),
        ("--no-dump-schema migrate", "migrate", False),
        ("down", "rollback", False),
        ("rollback", "rollback", False),
        ("dump -- --data-only", "dump", False),
        ("-- drop", "drop", False),
        ("create", "create", False),
        ("nonsense", "nonsense", False),
        ("--nonsense", None, False),
        ("--wait", None, False),
    ],
)
def test_the_verb_is_found_behind_the_options(words: str, verb: str | None, only_reads: bool) -> None:
    command = parse_arguments(words.split())
    assert (command.verb, command.only_reads) == (verb, only_reads)


@pytest.mark.parametrize(
    ("words", "option"),
    [
        ("--url postgres://x/y drop", "url"),
        ("-url postgres://x/y drop", "url"),
        ("-u=postgres://x/y drop", "u"),
        ("drop --url postgres://x/y", "url"),
        ("-e OTHER status", "e"),
        ("--env-file=.env status", "env-file"),
        ("-migrations-table x status", "migrations-table"),
        ("--driver mysql status", "driver"),
        # What follows is pg_dump's.
        ("dump -- --env x", None),
        ("--migrations-dir url status", None),
    ],
)
def test_an_option_that_names_another_target_is_found(words: str, option: str | None) -> None:
    assert parse_arguments(words.split()).other_target == option
