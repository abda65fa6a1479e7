"""Rule psql-command: meta-commands, variables and data lines of psql."""

import pytest

from dbmate_wrap.policy.rules.psql_command import find
from dbmate_wrap.sql.parse import Reading, Unreadable, read_sql


@pytest.mark.parametrize(
    ("sql", "places"),
    [
        ("\\d foo's\nselect 1;", ["\\d"]),
        ("\\restrict abc\nset x.y = 1;\n  \\unrestrict abc\n", ["\\restrict", "\\unrestrict"]),
        ("select 1 \\gexec\nselect 2;", ["\\gexec"]),
        ("select :x, :'y', a[1:2] from b", [":x,", ":'y',"]),
        ("copy t from stdin;\n1\t2\n\\.\ndrop table a;", ["1"]),
        ("select '\n\\d foo'; select a::text", []),
        ("create tabel a ()", []),
    ],
)
def test_each_line_that_only_psql_understands_is_a_hit(sql: str, places: list[str]) -> None:
    hits = list(find(read_sql(sql)))
    assert [sql[hit.offset :].split()[0] for hit in hits] == places
    assert {hit.rule for hit in hits} <= {"psql-command"}


def test_other_unreadable_text_is_none() -> None:
    places = (
        Unreadable(0, 1, "syntax", "a"),
        Unreadable(1, 2, "psql", "b"),
        Unreadable(2, 3, "too-deep", "c"),
    )
    (hit,) = find(Reading((), places))
    assert (hit.rule, hit.offset, hit.message) == ("psql-command", 1, "b")
    assert hit.hint
