"""No query calls what somebody else has put on the search path."""

import re
from pathlib import Path

import pytest

from dbmate_wrap.postgres import queries

FILES = sorted((Path(queries.__file__).parent / "sql").glob("*.sql"))
# Words of the grammar that stand before a parenthesis like a function's name.
GRAMMAR = frozenset(
    {
        *("all", "any", "array", "bit", "check", "coalesce", "exists", "extract", "filter", "greatest"),
        *("least", "lateral", "nullif", "row", "unique", "values"),
    }
)


def bare_calls(text: str) -> set[str]:
    """The functions that the query calls without their schema: `f(`; `name (column)` gives a name."""
    code = re.sub(r"--[^\n]*|'(?:[^']|'')*'", " ", text)
    return set(re.findall(r"(?<![\w.%$\"])([a-z_]\w*)\(", code)) - GRAMMAR


def test_a_call_without_a_schema_is_seen() -> None:
    assert bare_calls("select count(*), pg_catalog.max(i) from pg_catalog.f(1) as x (i)") == {"count"}
    assert bare_calls("with a (i) as (select 'count(*)') select 1 -- now()\n where i in (1)") == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_function_is_called_with_its_schema(path: Path) -> None:
    assert bare_calls(path.read_text(encoding="utf-8")) == set()
