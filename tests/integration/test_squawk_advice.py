"""squawk's advice where PostgreSQL would refuse it: the hints are followed on a server."""

import sys
from pathlib import Path

import pytest

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.policy import squawk
from dbmate_wrap.policy.file_rules import check_contents
from tests.support.cases import migration_file
from tests.support.projects import migration
from tests.support.servers import Database

pytestmark = pytest.mark.integration

_SQUAWK = squawk.find_squawk(Path(sys.executable).parent, "")
PARTITIONED = "create table app.p (id bigint, d date not null) partition by range (d);"
INDEX = "create index p_d on app.p (d);"
FOREIGN_KEY = "alter table app.p add constraint f foreign key (id) references app.u (id);"


def judged(new: str, *before: str) -> list[Finding]:
    """What is said of the last of these migrations."""
    assert _SQUAWK is not None
    files = [migration_file(f"{n:03}_a.sql", migration(text)) for n, text in enumerate((*before, new), 1)]
    parsed = check_contents(files, "m").migrations
    found = squawk.hazards(_SQUAWK, parsed[-1:], folder="m", history=parsed)
    return [each for each in found if not each.rule.startswith("squawk/prefer-")]


@pytest.mark.parametrize(
    "new",
    [
        "alter table app.t add column v bigint generated always as (a * 2) virtual;",
        "alter table app.t add column v bigint generated always as (a * 2);",
        "alter table app.t add constraint c check (a > 0) not enforced;",
        "alter table app.t add constraint c foreign key (a) references app.u (id) not enforced;",
        "alter table app.t add column v bigint references app.u (id) not enforced;",
        "alter table app.t\n  -- é\n  add column ü bigint\n  generated always as (a * 2) virtual;",
    ],
)
def test_what_postgresql_18_neither_rewrites_nor_checks_is_no_hazard(new: str) -> None:
    assert judged(new) == []


@pytest.mark.parametrize(
    ("new", "rules"),
    [
        (
            "alter table app.t add column v bigint generated always as (a * 2) stored;",
            ["adding-field-with-default"],
        ),
        (
            "alter table app.t add column r float default random(),"
            " add column v bigint generated always as (a) virtual;",
            ["adding-field-with-default"],
        ),
        ("alter table app.t add constraint c check (a > 0);", ["constraint-missing-not-valid"]),
        ("alter table app.t add constraint c unique (a);", ["disallowed-unique-constraint"]),
        ("alter table app.t add constraint c primary key (a);", ["adding-serial-primary-key-field"]),
        (INDEX, ["require-concurrent-index-creation"]),
        ("drop index app.p_d;", ["require-concurrent-index-deletion"]),
    ],
)
def test_other_hazards_are_reported_with_squawks_own_advice(new: str, rules: list[str]) -> None:
    found = judged(new, "create table app.p (id bigint, d date);", INDEX)
    assert [each.rule.removeprefix("squawk/") for each in found] == rules
    assert all("see https://squawkhq.com" in (each.hint or "") for each in found)


@pytest.mark.parametrize(
    ("new", "rule", "hint"),
    [
        (
            INDEX,
            "require-concurrent-index-creation",
            "create the index ON ONLY the table, build one CONCURRENTLY",
        ),
        ("drop index app.p_d;", "require-concurrent-index-deletion", "cannot be dropped CONCURRENTLY"),
        (
            "alter table app.p add constraint c unique (d);",
            "disallowed-unique-constraint",
            "add it with ALTER TABLE ONLY",
        ),
        (FOREIGN_KEY, "adding-foreign-key-constraint", "add it to each partition"),
    ],
)
def test_a_partitioned_table_gets_advice_that_it_takes(new: str, rule: str, hint: str) -> None:
    [found] = judged(new, PARTITIONED, INDEX)
    assert found.rule == f"squawk/{rule}"
    assert hint in (found.hint or "")


@pytest.mark.parametrize(
    "new",
    ["create index p_d on only app.p (d);", "alter table only app.p add constraint c unique (d);"],
)
def test_only_the_partitioned_table_itself_has_no_rows_to_wait_for(new: str) -> None:
    assert judged(new, PARTITIONED) == []


def test_without_the_sql_parser_squawks_advice_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "postgast", None)
    [found] = judged(INDEX, PARTITIONED)
    assert "see https://squawkhq.com" in (found.hint or "")


@pytest.mark.both_majors
def test_the_advice_for_partitioned_tables_can_be_followed(database: Database) -> None:
    for statement in (
        "create schema app",
        PARTITIONED,
        "create table app.q partition of app.p for values from ('2026-01-01') to ('2027-01-01')",
        "create table app.u (id bigint primary key)",
        # require-concurrent-index-creation
        "create index p_d on only app.p (d)",
        "create index concurrently q_d on app.q (d)",
        "alter index app.p_d attach partition app.q_d",
        # disallowed-unique-constraint
        "alter table only app.p add constraint c unique (id, d)",
        "create unique index concurrently q_c on app.q (id, d)",
        "alter table app.q add constraint q_c unique using index q_c",
        "alter index app.c attach partition app.q_c",
        # adding-foreign-key-constraint
        "alter table app.q add constraint f foreign key (id) references app.u (id) not valid",
        "alter table app.q validate constraint f",
        FOREIGN_KEY,
    ):
        database.execute(statement)
    valid = "select bool_and(indisvalid) from pg_index where indrelid::regclass in ('app.p', 'app.q')"
    assert database.execute(valid) == [(True,)]
    taken_over = "select count(*) from pg_constraint where conname = 'f' and conparentid <> 0"
    assert database.execute(taken_over) == [(1,)]
