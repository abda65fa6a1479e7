"""The table of a fleet's targets: columns that nobody needs are left out, names are never cut."""

from dbmate_wrap.domain.fleet_result import ListedFleet, ListedTarget
from dbmate_wrap.render.fleet_list_text import fleet_list_text, markdown_columns
from dbmate_wrap.render.table import PLAIN


def listed(*targets: ListedTarget) -> ListedFleet:
    return ListedFleet("crm", "production", "0" * 64, len(targets), targets)


ALL = listed(
    ListedTarget("acme", "acme", "db1", None, ("region=eu", "wave=canary"), "1/2"),
    ListedTarget("bolt", "crm", "::1", 5433, (), "2/2"),
    ListedTarget("core", "core", None, 6432, (), "2/2"),
)


def test_every_target_is_a_line() -> None:
    assert fleet_list_text(ALL, PLAIN).split("\n") == [
        "target  database  server      labels                 shard",
        "acme    acme      db1         region=eu wave=canary  1/2",
        "bolt    crm       [::1]:5433                         2/2",
        "core    core      :6432                              2/2",
    ]


def test_a_column_that_no_target_has_is_left_out() -> None:
    plain = listed(ListedTarget("acme", "acme", None, None, (), None))
    assert fleet_list_text(plain, PLAIN) == "target  database\nacme    acme"


def test_what_steers_a_terminal_is_shown_and_not_done() -> None:
    hostile = listed(ListedTarget("a", "b\x1b[2J", None, None, (), None))
    assert "\x1b" not in fleet_list_text(hostile, PLAIN)


def test_the_cells_of_markdown_are_code_and_empty_ones_are_empty() -> None:
    header, rows = markdown_columns(ALL)
    assert header == ("target", "database", "server", "labels", "shard")
    assert rows[1] == ("`bolt`", "`crm`", "`[::1]:5433`", "", "`2/2`")
