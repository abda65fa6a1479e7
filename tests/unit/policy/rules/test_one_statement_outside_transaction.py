"""Rule one-statement-outside-transaction: the second statement is the hit."""

import pytest

from tests.support.transaction_hits import hits


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("create index concurrently i on app.t (a)", []),
        ("", []),
        ("-- only a comment", []),
        ("analyze app.t; analyze app.u; analyze app.v", ["analyze"]),
        ("/* x */ vacuum; /* y */ reindex schema app", ["reindex"]),
    ],
)
def test_outside_a_transaction_the_second_statement_is_a_hit(sql: str, expected: list[str]) -> None:
    found = hits(sql, transactional=False)
    assert found == [("one-statement-outside-transaction", word) for word in expected]
