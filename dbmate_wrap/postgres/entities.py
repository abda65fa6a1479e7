"""Reads the tables of a schema with their keys, by one query of the catalogs."""

import json
from typing import Any

from dbmate_wrap.domain.entities import Entity, EntityColumn, EntitySchema, ForeignKey
from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.session import Session


def read_entities(session: Session, history: tuple[str, str]) -> EntitySchema:
    """Read all tables but dbmate's own, `history` (schema and name); in the order of their names."""
    where = {"schema": history[0], "table": history[1]}
    [(text,)] = session.rows(queries.load_query("entities"), where)
    found = json.loads(str(text))
    entities = [_entity(each) for each in found["entities"]]
    keys = [_foreign_key(each) for each in found["foreign_keys"]]
    # Not as the server collates: a diagram in a repository must not change with the machine.
    entities.sort(key=lambda each: each.place)
    keys.sort(key=lambda each: (each.ends, each.columns, each.name))
    return EntitySchema(tuple(entities), tuple(keys))


def _entity(found: dict[str, Any]) -> Entity:
    return Entity(
        schema=found["schema"],
        name=found["name"],
        columns=tuple(EntityColumn(**each) for each in found["columns"]),
        primary_key=tuple(found["primary_key"] or ()),
        unique=tuple(sorted(map(tuple, found["unique"]))),
    )


def _foreign_key(found: dict[str, Any]) -> ForeignKey:
    lists = {name: tuple(found.pop(name)) for name in ("columns", "referenced_columns")}
    return ForeignKey(columns=lists["columns"], referenced_columns=lists["referenced_columns"], **found)
