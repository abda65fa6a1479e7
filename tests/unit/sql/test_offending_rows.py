"""The query that finds the rows for which a constraint cannot be added."""

import pytest

from dbmate_wrap.sql.offending_rows import find_query

CHECK, NULL, UNIQUE, KEY = "23514", "23502", "23505", "23503"


@pytest.mark.parametrize(
    ("text", "sqlstate", "message", "query"),
    [
        (
            'alter table app.orders add constraint c check (total > 0 and "A" is not null)',
            *(CHECK, 'check constraint "c" of relation "orders" is violated by some row'),
            'SELECT * FROM app.orders WHERE NOT (total > 0 AND "A" IS NOT NULL) LIMIT 20',
        ),
        (
            "alter table app.orders alter column x set not null",
            *(NULL, 'column "x" of relation "orders" contains null values'),
            "SELECT * FROM app.orders WHERE x IS NULL LIMIT 20",
        ),
        (
            "create unique index i on app.orders (lower(email), tenant) where not deleted",
            *(UNIQUE, 'could not create unique index "i"'),
            "SELECT lower(email), tenant, count(*) FROM app.orders WHERE NOT deleted"
            " AND lower(email) IS NOT NULL AND tenant IS NOT NULL"
            " GROUP BY lower(email), tenant HAVING count(*) > 1 LIMIT 20",
        ),
        # Named by the server.
        (
            "alter table only orders add primary key (a, b)",
            *(UNIQUE, 'could not create unique index "orders_pkey"'),
            "SELECT a, b, count(*) FROM orders WHERE a IS NOT NULL AND b IS NOT NULL"
            " GROUP BY a, b HAVING count(*) > 1 LIMIT 20",
        ),
        (
            "create unique index i on orders (a) nulls not distinct",
            *(UNIQUE, 'could not create unique index "i"'),
            "SELECT a, count(*) FROM orders GROUP BY a HAVING count(*) > 1 LIMIT 20",
        ),
        (
            "alter table orders add primary key (a, b)",
            *(NULL, 'column "a" of relation "orders" contains null values'),
            "SELECT * FROM orders WHERE a IS NULL OR b IS NULL LIMIT 20",
        ),
        (
            "alter table o add constraint fk foreign key (a) references app.t (x)",
            *(KEY, 'insert or update on table "o" violates foreign key constraint "fk"'),
            "SELECT * FROM o referencing WHERE referencing.a IS NOT NULL AND NOT"
            " EXISTS (SELECT FROM app.t referenced WHERE referenced.x = referencing.a) LIMIT 20",
        ),
        # The one that the message names, in whatever language.
        (
            "alter table o add constraint first check (a > 0), add constraint second check (b > 0)",
            *(CHECK, 'la contrainte de vérification "second" de la relation "o" est violée'),
            "SELECT * FROM o WHERE NOT b > 0 LIMIT 20",
        ),
        (
            "alter table o add check (a > 0); alter table p add check (b > 0)",
            *(CHECK, 'check constraint "p_b_check" of relation "p" is violated by some row'),
            "SELECT * FROM p WHERE NOT b > 0 LIMIT 20",
        ),
    ],
)
def test_the_query_is_about_what_the_statement_adds(
    text: str, sqlstate: str, message: str, query: str
) -> None:
    assert find_query(text, sqlstate, message) == query


@pytest.mark.parametrize(
    ("text", "sqlstate"),
    [
        # Nobody knows which of them.
        ("alter table o add check (a > 0), add check (b > 0)", CHECK),
        # Which columns is known to the server alone.
        ("alter table o add foreign key (a) references t", KEY),
        # It looks at no row.
        ("alter table o add check (a > 0) not valid", CHECK),
        ("alter table o add foreign key (a) references t (x) not valid", KEY),
        # Rows that the migration itself writes.
        ("insert into o values (1)", UNIQUE),
        ("create index i on o (a)", UNIQUE),
        ("alter table o add column a int not null", NULL),
        ("alter table o alter column x set not null", "42703"),
        ("this is no SQL", CHECK),
    ],
)
def test_where_it_cannot_be_told_there_is_none(text: str, sqlstate: str) -> None:
    assert find_query(text, sqlstate, 'something about "o"') is None
