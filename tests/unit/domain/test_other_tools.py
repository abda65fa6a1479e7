"""Other migration tools are known by their tables."""

import pytest

from dbmate_wrap.domain.other_tools import TOOL_OF_TABLE, tool_notices


@pytest.mark.parametrize(("name", "tool"), TOOL_OF_TABLE.items())
def test_each_tool_is_named_with_its_table(name: str, tool: str) -> None:
    assert name == name.lower()
    for written in (name, name.upper(), name.title()):
        [notice] = tool_notices([("app", written)])
        assert notice.startswith(f"{tool} migrates this database too (app.{written})")


def test_other_tables_are_of_no_tool() -> None:
    assert tool_notices([("public", "schema_migrations"), ("public", "users")]) == ()
    assert len(tool_notices([("a", "alembic_version"), ("b", "alembic_version"), ("b", "x")])) == 2
