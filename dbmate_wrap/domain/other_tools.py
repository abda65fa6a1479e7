"""The tables by which other migration tools are known, and what it means to find one."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

# Rails and golang-migrate call theirs schema_migrations, as dbmate does: those are told by their shape.
TOOL_OF_TABLE: Mapping[str, str] = MappingProxyType(
    {
        "alembic_version": "Alembic",
        "flyway_schema_history": "Flyway",
        "databasechangelog": "Liquibase",
        "django_migrations": "Django",
        "knex_migrations": "Knex",
        "_prisma_migrations": "Prisma",
        "typeorm_migrations": "TypeORM",
        "sequelizemeta": "Sequelize",
        "pgmigrations": "node-pg-migrate",
        "goose_db_version": "goose",
        "ar_internal_metadata": "Rails",
        "__efmigrationshistory": "Entity Framework",
    }
)


def tool_notices(tables: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return a notice for each of the tables, (schema, name), that another tool keeps its history in."""
    return tuple(
        f"{TOOL_OF_TABLE[name.lower()]} migrates this database too ({schema}.{name}): from now on one of both"
        " may change its schema; once the other is gone, its table is of no use"
        for schema, name in tables
        if name.lower() in TOOL_OF_TABLE
    )
