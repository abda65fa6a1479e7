"""Which tables a diagram has, and what Mermaid reads whatever their names are."""

import re

import pytest

from dbmate_wrap.domain.entities import (
    Entity,
    EntityColumn,
    EntitySchema,
    ForeignKey,
    TableSelection,
    select_entities,
)
from dbmate_wrap.domain.mermaid import write_diagram


def table(name: str, *columns: str, schema: str = "crm", unique: tuple[str, ...] = ()) -> Entity:
    """A table; each column is its name, ending in `!` where it may not be null. The first is the key."""
    made = tuple(EntityColumn(each.rstrip("!"), "bigint", each.endswith("!")) for each in ("id!", *columns))
    return Entity(schema, name, made, ("id",), (("id",), *((each,) for each in unique)))


def key(table: str, column: str, to: str, schema: str = "crm", to_schema: str = "crm") -> ForeignKey:
    return ForeignKey(f"{table}_fkey", schema, table, (column,), to_schema, to, ("id",), True)


CRM = EntitySchema(
    (table("a"), table("b", "a_id!"), table("c", "b_id"), table("d", "c_id"), table("log", schema="ops")),
    (key("b", "a_id", "a"), key("c", "b_id", "b"), key("d", "c_id", "c")),
)


@pytest.mark.parametrize(
    ("wanted", "tables", "keys"),
    [
        (TableSelection(), "a b c d log", 3),
        (TableSelection(tables=("b",)), "b", 0),
        (TableSelection(tables=("b",), hops=1), "a b c", 2),
        (TableSelection(tables=("b",), hops=2), "a b c d", 3),
        (TableSelection(tables=("b",), hops=99), "a b c d", 3),
        (TableSelection(tables=("[ab]", "lo*")), "a b log", 1),
        (TableSelection(tables=("crm.?",)), "a b c d", 3),
        (TableSelection(schemas=("ops",)), "log", 0),
        (TableSelection(schemas=("o*", "crm")), "a b c d log", 3),
        (TableSelection(schemas=("ops",), tables=("a",)), "", 0),
        (TableSelection(tables=("B",)), "", 0),
    ],
)
def test_the_tables_that_are_named_and_those_around_them(
    wanted: TableSelection, tables: str, keys: int
) -> None:
    found = select_entities(CRM, wanted)
    assert " ".join(each.name for each in found.entities) == tables
    assert len(found.foreign_keys) == keys


@pytest.mark.parametrize(
    ("child", "line"),
    [
        (table("b", "a_id!"), "||..o{"),
        (table("b", "a_id"), "|o..o{"),
        (table("b", "a_id!", unique=("a_id",)), "||..o|"),
        (table("b", "a_id", unique=("a_id",)), "|o..o|"),
        (Entity("crm", "b", (EntityColumn("a_id", "bigint", True),), ("a_id",), (("a_id",),)), "||--o|"),
        (
            Entity(
                "crm",
                "b",
                tuple(EntityColumn(name, "bigint", True) for name in ("a_id", "no")),
                ("a_id", "no"),
                (("a_id", "no"),),
            ),
            "||--o{",
        ),
    ],
    ids=["must", "may", "must, one", "may, one", "the key itself", "a part of the key"],
)
def test_how_many_rows_there_may_be_follows_from_the_constraints(child: Entity, line: str) -> None:
    schema = EntitySchema((table("a"), child), (key("b", "a_id", "a"),))
    last = write_diagram(schema, schema.foreign_keys).splitlines()[-1]
    assert last == f'    "crm.a" {line} "crm.b" : "a_id"'


def test_columns_come_with_types_and_keys() -> None:
    types = {
        "id": "bigint",
        "a_id": "integer",
        "code": "character varying(20)",
        "at": "timestamp(3) with time zone",
        "price": "numeric(12,2)",
        "state": "crm.deal_state",
        "tags": "text[]",
        "size": "double precision",
    }
    entity = Entity(
        "crm",
        "deals",
        tuple(EntityColumn(name, type_, True) for name, type_ in types.items()),
        ("id", "a_id"),
        (("code",), ("id", "a_id"), ("price", "size")),
    )
    assert write_diagram(EntitySchema((entity,), ()), [key("deals", "a_id", "elsewhere")]) == (
        "erDiagram\n"
        '    "crm.deals" {\n'
        "        bigint id PK\n"
        "        integer a_id PK, FK\n"
        "        varchar(20) code UK\n"
        "        timestamptz(3) at\n"
        '        numeric price "numeric(12,2)"\n'
        "        deal_state state\n"
        "        text[] tags\n"
        "        float8 size\n"
        "    }\n"
    )


@pytest.mark.parametrize(
    ("name", "shown", "word"),
    [
        ("orders", "orders", "orders"),
        ("contact_id", "contact_id", "contact_id"),
        ("pk", "pk", "_pk"),
        ("FK", "FK", "_FK"),
        ("2nd", "2nd", "_2nd"),
        ("a b", "a#32;b", "a_b"),
        ('say "no"', "say#32;#34;no#34;", "say__no_"),
        ("x direction TB", "x#32;direction#32;TB", "x_direction_TB"),
        ("two\nlines", "two#10;lines", "two_lines"),
        ("%%{init}%%", "#37;#37;#123;init#125;#37;#37;", "___init___"),
        ("__b__", "#95;#95;b#95;#95;", "__b__"),
        ("größe", "größe", "gr__e"),
        ("日本", "日本", "__"),
        ("a.b", "a#46;b", "a_b"),
        ("style:#1;", "style#58;#35;1#59;", "style__1_"),
        ("<b>", "#60;b#62;", "_b_"),
    ],
)
def test_no_name_is_anything_but_a_name(name: str, shown: str, word: str) -> None:
    entity = Entity(name, name, (EntityColumn(name, "text", True),), (), ())
    reference = ForeignKey("f", name, name, (name,), name, name, (name,), True)
    schema = EntitySchema((entity,), (reference,))
    lines = write_diagram(schema, ()).splitlines()
    assert lines[1] == f'    "{shown}.{shown}" {{'
    assert re.fullmatch(rf'        text {word}(?: "[^"]*")?', lines[2]), lines[2]
    assert ('"' in lines[2]) == (word != name or name == "__b__")
    assert lines[-1] == f'    "{shown}.{shown}" ||..o{{ "{shown}.{shown}" : "{shown}"'


def test_two_places_are_never_one_name() -> None:
    places = [("public", "a.b"), ("a", "b"), ("public", "a"), ("a", "a"), ("a#46;b", "c"), ("a.b", "c")]
    entities = tuple(Entity(*place, (), (), ()) for place in places)
    names = re.findall(r'"([^"]*)" {', write_diagram(EntitySchema(entities, ()), ()))
    assert len(set(names)) == len(places)
    assert names[2] == "a"
